package dev.waybill.transport.kafka;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.Consumer;
import org.apache.kafka.clients.consumer.KafkaConsumer;

/**
 * Moves the delayed messages of the channels that a connection receives from: those who receive
 * from a channel are there whenever its messages can be delivered at all, and they share the work
 * as a consumer group. Thread-safe.
 */
final class Delays {
  private static final int MAX_POLL = 500;

  /**
   * A level whose next records are wanted waits for the fetch that is under way, which returns at
   * the latest then.
   */
  private static final String FETCH_MILLIS = "100";

  private final KafkaSettings settings;
  private final Function<String, Consumer<byte[], byte[]>> consumers;
  private final Admin admin;
  private final KafkaSender sender;
  private final DelayTopics topics;
  private final Map<String, DelayMover> movers = new HashMap<>();
  private boolean closed;

  Delays(
      KafkaSettings settings,
      ClientProperties properties,
      Admin admin,
      KafkaSender sender,
      DelayTopics topics) {
    this(settings, group -> consumer(group, properties), admin, sender, topics);
  }

  /**
   * With consumers of a test's.
   *
   * @param consumers makes a consumer of a group
   */
  Delays(
      KafkaSettings settings,
      Function<String, Consumer<byte[], byte[]>> consumers,
      Admin admin,
      KafkaSender sender,
      DelayTopics topics) {
    this.settings = settings;
    this.consumers = consumers;
    this.admin = admin;
    this.sender = sender;
    this.topics = topics;
  }

  private static Consumer<byte[], byte[]> consumer(String group, ClientProperties properties) {
    Map<String, Object> all = properties.consumer(group, MAX_POLL);
    all.put("fetch.max.wait.ms", FETCH_MILLIS);
    return new KafkaConsumer<>(all);
  }

  /** From now on moves the delayed messages to a topic, as soon as there are any; never blocks. */
  synchronized void receivingFrom(String topic) {
    if (closed || movers.containsKey(topic)) {
      return;
    }
    DelayMover mover = new DelayMover(topic, () -> session(topic));
    movers.put(topic, mover);
    topics.seek(topic, () -> start(mover));
  }

  private synchronized void start(DelayMover mover) {
    if (!closed) {
      mover.start();
    }
  }

  private DelaySession session(String topic) {
    DelaySettings delays = settings.delays();
    String delayTopic = KafkaNames.delayTopic(topic);
    return new DelaySession(
        consumers.apply(delayTopic),
        delayTopic,
        delays.levels(),
        new DelayMoves(
            topic, delays.levels(), sender, settings.deliveryTimeout(), System::currentTimeMillis),
        new DelayCleaner(delayTopic, topics.mayAdminister() ? admin : null, delays.cleanEvery()),
        new PollClock(settings.mayCommit()));
  }

  /** Makes the movers end soon. */
  void beginClose() {
    mine().forEach(DelayMover::beginClose);
  }

  /** Waits for the movers' ends, at most until the deadline. */
  void awaitClosed(Deadline deadline) {
    mine().forEach(mover -> mover.awaitClosed(deadline));
  }

  private synchronized List<DelayMover> mine() {
    closed = true;
    return List.copyOf(movers.values());
  }
}
