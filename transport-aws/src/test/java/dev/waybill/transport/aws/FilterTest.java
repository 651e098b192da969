package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import com.amazonaws.services.sns.model.MessageAttributeValue;
import com.amazonaws.services.sns.model.PublishRequest;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** What SNS keeps back from a subscription. */
class FilterTest {
  private static Aws filtering;
  private static Aws plain;

  private final Topic topic = new Topic(Aws.unique("topic"), false);
  private final Subscription subscription = new Subscription(topic, "sub");

  @BeforeAll
  static void connect() {
    filtering = Aws.connect(Aws.emulator(TestBrokers.aws().uri()).filterIgnored().build());
    plain = Aws.connect();
  }

  @AfterAll
  static void close() {
    filtering.close();
    plain.close();
  }

  private Topology ignoring(String... types) {
    return new Topology(
        List.of(topic),
        List.of(subscription),
        List.of(subscription.deadLetterQueue()),
        null,
        types.length == 0 ? Map.of() : Map.of(subscription, Set.of(types)));
  }

  private static WireMessage typed(String type) {
    return new WireMessage(
        type.getBytes(StandardCharsets.UTF_8), null, Map.of("type", type), Map.of(), null, null);
  }

  @Test
  void whatIsIgnoredStaysAwayAndWhatNobodyKnowsStillComes() {
    assertThat(filtering.connection.prepare(ignoring("a.v1", "b.v1"), Mode.CREATE)).isEmpty();
    Collector collector = Collector.accepting();
    filtering.receive(subscription, 10, collector);

    for (String type : List.of("a.v1", "handled.v1", "b.v1", "unknown.v1")) {
      filtering.sendAndWait(topic, typed(type));
    }
    filtering
        .sns()
        .publish(
            new PublishRequest(arn(), "foreign")
                .withMessageAttributes(
                    Map.of(
                        "color",
                        new MessageAttributeValue()
                            .withDataType("String")
                            .withStringValue("red"))));

    assertThat(collector.next(3).stream().map(Collector::text))
        .containsExactlyInAnyOrder("handled.v1", "unknown.v1", "foreign");
    assertThat(filtering.connection.prepare(ignoring("a.v1", "b.v1"), Mode.VERIFY)).isEmpty();
  }

  @Test
  void aFilterThatKeepsOutWhatIsHandledIsNamedAndLeftAsItIs() {
    filtering.connection.prepare(ignoring("a.v1", "b.v1"), Mode.CREATE);

    for (Aws aws : List.of(filtering, plain)) {
      for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
        assertThat(aws.connection.prepare(ignoring("b.v1"), mode))
            .singleElement()
            .asString()
            .contains("filter policy", "a.v1", subscription.toString(), "15 minutes");
        assertThat(aws.connection.prepare(ignoring("a.v1", "b.v1", "c.v1"), mode)).isEmpty();
      }
    }
  }

  @Test
  void aFilterOnBodiesIsNamedWithItsScopeAndAnEmptyOneKeepsOutNothing() {
    filtering.connection.prepare(ignoring("a.v1"), Mode.CREATE);
    set("FilterPolicyScope", "MessageBody");

    for (Mode mode : List.of(Mode.CREATE, Mode.VERIFY)) {
      assertThat(filtering.connection.prepare(ignoring("a.v1"), mode))
          .singleElement()
          .asString()
          .contains(
              "FilterPolicyScope=MessageBody",
              subscription.toString(),
              "set it to " + FilterPolicy.of(Set.of("a.v1")),
              "FilterPolicyScope to MessageAttributes");
    }
    set("FilterPolicy", "{}");
    assertThat(plain.connection.prepare(ignoring("a.v1"), Mode.VERIFY)).isEmpty();
  }

  @Test
  void withoutBeingAskedForNothingIsFiltered() {
    plain.connection.prepare(ignoring("a.v1"), Mode.CREATE);
    Collector collector = Collector.accepting();
    plain.receive(subscription, 10, collector);

    plain.sendAndWait(topic, typed("a.v1"));

    assertThat(Collector.text(collector.next())).isEqualTo("a.v1");
  }

  @Test
  void aFilterOfAnotherFormIsNamed() {
    for (String policy :
        List.of(
            "{\"ce_type\":[\"a.v1\"]}",
            "{\"ce_type\":[{\"anything-but\":[\"a.v1\"]}]}",
            "{\"color\":[\"red\"]}",
            "{\"ce_type\":[{\"anything-but\":{\"prefix\":\"orders.\"}},{\"exists\":false}]}",
            "{\"ce_type\":[{\"anything-but\":[\"a.v1\",7]},{\"exists\":false}]}")) {
      assertThat(FilterPolicy.keepsOutNothingElse(policy, Set.of("a.v1"))).isFalse();
    }
    assertThat(FilterPolicy.keepsOutNothingElse(null, Set.of())).isTrue();
    assertThat(FilterPolicy.keepsOutNothingElse("{}", Set.of())).isTrue();
    String ours = FilterPolicy.of(Set.of("a.v1", "b.v1"));
    assertThat(FilterPolicy.keepsOutNothingElse(ours, Set.of("a.v1", "b.v1", "c"))).isTrue();
    assertThat(FilterPolicy.keepsOutNothingElse(ours, Set.of("a.v1"))).isFalse();
    assertThat(FilterPolicy.keepsOut(ours, Set.of("a.v1", "c"))).isFalse();
  }

  private void set(String name, String value) {
    String own =
        filtering
            .sns()
            .listSubscriptionsByTopic(arn())
            .getSubscriptions()
            .get(0)
            .getSubscriptionArn();
    filtering.sns().setSubscriptionAttributes(own, name, value);
  }

  private String arn() {
    return filtering.sns().createTopic(Names.topic(topic)).getTopicArn();
  }
}
