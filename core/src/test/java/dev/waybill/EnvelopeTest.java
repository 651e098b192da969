package dev.waybill;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatNullPointerException;

import dev.waybill.routing.MessageKind;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class EnvelopeTest {
  record Payload(String secret) {}

  private final Payload payload = new Payload("4111");
  private final Metadata metadata = Metadata.withId("m-1");

  @Test
  void the_kind_is_the_java_type() {
    assertThat(envelopes())
        .extracting(Envelope::kind)
        .containsExactly(MessageKind.COMMAND, MessageKind.EVENT, MessageKind.DOCUMENT);
  }

  @Test
  void an_envelope_holds_payload_and_metadata() {
    for (Envelope<Payload> envelope : envelopes()) {
      assertThat(envelope.payload()).isSameAs(payload);
      assertThat(envelope.metadata()).isSameAs(metadata);
    }
  }

  @Test
  void a_change_of_metadata_makes_another_envelope_of_the_same_kind() {
    for (Envelope<Payload> envelope : envelopes()) {
      Envelope<Payload> changed = envelope.with(m -> m.withKey("k"));

      assertThat(changed.getClass()).isEqualTo(envelope.getClass());
      assertThat(changed.metadata()).isEqualTo(metadata.withKey("k"));
      assertThat(changed.payload()).isSameAs(payload);
      assertThat(envelope.metadata().key()).isNull();
    }
  }

  @Test
  void envelopes_are_equal_if_kind_payload_and_metadata_are() {
    List<Envelope<Payload>> ones = envelopes();
    List<Envelope<Payload>> others = envelopes();
    for (int i = 0; i < ones.size(); i++) {
      assertThat(ones.get(i)).isEqualTo(others.get(i)).hasSameHashCodeAs(others.get(i));
      assertThat(ones.get(i)).isNotEqualTo(others.get((i + 1) % others.size()));
      assertThat(ones.get(i)).isNotEqualTo(others.get(i).with(m -> m.withKey("k")));
    }
    assertThat(Command.of(payload, metadata)).isNotEqualTo(Command.of(new Payload("x"), metadata));
  }

  @Test
  void an_envelope_in_words_never_shows_its_payload() {
    assertThat(envelopes())
        .extracting(Object::toString)
        .containsExactly("Command[Payload m-1]", "Event[Payload m-1]", "Document[Payload m-1]");
  }

  @Test
  void each_fresh_envelope_has_an_id_of_its_own() {
    assertThat(Command.of(payload).metadata().id())
        .isNotEqualTo(Command.of(payload).metadata().id());
    assertThat(Event.of(payload).metadata().id()).isNotEqualTo(Event.of(payload).metadata().id());
    assertThat(Document.of(payload).metadata().id())
        .isNotEqualTo(Document.of(payload).metadata().id());
  }

  @Test
  void metadata_that_is_made_on_demand_is_made_when_it_is_asked_for() {
    AtomicInteger asked = new AtomicInteger();
    Supplier<Metadata> onDemand =
        () -> {
          asked.incrementAndGet();
          return metadata;
        };
    List<Envelope<Payload>> made =
        List.of(
            Command.of(payload, onDemand),
            Event.of(payload, onDemand),
            Document.of(payload, onDemand));

    assertThat(made).extracting(Envelope::payload).containsOnly(payload);
    assertThat(asked).hasValue(0);
    assertThat(made).extracting(Envelope::metadata).containsOnly(metadata);
    assertThat(asked).hasValue(3);
    assertThat(made).isEqualTo(envelopes());
  }

  @Test
  void nothing_is_no_payload() {
    assertThatNullPointerException().isThrownBy(() -> Command.of(null)).withMessage("payload");
    assertThatNullPointerException().isThrownBy(() -> Event.of(null)).withMessage("payload");
    assertThatNullPointerException().isThrownBy(() -> Document.of(null)).withMessage("payload");
    assertThatNullPointerException()
        .isThrownBy(() -> Document.of(payload, (Metadata) null))
        .withMessage("metadata");
  }

  private List<Envelope<Payload>> envelopes() {
    return List.of(
        Command.of(payload, metadata), Event.of(payload, metadata), Document.of(payload, metadata));
  }

  @Test
  void metadata_that_is_supplied_is_asked_for_once() {
    for (Envelope<?> envelope :
        List.of(
            Command.of(payload, Metadata::create),
            Event.of(payload, Metadata::create),
            Document.of(payload, Metadata::create))) {
      assertThat(envelope.metadata()).isSameAs(envelope.metadata());
    }
  }
}
