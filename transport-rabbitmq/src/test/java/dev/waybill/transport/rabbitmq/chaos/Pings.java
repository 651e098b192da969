package dev.waybill.transport.rabbitmq.chaos;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.waybill.Command;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.testkit.broker.RabbitTestCluster;
import dev.waybill.transport.rabbitmq.chaos.Ledger.Ping;
import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.util.Map;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A queue that all instances receive from and that may be deleted under them, as nothing in it is
 * missed.
 */
final class Pings {
  private static final Logger log = LoggerFactory.getLogger(Pings.class);

  private final RabbitTestCluster cluster;
  private final String queue;
  private final Ledger ledger;
  private int first;
  private int last;

  private interface Work {
    void on(Channel channel) throws IOException;
  }

  Pings(RabbitTestCluster cluster, String queue, Ledger ledger) {
    this.cluster = cluster;
    this.queue = queue;
    this.ledger = ledger;
  }

  String queue() {
    return queue;
  }

  /** Those so far do not count for {@link #isAnswered} any more. */
  void forgetAll() {
    first = last + 1;
  }

  /**
   * Sends another one; returns whether any since {@link #forgetAll} has been received. To be
   * repeated, as sends may fail for some time after a fault.
   */
  boolean isAnswered(MessageBus bus) {
    try {
      last++;
      SendReceipt unused = bus.send(Command.of(new Ping(last))).join();
    } catch (CompletionException e) {
      log.debug("Ping {} was not confirmed", last, e);
    }
    return IntStream.rangeClosed(first, last).anyMatch(ledger::hasPing);
  }

  void delete() {
    perform(channel -> channel.queueDelete(queue));
  }

  /** As the bus declares it. */
  void declare() {
    perform(
        channel ->
            channel.queueDeclare(
                queue,
                true,
                false,
                false,
                Map.of("x-queue-type", "quorum", "x-delivery-limit", Integer.MAX_VALUE)));
  }

  private void perform(Work work) {
    Exception problem = null;
    for (int node = 1; node <= Instances.NODES; node++) {
      ConnectionFactory factory = new ConnectionFactory();
      factory.setAutomaticRecoveryEnabled(false);
      try {
        factory.setUri(cluster.node(node).uri());
        try (Connection connection = factory.newConnection()) {
          work.on(connection.createChannel());
          return;
        }
      } catch (IOException | TimeoutException e) {
        problem = e;
      } catch (GeneralSecurityException | URISyntaxException e) {
        throw new IllegalStateException(e);
      }
    }
    throw new IllegalStateException("No node does it", problem);
  }
}
