package dev.waybill.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransportAtTest {
  private static final String PROVIDERS =
      "META-INF/services/dev.waybill.transport.TransportProvider";

  @TempDir private Path classPath;

  @Test
  void aProviderOnTheClassPathIsFoundByItsSchemeInAnyCase() throws IOException {
    Transport transport = at("PIGEON://loft/7", Pigeons.class);

    assertThat(transport.address()).isEqualTo("PIGEON://loft/7");
  }

  @ParameterizedTest
  @CsvSource({
    "memory:,             memory:,            waybill-transport-inmemory",
    "'kafka://a:1,b:2',   'kafka://a:1,b:2',  waybill-transport-kafka",
    "amqp://u:secret@h/v, amqp://***@h/v,     waybill-transport-rabbitmq",
    "amqps://h,           amqps://h,          waybill-transport-rabbitmq",
    "aws://eu-west-1?k=s, aws://eu-west-1?k=***, waybill-transport-aws",
  })
  void aPublishedTransportThatIsMissingNamesItsDependency(
      String uri, String redacted, String artifact) throws IOException {
    MessagingException problem = failureAt(uri);

    assertThat(problem.code()).isEqualTo(ErrorCode.TRANSPORT_NOT_FOUND);
    assertThat(problem)
        .hasMessage(
            "The transport for '%s' is not on the class path: add the dependency dev.waybill:%s."
                .formatted(redacted, artifact));
  }

  @Test
  void anUnknownSchemeNamesTheKnownOnes() throws IOException {
    MessagingException problem = failureAt("carrier://u:secret@sky?pass=word", Pigeons.class);

    assertThat(problem.code()).isEqualTo(ErrorCode.TRANSPORT_NOT_FOUND);
    assertThat(problem)
        .hasMessage(
            "No transport serves the scheme 'carrier' of 'carrier://***@sky?pass=***'; known schemes: amqp, amqps, aws, kafka, memory, pigeon.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ":", "localhost", "/x:y", "1a:", "a b:c", "://host"})
  void whatIsNoUriIsMalformed(String uri) throws IOException {
    MessagingException problem = failureAt(uri);

    assertThat(problem).isInstanceOf(ConfigurationException.class);
    assertThat(problem)
        .hasMessage(
            "'%s' is not a transport's URI; write for example memory:, kafka://localhost:9092, amqp://localhost or aws://eu-west-1."
                .formatted(uri));
  }

  @Test
  void twoProvidersOfOneSchemeAreNamed() throws IOException {
    MessagingException problem = failureAt("pigeon:", Pigeons.class, OtherPigeons.class);

    assertThat(problem).isInstanceOf(ConfigurationException.class);
    assertThat(problem)
        .hasMessage(
            "Two transports on the class path serve the scheme 'pigeon': %s and %s; remove one."
                .formatted(Pigeons.class.getName(), OtherPigeons.class.getName()));
  }

  @Test
  void twoProvidersOfAnotherSchemeDisturbNobody() throws IOException {
    Transport transport = at("parrot:x", Pigeons.class, OtherPigeons.class);

    assertThat(transport.address()).isEqualTo("parrot:x");
  }

  private MessagingException failureAt(String uri, Class<?>... providers) throws IOException {
    prepare(providers);
    return catchThrowableOfType(MessagingException.class, () -> at(uri, providers));
  }

  /** The transport that is found with these providers beside those of the tests' class path. */
  private Transport at(String uri, Class<?>... providers) throws IOException {
    prepare(providers);
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader =
        new URLClassLoader(new URL[] {classPath.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      return Transport.at(uri);
    } finally {
      thread.setContextClassLoader(before);
    }
  }

  private void prepare(Class<?>... providers) throws IOException {
    Path file = classPath.resolve(PROVIDERS);
    Files.createDirectories(file.getParent());
    Files.write(file, List.of(providers).stream().map(Class::getName).toList());
  }

  /** Serves {@code pigeon}. */
  public static class Pigeons implements TransportProvider {
    @Override
    public Set<String> schemes() {
      return Set.of("pigeon");
    }

    @Override
    public Transport create(String uri) {
      return new Pigeon(uri);
    }
  }

  /** Serves {@code pigeon} too, and {@code parrot}. */
  public static class OtherPigeons extends Pigeons {
    @Override
    public Set<String> schemes() {
      return Set.of("pigeon", "parrot");
    }
  }

  private record Pigeon(String address) implements Transport {
    @Override
    public String name() {
      return "pigeon";
    }

    @Override
    public Capabilities capabilities(boolean keyed) {
      throw new UnsupportedOperationException();
    }

    @Override
    public List<String> check(Topology topology) {
      return List.of();
    }

    @Override
    public Map<String, String> nativeNames(Topology topology) {
      return Map.of();
    }

    @Override
    public TransportConnection connect(Duration deadline) {
      throw new UnsupportedOperationException();
    }
  }
}
