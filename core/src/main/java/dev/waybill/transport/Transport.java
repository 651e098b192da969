package dev.waybill.transport;

import dev.waybill.error.ConfigurationException;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import dev.waybill.transport.support.TransportUri;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * A broker adapter: an immutable description of a broker and of what it can do. Connecting is the
 * bus's business, so one transport may serve several buses.
 *
 * <p>{@link #at} finds a transport on the class path by its URI's scheme; each transport also has
 * its own builder for everything that a URI can't say.
 */
public interface Transport {
  /**
   * The product's name in lower case, for people and telemetry: {@code kafka}, {@code rabbitmq},
   * {@code aws}.
   */
  String name();

  /** Where the broker is, for people; never contains credentials. */
  String address();

  /**
   * What this transport does natively, emulates or refuses, with its limits.
   *
   * @param keyed for channels that keep the order per key, or for those that don't; a broker may
   *     use different queues for the two
   */
  Capabilities capabilities(boolean keyed);

  /**
   * What holds for what is received from one source: the same as {@link #capabilities(boolean)},
   * unless the transport was told to receive from this source by other means of the broker.
   */
  default Capabilities capabilities(Source source) {
    return capabilities(source.keyed());
  }

  /**
   * Whether messages stay within this JVM and are handed over as objects: then what is sent has a
   * {@link WireMessage#reference() reference}, and nothing is encoded unless somebody asks for
   * bytes. By default they are not.
   */
  default boolean passesReferences() {
    return false;
  }

  /**
   * What is wrong with a topology, as far as can be told without asking the broker (names above
   * all): one sentence each, with the remedy; empty if all is well, as it is by default.
   */
  default List<String> check(Topology topology) {
    return List.of();
  }

  /**
   * The broker's own names for the channels, sources and dead-letter queues of a topology, by their
   * names here. For people; the mapping is reversible and never depends on anything but the name
   * and whether the channel is keyed. By default the names are the same as here.
   */
  default Map<String, String> nativeNames(Topology topology) {
    Map<String, String> names = new TreeMap<>();
    topology.channels().forEach(channel -> names.put(channel.name(), channel.name()));
    topology.sources().forEach(source -> names.put(source.name(), source.name()));
    topology.deadLetterQueues().forEach(queue -> names.put(queue.name(), queue.name()));
    return names;
  }

  /**
   * Connects, and proves that the broker answers and takes the credentials. Blocks, at most {@code
   * deadline}.
   *
   * @throws MessagingException with {@link ErrorCode#CONNECTION_FAILED}, {@link
   *     ErrorCode#NOT_AUTHENTICATED}, {@link ErrorCode#NOT_AUTHORISED}, or {@link
   *     ErrorCode#NOT_FOUND} where the address has a part that does not exist (a virtual host);
   *     nothing is left open then
   */
  TransportConnection connect(Duration deadline);

  /**
   * The transport for a URI, by its scheme: {@code memory:}, {@code kafka://host:9092}, {@code
   * amqp://host}, {@code aws://eu-west-1}. Does not connect.
   *
   * @throws MessagingException with {@link ErrorCode#TRANSPORT_NOT_FOUND} if no module on the class
   *     path serves the scheme; the message names the dependency to add
   * @throws ConfigurationException if the URI is malformed
   */
  static Transport at(String uri) {
    String scheme = TransportUri.scheme(uri);
    Map<String, TransportProvider> found = new LinkedHashMap<>();
    ClassLoader context = Thread.currentThread().getContextClassLoader();
    ClassLoader loader = context != null ? context : Transport.class.getClassLoader();
    for (TransportProvider provider : ServiceLoader.load(TransportProvider.class, loader)) {
      for (String served : provider.schemes()) {
        TransportProvider other = found.putIfAbsent(served, provider);
        if (other != null && served.equals(scheme) && other.getClass() != provider.getClass()) {
          throw new ConfigurationException(
              List.of(
                  "Two transports on the class path serve the scheme '%s': %s and %s; remove one."
                      .formatted(
                          scheme, other.getClass().getName(), provider.getClass().getName())));
        }
      }
    }
    TransportProvider provider = found.get(scheme);
    if (provider != null) {
      return provider.create(uri);
    }
    String artifact = KnownTransports.BY_SCHEME.get(scheme);
    if (artifact != null) {
      throw new MessagingException(
          ErrorCode.TRANSPORT_NOT_FOUND,
          "The transport for '%s' is not on the class path: add the dependency dev.waybill:%s."
              .formatted(TransportUri.redact(uri), artifact));
    }
    TreeSet<String> known = new TreeSet<>(KnownTransports.BY_SCHEME.keySet());
    known.addAll(found.keySet());
    throw new MessagingException(
        ErrorCode.TRANSPORT_NOT_FOUND,
        "No transport serves the scheme '%s' of '%s'; known schemes: %s."
            .formatted(scheme, TransportUri.redact(uri), String.join(", ", known)));
  }
}
