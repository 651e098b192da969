package dev.waybill.bench;

import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.PurgeQueueRequest;
import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;

/** A FIFO queue of a bench, made as Waybill makes it, which is filled anew for each trial. */
final class AwsLog implements BrokerLog {
  private final Part part;
  private final Bench bench;
  private final Size size;
  private final Place place;
  private final AmazonSQS sqs;

  private AwsLog(Part part, Bench bench, Size size, Place place) {
    this.part = part;
    this.bench = bench;
    this.size = size;
    this.place = place;
    this.sqs = RawAws1.client(place.uri());
  }

  /** Makes a queue. */
  static AwsLog make(Part part, String uri, Bench bench, Size size) {
    String queue = "bench-" + bench.id() + "-" + Long.toString(System.nanoTime(), 36);
    Place place = new Place(uri, queue, 1);
    part.contender("waybill", place).outlet().close();
    return new AwsLog(part, bench, size, place);
  }

  @Override
  public Place place() {
    return place;
  }

  /** With what the last trial left in flight. */
  @Override
  public void rewind() {
    sqs.purgeQueue(new PurgeQueueRequest(RawAws1.url(sqs, place)));
    if (bench.readsLog()) {
      try (Outlet outlet = part.contender("raw", place).outlet()) {
        Trial.fill(outlet, new Orders(bench.customers()), size.log());
      }
    }
  }

  @Override
  public void close() {
    sqs.deleteQueue(RawAws1.url(sqs, place));
    sqs.shutdown();
  }
}
