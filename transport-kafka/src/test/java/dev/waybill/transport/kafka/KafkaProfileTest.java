package dev.waybill.transport.kafka;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryTransport;
import dev.waybill.transport.inmemory.Profile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KafkaProfileTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theInMemoryProfileDeclaresWhatTheTransportDeclares(boolean keyed) {
    Transport profile = InMemoryTransport.builder().profile(Profile.KAFKA).build();

    assertThat(profile.capabilities(keyed))
        .usingRecursiveComparison()
        .isEqualTo(Transport.at("kafka://localhost:9092").capabilities(keyed));
  }
}
