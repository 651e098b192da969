package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sqs.model.ListQueuesRequest;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class ReplyQueueTest {
  private static Aws replier;

  private final ReplyQueue replies = instanceOf(Aws.unique("billing"));

  @BeforeAll
  static void connect() {
    replier = Aws.connect();
  }

  @AfterAll
  static void close() {
    replier.close();
  }

  @ParameterizedTest
  @EnumSource(Mode.class)
  void aReplyQueueIsMadeInEveryModeAndDeletedAtClose(Mode mode) {
    try (Aws requester = Aws.connect()) {
      assertThat(requester.connection.prepare(topology(replies), mode)).isEmpty();
      assertThat(
              replier
                  .sqs()
                  .getQueueAttributes(replier.url(replies), List.of("All"))
                  .getAttributes())
          .containsEntry("MessageRetentionPeriod", "3600");
      Collector collector = Collector.accepting();
      requester.receive(replies, 5, collector);

      replier.sendAndWait(ReplyQueue.at(replies.name()).orElseThrow(), Aws.message("42"));

      assertThat(Collector.text(collector.next())).isEqualTo("42");
    }
    // a close does not wait for ever for the answer
    await().atMost(Duration.ofSeconds(60)).until(() -> queuesOf(replies).isEmpty());
  }

  @Test
  void whatIsSentBeforeTheFirstReceiveArrives() {
    try (Aws requester = Aws.connect()) {
      requester.connection.prepare(topology(replies), Mode.ASSUME);
      replier.sendAndWait(replies, Aws.message("early"));
      Collector collector = Collector.accepting();

      requester.receive(replies, 5, collector);

      assertThat(Collector.text(collector.next())).isEqualTo("early");
    }
  }

  @Test
  void eachInstanceOfARequesterGetsItsOwnReplies() {
    ReplyQueue others = instanceOf(replies.requester());
    try (Aws one = Aws.connect();
        Aws two = Aws.connect()) {
      one.connection.prepare(topology(replies), Mode.ASSUME);
      two.connection.prepare(topology(others), Mode.ASSUME);
      Collector ofOne = Collector.accepting();
      Collector ofTwo = Collector.accepting();
      one.receive(replies, 5, ofOne);
      two.receive(others, 5, ofTwo);
      replier.sendAndWait(replies, Aws.message("1"));
      replier.sendAndWait(others, Aws.message("2"));

      assertThat(Collector.text(ofOne.next())).isEqualTo("1");
      assertThat(Collector.text(ofTwo.next())).isEqualTo("2");
      await().until(() -> replier.count(replies) + replier.count(others) == 0);
      assertThat(ofOne.deliveries).isEmpty();
      assertThat(ofTwo.deliveries).isEmpty();
    }
  }

  @Test
  void aReplyToAnInstanceThatIsGoneIsRejectedAsNotFound() {
    ReplyQueue never = instanceOf(replies.requester());
    try (Aws requester = Aws.connect()) {
      requester.connection.prepare(topology(replies), Mode.ASSUME);
      replier.sendAndWait(replies, Aws.message("its URL is known from now on"));
    }

    for (ReplyQueue gone : List.of(replies, replies, never)) {
      SendException e = SendingTest.failure(replier.send(gone, Aws.message("late")));
      assertThat(e.code()).isEqualTo(ErrorCode.NOT_FOUND);
      assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(e).hasMessageContaining(gone.toString());
    }
  }

  @Test
  void aReplyQueueThatSomebodyElseDeletedIsNoTroubleAtClose() {
    try (Aws requester = Aws.connect()) {
      requester.connection.prepare(topology(replies), Mode.ASSUME);
      replier.sqs().deleteQueue(replier.url(replies));
    }
    assertThat(queuesOf(replies)).isEmpty();
  }

  @Test
  void withProblemsInTheTopologyNoReplyQueueIsMade() {
    Queue missing = new Queue(Aws.unique("missing"), false);
    try (Aws requester = Aws.connect()) {
      Topology topology = new Topology(List.of(missing), List.of(), List.of(), replies);

      assertThat(requester.connection.prepare(topology, Mode.VERIFY)).hasSize(1);

      assertThat(queuesOf(replies)).isEmpty();
    }
  }

  @Test
  void aRightThatIsMissingIsNamed() throws IOException {
    try (StubAws stub = new StubAws().then("CreateQueue", 403, "AccessDeniedException");
        Aws requester = Aws.connect(stub.uri())) {
      MessagingException e =
          catchThrowableOfType(
              MessagingException.class,
              () -> requester.connection.prepare(topology(replies), Mode.ASSUME));

      assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHORISED);
      assertThat(e)
          .hasMessageContaining("sqs:CreateQueue")
          .hasMessageContaining(Names.queue(replies));
    }
  }

  @ParameterizedTest
  @EnumSource(AwsSdk.class)
  void aReplyQueueThatSqsDoesNotKnowYetIsNotLookedUpForWhichThereIsNoRight(AwsSdk sdk)
      throws IOException {
    try (StubAws stub = new StubAws();
        Aws requester = Aws.connect(stub.uri(), sdk)) {
      requester.connection.prepare(topology(replies), Mode.ASSUME);
      stub.always("GetQueueUrl", 403, "AccessDeniedException")
          .then("ReceiveMessage", 400, "QueueDoesNotExist")
          .thenReceived("reply");
      Collector collector = Collector.accepting();

      requester.receive(replies, 5, collector);

      assertThat(Collector.text(collector.next(Duration.ofSeconds(60)))).isEqualTo("reply");
    }
  }

  @Test
  void theNameOfAReplyQueueIsToldAndCheckedBeforeTheStart() {
    ReplyQueue tooLong = instanceOf("x".repeat(80));

    assertThat(replier.transport.nativeNames(topology(replies)))
        .containsEntry(replies.name(), Names.queue(replies));
    assertThat(Names.queue(replies)).startsWith("replies_-billing_-");
    assertThat(replier.transport.check(topology(replies))).isEmpty();
    assertThat(replier.transport.check(topology(tooLong)))
        .singleElement()
        .asString()
        .contains(tooLong.toString(), "80");
  }

  private static ReplyQueue instanceOf(String requester) {
    return new ReplyQueue(requester, UUID.randomUUID().toString().substring(0, 12));
  }

  private static Topology topology(ReplyQueue replies) {
    return new Topology(List.of(), List.of(), List.of(), replies);
  }

  private static List<String> queuesOf(ReplyQueue replies) {
    return replier
        .sqs()
        .listQueues(new ListQueuesRequest().withQueueNamePrefix(Names.queue(replies)))
        .getQueueUrls();
  }
}
