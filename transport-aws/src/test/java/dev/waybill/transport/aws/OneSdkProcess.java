package dev.waybill.transport.aws;

import dev.waybill.routing.Queue;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** An application that has only one SDK: names none, sends, publishes, receives. */
final class OneSdkProcess {
  private OneSdkProcess() {}

  public static void main(String[] arguments) throws InterruptedException {
    Queue queue = new Queue("q" + UUID.randomUUID(), false);
    Topic topic = new Topic("t" + UUID.randomUUID(), false);
    BlockingQueue<Delivery> deliveries = new LinkedBlockingQueue<>();
    try (TransportConnection connection =
        Transport.at(arguments[0]).connect(Duration.ofMinutes(1))) {
      connection.prepare(
          new Topology(List.of(queue, topic), List.of(queue), List.of(queue.deadLetterQueue())),
          Topology.Mode.CREATE);
      WireMessage message =
          new WireMessage(
              "hello".getBytes(StandardCharsets.UTF_8), null, Map.of(), Map.of(), null, null);
      connection.sender().send(topic, message, Duration.ofSeconds(30)).join();
      connection.sender().send(queue, message, Duration.ofSeconds(30)).join();
      Receiver receiver =
          connection.receive(
              queue,
              1,
              new Receiver.Listener() {
                @Override
                public void delivered(Delivery delivery) {
                  deliveries.add(delivery);
                }

                @Override
                public void failed(dev.waybill.error.MessagingException problem) {
                  problem.printStackTrace();
                }

                @Override
                public void recovered() {}
              });
      Delivery delivery = deliveries.poll(1, TimeUnit.MINUTES);
      delivery.settle(Settlement.accept()).toCompletableFuture().join();
      receiver.close();
      System.out.println(
          "received %s over SDK %d"
              .formatted(
                  new String(delivery.message().body(), StandardCharsets.UTF_8),
                  AwsSdk.V2.isPresent() ? 2 : 1));
    } catch (RuntimeException e) {
      System.out.println(e.getMessage().replace('\n', ' '));
    }
    System.out.flush();
  }
}
