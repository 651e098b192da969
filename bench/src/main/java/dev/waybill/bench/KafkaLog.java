package dev.waybill.bench;

import dev.waybill.bench.Contender.Outlet;
import dev.waybill.bench.Contender.Place;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.GroupIdNotFoundException;
import org.apache.kafka.common.errors.GroupNotEmptyException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/** A topic of a bench, which each trial reads from its beginning. */
final class KafkaLog implements BrokerLog {
  private static final long PATIENCE_NANOS = 60_000_000_000L;

  private final Admin admin;
  private final Bench bench;
  private final Place place;

  private KafkaLog(Admin admin, Bench bench, Place place) {
    this.admin = admin;
    this.bench = bench;
    this.place = place;
  }

  /** Makes a topic, with as many orders as its bench reads. */
  static KafkaLog make(String uri, Bench bench, Size size) {
    String topic = "bench-" + bench.id() + "-" + Long.toString(System.nanoTime(), 36);
    Admin admin = Admin.create(Map.of("bootstrap.servers", uri.substring("kafka://".length())));
    KafkaLog log = new KafkaLog(admin, bench, new Place(uri, topic, bench.partitions()));
    log.make();
    if (bench.readsLog()) {
      try (Outlet outlet = new RawKafka(log.place, RawKafka.Form.PLAIN).outlet()) {
        Trial.fill(outlet, new Orders(bench.customers()), size.log());
      }
    }
    return log;
  }

  @Override
  public Place place() {
    return place;
  }

  private List<String> topics() {
    return bench == Bench.EXACTLY_ONCE
        ? List.of(place.queue(), place.shipments())
        : List.of(place.queue());
  }

  private void make() {
    try {
      admin
          .createTopics(
              topics().stream()
                  .map(
                      topic ->
                          new NewTopic(topic, Optional.of(place.partitions()), Optional.empty()))
                  .toList())
          .all()
          .get();
      awaitLeaders();
    } catch (ExecutionException | InterruptedException e) {
      throw new Failure("The topic " + place.queue() + " could not be made", e);
    }
  }

  /** Forgets what the last trial has read and written, once its members have left. */
  @Override
  public void rewind() {
    long begun = System.nanoTime();
    while (!isForgotten()) {
      if (System.nanoTime() - begun > PATIENCE_NANOS) {
        throw new Failure("The group " + place.queue() + " still has members");
      }
      Thread.onSpinWait();
    }
    if (!bench.readsLog()) {
      empty(place.queue());
    }
    if (bench == Bench.EXACTLY_ONCE) {
      empty(place.shipments());
    }
  }

  /**
   * A leader may be named and refuse records for a moment. An idempotent producer whose first batch
   * to a partition is refused while its second is taken can't store the first any more.
   */
  private void awaitLeaders() throws ExecutionException, InterruptedException {
    while (true) {
      try {
        for (String topic : topics()) {
          var unused = ends(topic);
        }
        return;
      } catch (ExecutionException e) {
        if (!(e.getCause() instanceof UnknownTopicOrPartitionException)) {
          throw e;
        }
        Thread.onSpinWait();
      }
    }
  }

  /** Where the partitions end, as their leaders say. */
  private Map<TopicPartition, ListOffsetsResultInfo> ends(String topic)
      throws ExecutionException, InterruptedException {
    Map<TopicPartition, OffsetSpec> partitions = new HashMap<>();
    for (int i = 0; i < place.partitions(); i++) {
      partitions.put(new TopicPartition(topic, i), OffsetSpec.latest());
    }
    return admin.listOffsets(partitions).all().get();
  }

  private void empty(String topic) {
    Map<TopicPartition, RecordsToDelete> all = new HashMap<>();
    try {
      ends(topic).forEach((part, end) -> all.put(part, RecordsToDelete.beforeOffset(end.offset())));
      admin.deleteRecords(all).all().get();
    } catch (ExecutionException | InterruptedException e) {
      throw new Failure("The topic " + topic + " could not be emptied", e);
    }
  }

  private boolean isForgotten() {
    try {
      admin.deleteConsumerGroups(List.of(place.queue())).all().get();
      return true;
    } catch (ExecutionException e) {
      if (e.getCause() instanceof GroupIdNotFoundException) {
        return true;
      }
      if (e.getCause() instanceof GroupNotEmptyException) {
        return false;
      }
      throw new Failure("The group " + place.queue() + " could not be deleted", e);
    } catch (InterruptedException e) {
      throw new Failure("Interrupted", e);
    }
  }

  @Override
  public void close() {
    try (admin) {
      admin.deleteTopics(topics()).all().get();
    } catch (ExecutionException | InterruptedException e) {
      throw new Failure("The topic " + place.queue() + " could not be removed", e);
    }
  }
}
