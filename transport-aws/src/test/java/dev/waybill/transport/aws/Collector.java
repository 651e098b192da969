package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** Collects what a receiver hands over, and does with each delivery what it is told. */
final class Collector implements Receiver.Listener {
  final BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
  final List<MessagingException> failures = new CopyOnWriteArrayList<>();
  final AtomicInteger recoveries = new AtomicInteger();
  private final Consumer<Delivery> action;

  Collector() {
    this(delivery -> {});
  }

  Collector(Consumer<Delivery> action) {
    this.action = action;
  }

  /** Accepts each delivery at once. */
  static Collector accepting() {
    return new Collector(delivery -> delivery.settle(Settlement.accept()));
  }

  @Override
  public void delivered(Delivery delivery) {
    deliveries.add(delivery);
    action.accept(delivery);
  }

  @Override
  public void failed(MessagingException problem) {
    failures.add(problem);
  }

  @Override
  public void recovered() {
    recoveries.incrementAndGet();
  }

  /** The next delivery, which must come soon. */
  Delivery next() {
    return next(Duration.ofSeconds(20));
  }

  Delivery next(Duration patience) {
    try {
      Delivery delivery = deliveries.poll(patience.toMillis(), TimeUnit.MILLISECONDS);
      assertThat(delivery).as("a delivery within %s", patience).isNotNull();
      return delivery;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError("interrupted", e);
    }
  }

  List<Delivery> next(int count) {
    List<Delivery> found = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      found.add(next());
    }
    return found;
  }

  static String text(Delivery delivery) {
    return new String(delivery.message().body(), StandardCharsets.UTF_8);
  }
}
