package dev.waybill.internal;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.error.ConfigurationException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ScheduledExecutorService;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A desk over a connection of its own. */
final class OpenDesk implements DeadLetterDesk {
  private final Transport transport;
  private final TransportConnection connection;
  private final Set<Source> sources;
  private final ScheduledExecutorService timer;
  private @Nullable HeldBatch batch;

  private OpenDesk(Transport transport, TransportConnection connection, Set<Source> sources) {
    this.transport = transport;
    this.connection = connection;
    this.sources = sources;
    this.timer = Workers.timer("waybill-dead-letters");
  }

  static OpenDesk open(
      Transport transport, Collection<? extends Source> sources, Duration connectTimeout) {
    Set<Source> known = Set.copyOf(sources);
    if (known.isEmpty() || known.stream().anyMatch(ReplyQueue.class::isInstance)) {
      throw new IllegalArgumentException(
          "a desk for the dead letters of %s: name queues and subscriptions".formatted(sources));
    }
    Topology topology = topology(known);
    refuse(transport.check(topology));
    OpenDesk desk = new OpenDesk(transport, transport.connect(connectTimeout), known);
    try {
      refuse(desk.connection.prepare(topology, Topology.Mode.ASSUME));
      return desk;
    } catch (RuntimeException | Error e) {
      desk.close();
      throw e;
    }
  }

  private static Topology topology(Set<Source> sources) {
    List<Queue> deadLetters = sources.stream().map(Source::deadLetterQueue).toList();
    Set<Channel> channels =
        Stream.concat(sources.stream().map(Source::channel), deadLetters.stream())
            .collect(Collectors.toSet());
    return new Topology(List.copyOf(channels), List.copyOf(sources), deadLetters);
  }

  private static void refuse(List<String> problems) {
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
  }

  @Override
  public DeadLetterBatch take(Source source, int limit, Duration patience) {
    if (!sources.contains(source)) {
      throw new IllegalArgumentException(
          "the %s is none of this desk's, which are %s".formatted(source, sources));
    }
    if (limit < 1) {
      throw new IllegalArgumentException(
          "a batch of %d dead letters: take 1 or more".formatted(limit));
    }
    if (batch != null) {
      batch.close();
    }
    Queue queue = source.deadLetterQueue();
    Capabilities capabilities = transport.capabilities(queue);
    int credit = Math.min(limit, capabilities.maxUnsettled());
    Intake intake = new Intake(source, credit);
    Receiver receiver = connection.receive(queue, credit, intake);
    LeaseKeeping leases = new LeaseKeeping(intake, capabilities.leaseDuration(), timer);
    try {
      intake.awaitAll(receiver, patience);
      receiver.stop(); // or what is given back would come again
      batch = new HeldBatch(source, connection.sender(), receiver, intake, leases);
      return batch;
    } catch (RuntimeException | Error e) {
      leases.close();
      Uninterrupted.run(receiver::close);
      throw e;
    }
  }

  @Override
  public void close() {
    try {
      if (batch != null) {
        batch.close();
      }
    } finally {
      Uninterrupted.run(connection::close);
      timer.shutdownNow();
    }
  }
}
