package dev.waybill.testkit;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/** Takes deliveries and keeps them open until it is told to accept some; counts at each arrival. */
final class Open implements Receiver.Listener {
  private final ArrayDeque<Delivery> open = new ArrayDeque<>();
  private int delivered;
  private int most;

  @Override
  public synchronized void delivered(Delivery delivery) {
    open.add(delivery);
    delivered++;
    most = Math.max(most, open.size());
  }

  @Override
  public void failed(MessagingException problem) {}

  @Override
  public void recovered() {}

  /** Takes out the oldest one, which stays unsettled. */
  synchronized Delivery take() {
    return open.remove();
  }

  /** Accepts the oldest ones, and returns their bodies as text. */
  List<String> accept(int count) {
    List<String> bodies = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      Delivery delivery;
      synchronized (this) { // taken out before it gives its credit back
        delivery = open.remove();
      }
      bodies.add(new String(delivery.message().body(), StandardCharsets.UTF_8));
      delivery.settle(Settlement.accept()).toCompletableFuture().join();
    }
    return bodies;
  }

  /** How many are open. */
  synchronized int now() {
    return open.size();
  }

  /** How many have been delivered. */
  synchronized int delivered() {
    return delivered;
  }

  /** How many were open at the most. */
  synchronized int most() {
    return most;
  }
}
