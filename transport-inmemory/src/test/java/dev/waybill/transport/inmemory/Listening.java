package dev.waybill.transport.inmemory;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** Records what a receiver hands over, for a test to take one by one. */
final class Listening implements Receiver.Listener {
  final BlockingQueue<Delivery> arrived = new LinkedBlockingQueue<>();
  final BlockingQueue<MessagingException> failures = new LinkedBlockingQueue<>();
  final BlockingQueue<String> recoveries = new LinkedBlockingQueue<>();

  @Override
  public void delivered(Delivery delivery) {
    arrived.add(delivery);
  }

  @Override
  public void failed(MessagingException problem) {
    failures.add(problem);
  }

  @Override
  public void recovered() {
    recoveries.add(Thread.currentThread().getName());
  }

  /** The next delivery, within a few seconds. */
  Delivery next() {
    return within(arrived);
  }

  /** The next deliveries. */
  List<Delivery> next(int count) {
    List<Delivery> deliveries = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      deliveries.add(next());
    }
    return deliveries;
  }

  static <T> T within(BlockingQueue<T> queue) {
    try {
      T item = queue.poll(5, TimeUnit.SECONDS);
      assertThat(item).as("something within five seconds").isNotNull();
      return item;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }

  static String text(Delivery delivery) {
    return new String(delivery.message().body(), StandardCharsets.UTF_8);
  }

  static List<String> texts(List<Delivery> deliveries) {
    return deliveries.stream().map(Listening::text).toList();
  }
}
