package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sqs.AmazonSQS;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.mockito.Mockito;

class TopologyTest {
  private static Aws aws;

  private final Queue queue = new Queue(Aws.unique("queue"), false);
  private final Topic topic = new Topic(Aws.unique("topic"), true);
  private final Subscription subscription = new Subscription(topic, "sub");
  private final Topology topology =
      Aws.topology(List.of(queue, topic), List.of(queue, subscription));

  @BeforeAll
  static void connect() {
    aws = Aws.connect();
  }

  @AfterAll
  static void close() {
    aws.close();
  }

  @Test
  void createMakesWhatIsMissingAndCanBeRepeated() {
    assertThat(aws.connection.prepare(topology, Mode.CREATE)).isEmpty();
    assertThat(aws.connection.prepare(topology, Mode.CREATE)).isEmpty();
    assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();

    Map<String, String> attributes = attributes(aws.url(subscription));
    assertThat(attributes)
        .containsEntry("FifoQueue", "true")
        .containsEntry("DeduplicationScope", "messageGroup")
        .containsEntry("FifoThroughputLimit", "perMessageGroupId")
        .containsEntry("VisibilityTimeout", "30")
        .containsEntry("MessageRetentionPeriod", "1209600");
    assertThat(attributes.get("Policy")).contains("sns.amazonaws.com", Names.topic(topic));
    assertThat(attributes(aws.url(subscription.deadLetterQueue())))
        .containsEntry("MessageRetentionPeriod", "1209600");
  }

  @Test
  void verifyNamesAllThatIsMissingAndMakesNothing() {
    List<String> problems = aws.connection.prepare(topology, Mode.VERIFY);

    assertThat(problems)
        .hasSize(5)
        .anySatisfy(p -> assertThat(p).contains(queue.toString(), Names.queue(queue)))
        .anySatisfy(p -> assertThat(p).contains(queue.deadLetterQueue().toString()))
        .anySatisfy(p -> assertThat(p).contains(topic.toString(), Names.topic(topic)))
        .anySatisfy(p -> assertThat(p).contains(subscription.toString()))
        .anySatisfy(p -> assertThat(p).contains(subscription.deadLetterQueue().toString()));
    assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEqualTo(problems);
  }

  @Test
  void verifyNamesAMissingSubscriptionAndAMissingPolicy() {
    Topology parts = Aws.topology(List.of(topic, new Queue(subscription.name(), true)), List.of());
    aws.connection.prepare(parts, Mode.CREATE);
    aws.prepare(List.of(subscription.deadLetterQueue()), List.of());

    assertThat(
            aws.connection.prepare(
                Aws.topology(List.of(topic), List.of(subscription)), Mode.VERIFY))
        .hasSize(2)
        .anySatisfy(p -> assertThat(p).contains("policy"))
        .anySatisfy(p -> assertThat(p).contains("not subscribed"));
  }

