package dev.waybill.bench;

import com.rabbitmq.client.AMQP.Queue.DeclareOk;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;
import java.io.IOException;
import java.util.concurrent.TimeoutException;

/** A queue of a bench, declared as Waybill does, which is filled anew for each trial. */
final class RabbitLog implements BrokerLog {
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private final Part part;
  private final Bench bench;
  private final Size size;
  private final Place place;
  private final Connection connection;
  private final Channel channel;

  private RabbitLog(Part part, Bench bench, Size size, Place place)
      throws IOException, TimeoutException {
    this.part = part;
    this.bench = bench;
    this.size = size;
    this.place = place;
    this.connection = RawRabbit.connect(place.uri());
    this.channel = connection.createChannel();
  }

  /** Makes a queue. */
  static RabbitLog make(Part part, String uri, Bench bench, Size size) {
    String queue = "bench-" + bench.id() + "-" + Long.toString(System.nanoTime(), 36);
    Place place = new Place(uri, queue, 1);
    part.contender("waybill", place).outlet().close();
    try {
      return new RabbitLog(part, bench, size, place);
    } catch (IOException | TimeoutException e) {
      throw new Failure("The queue " + queue + " could not be reached", e);
    }
  }

  @Override
  public Place place() {
    return place;
  }

  /** Once the last trial has no consumer any more, so that all of its messages are back. */
  @Override
  public void rewind() {
    try {
      long begun = System.nanoTime();
      while (state().getConsumerCount() > 0) {
        if (System.nanoTime() - begun > PATIENCE_NANOS) {
          throw new Failure("The queue " + place.queue() + " still has consumers");
        }
        Thread.onSpinWait();
      }
      channel.queuePurge(place.queue());
    } catch (IOException e) {
      throw new Failure("The queue " + place.queue() + " could not be emptied", e);
    }
    if (bench.readsLog()) {
      try (Outlet outlet = part.contender("raw", place).outlet()) {
        Trial.fill(outlet, new Orders(bench.customers()), size.log());
      }
    }
  }

  private DeclareOk state() throws IOException {
    return channel.queueDeclarePassive(place.queue());
  }

  @Override
  public void close() {
    try (connection) {
      channel.queueDelete(place.queue());
    } catch (IOException e) {
      throw new Failure("The queue " + place.queue() + " could not be removed", e);
    }
  }
}
