package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.Transport;
import dev.waybill.transport.inmemory.InMemoryTransport;
import dev.waybill.transport.inmemory.Profile;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RabbitProfileTest {
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void theInMemoryProfileDeclaresWhatTheTransportDeclares(boolean keyed) {
    Transport profile = InMemoryTransport.builder().profile(Profile.RABBITMQ).build();

    assertThat(profile.capabilities(keyed))
        .usingRecursiveComparison()
        .isEqualTo(Transport.at("amqp://localhost").capabilities(keyed));
  }
}