  @Test
  void aSubscriptionWithoutRawDeliveryIsNamedAndLeftAsItIs() {
    aws.connection.prepare(topology, Mode.CREATE);
    aws.sns().setSubscriptionAttributes(subscriptionArn(), "RawMessageDelivery", "false");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains("RawMessageDelivery", subscription.toString());
    }
  }

  @Test
  void aStandardQueueHasTheNativeRedriveFarBehindOurDeadLetters() {
    aws.connection.prepare(topology, Mode.CREATE);

    assertThat(attributes(aws.url(queue)).get("RedrivePolicy"))
        .contains("\"maxReceiveCount\":\"1000\"", Names.queue(queue.deadLetterQueue()));
    assertThat(attributes(aws.url(subscription))).doesNotContainKey("RedrivePolicy");
    assertThat(attributes(aws.url(queue.deadLetterQueue()))).doesNotContainKey("RedrivePolicy");
  }

  @Test
  void aNativeRedriveThatWouldTakeWhatWasOnlyGivenBackIsNamed() {
    aws.connection.prepare(topology, Mode.CREATE);
    redrive(queue, queue.deadLetterQueue(), 3);

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains("RedrivePolicy", "after 3 receives", queue.toString());
    }
  }

  @Test
  void anyNativeRedriveOfAKeyedSourceIsNamedAsItBreaksTheOrder() {
    aws.connection.prepare(topology, Mode.CREATE);
    redrive(subscription, aws.queue(true), 500);

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains("RedrivePolicy", "after 500 receives", subscription.toString(), "remove it");
    }
  }

  @Test
  void retentionsTooShortForARetryAndForDeadLettersAreNamedTogether() {
    aws.connection.prepare(topology, Mode.CREATE);
    set(queue, "MessageRetentionPeriod", "43199");
    set(subscription, "MessageRetentionPeriod", "3600");
    set(queue.deadLetterQueue(), "MessageRetentionPeriod", "345600");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .hasSize(3)
          .anySatisfy(
              p ->
                  assertThat(p)
                      .contains(queue + " has MessageRetentionPeriod=43199 instead of 1209600"))
          .anySatisfy(
              p ->
                  assertThat(p)
                      .contains(
                          subscription + " has MessageRetentionPeriod=3600", "Set it to 1209600."))
          .anySatisfy(
              p ->
                  assertThat(p)
                      .contains(
                          queue.deadLetterQueue() + " has MessageRetentionPeriod=345600",
                          "deletes dead letters"));
    }
    assertThat(attributes(aws.url(queue))).containsEntry("MessageRetentionPeriod", "43199");
  }

  @Test
  void aRetentionThatIsLongEnoughForARetryIsItsOwnersMatterAndOnlyLogged() {
    aws.connection.prepare(topology, Mode.CREATE);
    set(queue, "MessageRetentionPeriod", "43200");

    try (LogCapture log = LogCapture.of(StandingQueues.class)) {
      assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();

      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains("MessageRetentionPeriod=43200", queue.toString(), "1209600");
    }
  }

  @Test
  void whoOnlySendsIsNotToldHowLongAQueueKeepsItsMessages() {
    aws.prepare(List.of(queue), List.of());
    set(queue, "MessageRetentionPeriod", "60");
    set(queue, "MaximumMessageSize", "1024");

    assertThat(aws.connection.prepare(Aws.topology(List.of(queue), List.of()), Mode.VERIFY))
        .isEmpty();
  }

  @Test
  void sizesThatLoseCopiesOrKeepMessagesFromBecomingDeadLettersAreNamed() {
    aws.connection.prepare(topology, Mode.CREATE);
    set(subscription, "MaximumMessageSize", "262143");
    set(queue.deadLetterQueue(), "MaximumMessageSize", "1024");
    set(subscription.deadLetterQueue(), "MaximumMessageSize", "262144");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .hasSize(2)
          .anySatisfy(
              p ->
                  assertThat(p)
                      .contains(
                          subscription + " has MaximumMessageSize=262143 instead of 262144",
                          "SNS would drop"))
          .anySatisfy(
              p ->
                  assertThat(p).contains(queue.deadLetterQueue() + " has MaximumMessageSize=1024"));
    }
  }

  @Test
  void aNativeRedriveOfDeadLettersIsNamedAsLookingAtThemCounts() {
    aws.connection.prepare(topology, Mode.CREATE);
    redrive(queue.deadLetterQueue(), aws.queue(false), 1_000);

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains(queue.deadLetterQueue().toString(), "after 1000 receives", "remove it");
    }
  }

  @Test
  void aNativeRedriveToAnotherQueueIsItsOwnersMatterAndOnlyLogged() {
    aws.connection.prepare(topology, Mode.CREATE);
    Queue others = aws.queue(false);
    redrive(queue, others, 1_000);

    try (LogCapture log = LogCapture.of(Redrive.class)) {
      assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();

      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains(queue.toString(), Names.queue(others), Names.queue(queue.deadLetterQueue()));
    }
  }

  @Test
  void aKeyedQueueOfOthersIsTakenWithItsLowThroughputAndItsOwnDeduplication() {
    aws.sqs()
        .createQueue(
            new com.amazonaws.services.sqs.model.CreateQueueRequest(Names.queue(subscription))
                .withAttributes(
                    Map.of(
                        "FifoQueue",
                        "true",
                        "ContentBasedDeduplication",
                        "true",
                        "MessageRetentionPeriod",
                        "1209600")));
    aws.connection.prepare(topology, Mode.CREATE);

    try (LogCapture log = LogCapture.of(StandingQueues.class)) {
      assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();

      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains(
              subscription.toString(),
              "DeduplicationScope=queue",
              "FifoThroughputLimit=perQueue",
              "DeduplicationScope=messageGroup",
              "FifoThroughputLimit=perMessageGroupId");
    }
  }

  @Test
  void whatOnlyCostsCallsOrIsAskedForByEachCallIsNoDifference() {
    aws.connection.prepare(topology, Mode.CREATE);
    set(queue, "VisibilityTimeout", "0");
    set(queue, "ReceiveMessageWaitTimeSeconds", "7");
    set(subscription, "ContentBasedDeduplication", "true");

    try (LogCapture log = LogCapture.of(StandingQueues.class)) {
      assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();
      assertThat(log.lines()).isEmpty();
    }
  }

  @Test
  void rawDeliveryOfWhatIsToBeUnwrappedIsOnlyLogged() {
    aws.connection.prepare(topology, Mode.CREATE);

    try (Aws unwrapping =
            Aws.connect(
                Aws.emulator(TestBrokers.aws().uri()).unwrapping(subscription.name()).build());
        LogCapture log = LogCapture.of(Subscriptions.class)) {
      assertThat(unwrapping.connection.prepare(topology, Mode.VERIFY)).isEmpty();

      assertThat(log.lines())
          .singleElement()
          .asString()
          .contains(subscription.toString(), "RawMessageDelivery on", "unwrapping");
    }
  }

  @Test
  void aRedrivePolicyOfTheSubscriptionItselfIsItsOwnersMatter() {
    aws.connection.prepare(topology, Mode.CREATE);
    String arn = attributes(aws.url(aws.queue(true))).get("QueueArn");
    aws.sns()
        .setSubscriptionAttributes(
            subscriptionArn(), "RedrivePolicy", "{\"deadLetterTargetArn\":\"" + arn + "\"}");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode)).isEmpty();
    }
  }

  @Test
  void theQueueOfASubscriptionIsMadeWithItsPolicyAsOneThatIsSetTakesTime() throws IOException {
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri());
        Aws other = Aws.connect(gateway.uri())) {
      assertThat(other.connection.prepare(topology, Mode.CREATE)).isEmpty();

      assertThat(gateway.calls("SetQueueAttributes")).isZero();
    }
    assertThat(attributes(aws.url(subscription)).get("Policy"))
        .contains(attributes(aws.url(subscription)).get("QueueArn"), arn(topic));
    assertThat(aws.connection.prepare(topology, Mode.VERIFY)).isEmpty();
  }

  @Test
  void aDenialInThePolicyOfASubscriptionIsNamed() {
    aws.connection.prepare(topology, Mode.CREATE);
    String policy = attributes(aws.url(subscription)).get("Policy");
    aws.sqs()
        .setQueueAttributes(
            aws.url(subscription),
            Map.of(
                "Policy",
                policy.replace(
                    "\"Statement\":[",
                    "\"Statement\":[{\"Sid\":\"ours\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sqs:*\",\"Resource\":\"*\",\"Condition\":{\"StringNotEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}},")));

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains("Deny, ours", subscription.toString());
    }
  }

  @Test
  void encryptionThatSnsCantUseIsNamed() {
    aws.connection.prepare(topology, Mode.CREATE);
    aws.sqs().setQueueAttributes(aws.url(subscription), Map.of("KmsMasterKeyId", "alias/aws/sqs"));

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(aws.connection.prepare(topology, mode))
          .singleElement()
          .asString()
          .contains("alias/aws/sqs", subscription.toString(), "SqsManagedSseEnabled");
    }
  }

  @Test
  void aQueueThatWasMadeAMomentAgoMayBeUnknownForAMoment() throws IOException {
    try (StubAws stub =
            new StubAws()
                .always("GetQueueUrl", 400, "QueueDoesNotExist")
                .then("GetQueueAttributes", 400, "QueueDoesNotExist");
        Aws other = Aws.connect(stub.uri())) {
      Topology one = Aws.topology(List.of(queue), List.of(queue));
      stub.then("CreateQueue", 200, "").then("CreateQueue", 400, "InvalidParameterValue");

      assertThat(other.connection.prepare(one, Mode.CREATE)).isEmpty();

      assertThat(stub.calls("GetQueueAttributes")).isEqualTo(2);
      assertThat(stub.calls("CreateQueue")).isEqualTo(3);
    }
  }

  @Test
  void aQueueThatOthersHaveMadeMeanwhileIsOneThatStands() throws IOException {
    try (StubAws stub = new StubAws();
        Aws other = Aws.connect(stub.uri())) {
      for (int i = 0; i < 2; i++) { // the dead-letter queue and the queue
        stub.then("GetQueueUrl", 400, "QueueDoesNotExist");
      }
      stub.then("CreateQueue", 200, "").then("CreateQueue", 400, "QueueNameExists");

      assertThat(
              other.connection.prepare(Aws.topology(List.of(queue), List.of(queue)), Mode.CREATE))
          .isEmpty();

      assertThat(stub.calls("CreateQueue")).isEqualTo(2);
    }
  }

  @Test
  void whoReceivesFromAQueueThatASenderHasMadeStartsAndIsToldThatItHasNoNativeRedrive() {
    try (Aws sender = Aws.connect();
        LogCapture log = LogCapture.of(Redrive.class)) {
      sender.prepare(List.of(queue), List.of());

      aws.prepare(List.of(queue), List.of(queue));

      assertThat(log.lines())
          .anySatisfy(line -> assertThat(line).contains("no RedrivePolicy", queue.toString()));
    }
  }

  @Test
  void theNativeRedriveIsWrittenAlikeByEachProcess() {
    aws.connection.prepare(topology, Mode.CREATE);

    String arn = attributes(aws.url(queue.deadLetterQueue())).get("QueueArn");
    assertThat(attributes(aws.url(queue)).get("RedrivePolicy"))
        .isEqualTo("{\"deadLetterTargetArn\":\"%s\",\"maxReceiveCount\":\"1000\"}".formatted(arn));
  }

  @Test
  void aStartThatMakesQueuesLastsUntilTheyMayBeUsed() {
    try (ScriptedAws scripted = ScriptedAws.asOnAws()) {
      Mockito.when(scripted.topology.createQueue(Mockito.anyString(), Mockito.anyMap()))
          .thenReturn(CompletableFuture.completedFuture("http://127.0.0.1/q"));
      Topology replies =
          new Topology(List.of(), List.of(), List.of(), new ReplyQueue("billing", "1"));
      long start = System.nanoTime();

      scripted.connection.prepare(replies, Mode.ASSUME);

      assertThat(Duration.ofNanos(System.nanoTime() - start))
          .isGreaterThanOrEqualTo(Duration.ofSeconds(1));
    }
  }

  @Test
  void assumeMakesNoCallAtAll() {
    AmazonSQS sqs = Mockito.mock(AmazonSQS.class);
    AmazonSNS sns = Mockito.mock(AmazonSNS.class);
    Mockito.when(
            sqs.getQueueUrl(Mockito.any(com.amazonaws.services.sqs.model.GetQueueUrlRequest.class)))
        .thenReturn(
            new com.amazonaws.services.sqs.model.GetQueueUrlResult()
                .withQueueUrl("http://127.0.0.1/1/q"));
    try (var connection = AwsTransport.builder().sqs(sqs).sns(sns).build().connect(Aws.DEADLINE)) {
      Mockito.clearInvocations(sqs, sns);

      assertThat(connection.prepare(topology, Mode.ASSUME)).isEmpty();

      Mockito.verifyNoInteractions(sqs, sns);
    }
    Mockito.verify(sqs, Mockito.never()).shutdown();
  }

  @Test
  void assumedQueuesAndTopicsAreFoundAtTheirFirstUse() {
    aws.connection.prepare(topology, Mode.CREATE);
    try (Aws other = Aws.connect()) {
      other.connection.prepare(topology, Mode.ASSUME);
      Collector fromQueue = Collector.accepting();
      Collector fromTopic = Collector.accepting();
      other.receive(queue, 1, fromQueue);
      other.receive(subscription, 1, fromTopic);

      other.sendAndWait(queue, Aws.message("1"));
      other.sendAndWait(topic, Aws.message("2", "k"));

      assertThat(Collector.text(fromQueue.next())).isEqualTo("1");
      assertThat(Collector.text(fromTopic.next())).isEqualTo("2");
    }
  }

  @Test
  void withAnAccountTheArnOfATopicIsPutTogether() {
    aws.connection.prepare(topology, Mode.CREATE);
    String account = arn(topic).split(":", -1)[4];

    for (AwsSdk sdk : AwsSdk.values()) {
      AwsTransport.Builder builder =
          Aws.emulator(TestBrokers.aws().uri()).sdk(sdk).account(account);
      try (Aws other = Aws.connect(builder.build())) {
        other.connection.prepare(topology, Mode.ASSUME);
        other.sendAndWait(topic, Aws.message("2", "k"));
      }
    }
    assertThat(aws.count(subscription)).isEqualTo(2);
  }

  private static String arn(Topic topic) {
    return aws.sns()
        .createTopic(
            new com.amazonaws.services.sns.model.CreateTopicRequest(Names.topic(topic))
                .withAttributes(topic.keyed() ? Map.of("FifoTopic", "true") : Map.of()))
        .getTopicArn();
  }

  private String subscriptionArn() {
    return aws.sns()
        .listSubscriptionsByTopic(arn(topic))
        .getSubscriptions()
        .get(0)
        .getSubscriptionArn();
  }

  private static void set(Source source, String name, String value) {
    aws.sqs().setQueueAttributes(aws.url(source), Map.of(name, value));
  }

  private static void redrive(Source from, Source to, int receives) {
    set(
        from,
        "RedrivePolicy",
        "{\"maxReceiveCount\":%d,\"deadLetterTargetArn\":\"%s\"}"
            .formatted(receives, attributes(aws.url(to)).get("QueueArn")));
  }

  private static Map<String, String> attributes(String url) {
    return aws.sqs().getQueueAttributes(url, List.of("All")).getAttributes();
  }
}
