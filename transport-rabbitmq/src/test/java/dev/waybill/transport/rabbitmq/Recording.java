package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.waybill.error.MessagingException;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** Keeps what a receiver delivers and reports; settles nothing by itself. */
class Recording implements Receiver.Listener {
  static final Duration LIMIT = Duration.ofSeconds(60);

  final List<Delivery> deliveries = new CopyOnWriteArrayList<>();
  final List<MessagingException> failures = new CopyOnWriteArrayList<>();
  final AtomicInteger recoveries = new AtomicInteger();
  private final AtomicInteger inside = new AtomicInteger();
  private final AtomicInteger overlaps = new AtomicInteger();

  @Override
  public void delivered(Delivery delivery) {
    alone(() -> deliveries.add(delivery));
  }

  @Override
  public void failed(MessagingException problem) {
    alone(() -> failures.add(problem));
  }

  @Override
  public void recovered() {
    alone(recoveries::incrementAndGet);
  }

  /** The nth delivery, from 0, as soon as it is there. */
  Delivery delivery(int index) {
    await().atMost(LIMIT).until(() -> deliveries.size() > index);
    assertThat(overlaps).hasValue(0);
    return deliveries.get(index);
  }

  /** Waits until it has recovered once; a delivery may be there before that is told. */
  void awaitRecovery() {
    await().atMost(LIMIT).until(() -> recoveries.get() == 1);
  }

  List<String> bodies() {
    return deliveries.stream().map(Recording::body).toList();
  }

  static String body(Delivery delivery) {
    return new String(delivery.message().body(), StandardCharsets.UTF_8);
  }

  static Settlement.Result settle(Delivery delivery, Settlement how) throws Exception {
    return delivery.settle(how).toCompletableFuture().get(LIMIT.toSeconds(), TimeUnit.SECONDS);
  }

  private void alone(Runnable work) {
    if (inside.getAndIncrement() > 0) {
      overlaps.incrementAndGet();
    }
    work.run();
    inside.decrementAndGet();
  }
}
