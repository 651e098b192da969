package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.aws.AwsGateway.Call;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every call that a bus makes is in its policy, and every right in the policy is used. */
class IamPolicyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Queue queue = new Queue(Aws.unique("queue"), false);
  private final Queue keyed = new Queue(Aws.unique("queue"), true);
  private final Topic topic = new Topic(Aws.unique("topic"), true);
  private final Subscription subscription = new Subscription(topic, "sub");
  private final ReplyQueue replies =
      new ReplyQueue("billing", UUID.randomUUID().toString().substring(0, 12));
  private final Topology topology =
      new Topology(
          List.of(queue, keyed, topic),
          List.of(queue, subscription),
          List.of(queue.deadLetterQueue(), subscription.deadLetterQueue()),
          replies);

  @ParameterizedTest
  @EnumSource(Mode.class)
  void whatABusDoesInAModeIsAllowedAndWhatItDoesNotIsNot(Mode mode) throws IOException {
    try (Aws deployer = Aws.connect()) {
      Topology all =
          new Topology(topology.channels(), topology.sources(), topology.deadLetterQueues(), null);
      if (mode != Mode.CREATE) {
        deployer.connection.prepare(all, Mode.CREATE);
      } else {
        Queue withoutPolicy = new Queue(subscription.name(), true);
        deployer.connection.prepare(
            new Topology(List.of(keyed, withoutPolicy), List.of(), List.of()), Mode.CREATE);
      }
    }
    try (AwsGateway gateway = new AwsGateway(TestBrokers.aws().uri())) {
      try (Aws aws = Aws.connect(gateway.uri())) {
        gateway.forget(); // the probe of a connection takes a refusal for an answer
        assertThat(aws.connection.prepare(topology, mode)).isEmpty();
        if (mode == Mode.CREATE) { // which looks at what it finds the next time
          assertThat(aws.connection.prepare(topology, mode)).isEmpty();
        }
        useAll(aws);
      }
      JsonNode statements = statements(mode);

      assertThat(gateway.recorded())
          .isNotEmpty()
          .allSatisfy(call -> assertThat(isAllowed(statements, call)).as("%s", call).isTrue());
      assertThat(unused(statements, gateway.recorded())).isEmpty();
    }
  }

  private void useAll(Aws aws) {
    Collector collector = new Collector();
    aws.receive(queue, 5, collector);
    Collector events = Collector.accepting();
    aws.receive(subscription, 5, events);
    Collector letters = Collector.accepting();
    aws.receive(queue.deadLetterQueue(), 5, letters);
    aws.receive(subscription.deadLetterQueue(), 5, letters);
    Collector answers = Collector.accepting();
    aws.receive(replies, 5, answers);
    aws.sendAndWait(queue, Aws.message("1"));
    aws.sendAndWait(keyed, Aws.message("2", "k"));
    aws.sendAndWait(topic, Aws.message("3", "k"));
    aws.sendAndWait(replies, Aws.message("4"));
    ReplyQueue others = new ReplyQueue("other", replies.instance());
    try (Aws other = Aws.connect()) {
      other.connection.prepare(new Topology(List.of(), List.of(), List.of(), others), Mode.ASSUME);
      aws.sendAndWait(others, Aws.message("5"));
    }
    events.next();
    answers.next();
    Aws.settle(collector.next(), new Settlement.Release(Duration.ZERO, 1));
    Aws.settle(collector.next(), new Settlement.Reject("no", Map.of()));
    letters.next();
    aws.connection // as a replay of a dead letter does
        .sender()
        .sendTo(subscription, Aws.message("6", "k"), Aws.DEADLINE)
        .orTimeout(20, TimeUnit.SECONDS)
        .join();
    events.next();
  }

  @Test
  void theArnsAreOfTheRegionAndTheAccountAndTheirPartition() {
    AwsTransport transport =
        AwsTransport.builder().region("cn-north-1").account("123456789012").build();

    String policy = transport.iamPolicy(topology, Mode.ASSUME);

    assertThat(policy)
        .contains("arn:aws-cn:sqs:cn-north-1:123456789012:" + Names.queue(queue))
        .contains("arn:aws-cn:sns:cn-north-1:123456789012:" + Names.topic(topic))
        .contains(":replies_-billing_-*\"")
        .doesNotContain("sns:ListTopics", "sqs:SetQueueAttributes", "sns:Subscribe");
  }

  private JsonNode statements(Mode mode) throws IOException {
    return JSON.readTree(Aws.emulator(TestBrokers.aws().uri()).build().iamPolicy(topology, mode))
        .path("Statement");
  }

  private static boolean isAllowed(JsonNode statements, Call call) {
    for (JsonNode statement : statements) {
      if (allows(statement, call)) {
        return true;
      }
    }
    return false;
  }

  private static boolean allows(JsonNode statement, Call call) {
    boolean action = false;
    for (JsonNode one : statement.path("Action")) {
      action = action || one.asText().equals(call.action());
    }
    boolean resource = false;
    for (JsonNode one : statement.path("Resource")) {
      String arn = one.asText();
      String name = arn.substring(arn.lastIndexOf(':') + 1);
      resource =
          resource
              || name.equals(call.resource())
              || (name.endsWith("*")
                  && call.resource().startsWith(name.substring(0, name.length() - 1)));
    }
    return action && resource;
  }

  /** Rights that no call has used: as action and statement. */
  private static Set<String> unused(JsonNode statements, List<Call> calls) {
    Set<String> unused = new TreeSet<>();
    for (JsonNode statement : statements) {
      for (JsonNode action : statement.path("Action")) {
        boolean used =
            calls.stream()
                .anyMatch(call -> call.action().equals(action.asText()) && allows(statement, call));
        if (!used) {
          unused.add(action.asText() + " of " + statement.path("Sid").asText());
        }
      }
    }
    return unused;
  }
}
