package dev.waybill.testkit.broker;

import dev.waybill.testkit.BrokerFaults;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** The nodes of a cluster, whatever the product: started together, and killed one at a time. */
final class ClusterNodes<B extends LocalTestBroker> {

  private static final int ATTEMPTS = 5;

  private final List<B> nodes;
  private final Shared shared;
  private int turn;
  private @Nullable B down;

  /** What has to run before the nodes, for all of them, and for as long as any of them. */
  interface Shared {
    /** Of nodes that need nobody but each other. */
    Shared NOTHING =
        new Shared() {
          @Override
          public void launch() {}

          @Override
          public void close() {}
        };

    void launch() throws PortTakenException;

    void close();
  }

  ClusterNodes(List<B> nodes, Shared shared) {
    this.nodes = List.copyOf(nodes);
    this.shared = shared;
  }

  /** Starts a cluster; again with new ports if another process takes one of them. */
  static <B extends LocalTestBroker> ClusterNodes<B> launch(Supplier<ClusterNodes<B>> attempt) {
    for (int count = 1; ; count++) {
      ClusterNodes<B> cluster = attempt.get();
      try {
        cluster.launch();
        return cluster;
      } catch (PortTakenException e) {
        cluster.close();
        if (count == ATTEMPTS) {
          throw new BrokerUnavailableException("No port stayed free: " + e.getMessage(), e);
        }
      } catch (RuntimeException e) {
        cluster.close();
        throw e;
      }
    }
  }

  /** Starts all nodes beside each other: none serves before most of them run. */
  private void launch() throws PortTakenException {
    shared.launch();
    Executor beside = task -> new Thread(task, "start-node").start();
    List<CompletableFuture<Void>> starts =
        nodes.stream().map(node -> CompletableFuture.runAsync(() -> launch(node), beside)).toList();
    PortTakenException taken = null;
    RuntimeException failed = null;
    for (CompletableFuture<Void> start : starts) {
      try {
        start.join();
      } catch (CompletionException e) {
        if (e.getCause() instanceof PortTakenException port) {
          taken = port;
        } else {
          failed = e;
        }
      }
    }
    if (taken != null) {
      throw taken;
    }
    if (failed != null) {
      throw failed;
    }
  }

  private static void launch(LocalTestBroker node) {
    try {
      node.launch();
    } catch (PortTakenException e) {
      throw new CompletionException(e);
    }
  }

  List<B> all() {
    return nodes;
  }

  /** One node, by its number from 1. */
  B node(int id) {
    return nodes.get(id - 1);
  }

  /** A hand that kills one node at a time, each in its turn, and starts it again. */
  BrokerFaults faults() {
    return new BrokerFaults() {
      @Override
      public void stop() {
        killOne();
      }

      @Override
      public void start() {
        restartIt();
      }
    };
  }

  private synchronized void killOne() {
    if (down == null) {
      down = nodes.get(turn);
      turn = (turn + 1) % nodes.size();
      down.kill();
    }
  }

  private synchronized void restartIt() {
    if (down != null) {
      down.restart();
      down = null;
    }
  }

  void close() {
    nodes.forEach(LocalTestBroker::close);
    shared.close();
  }
}
