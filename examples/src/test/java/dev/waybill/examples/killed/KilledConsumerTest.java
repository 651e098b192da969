package dev.waybill.examples.killed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.model.GetQueueAttributesRequest;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.AwsTestBroker;
import dev.waybill.testkit.broker.KafkaTestBroker;
import dev.waybill.testkit.broker.QueueCounts;
import dev.waybill.testkit.broker.RabbitTestBroker;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.transport.Transport;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is killed (SIGKILL) in the middle of a message: the next process handles that message
 * again, and none of those that were handled before.
 */
class KilledConsumerTest {
  /** A piece of work; each has a key of its own. */
  public record Job(int number) {}

  private static final String QUEUE = "jobs";
  private static final int JOBS = 40;
  private static final int HANGS_IN = 7;

  /**
   * A dead consumer's partitions, queue or messages come back within this: the 30 s of SQS are the
   * longest.
   */
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  @TempDir private Path folder;
  private final List<Process> processes = new ArrayList<>();

  static Routes routes(String queue) {
    return Routes.define(
        r ->
            r.command(Job.class)
                .named("job.v1")
                .toQueue(queue)
                .keyedBy(job -> "key-" + job.number()));
  }

  @AfterEach
  void noProcessIsLeft() throws InterruptedException {
    for (Process process : processes) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void over_kafka() throws Exception {
    try (TestBroker broker = KafkaTestBroker.start();
        Admin admin = Admin.create(Map.of("bootstrap.servers", "127.0.0.1:" + broker.port()))) {
      handledAgainIsOnlyWhatWasOpen(broker, () -> openInKafka(admin));
    }
  }

  @Test
  void over_rabbitmq() throws Exception {
    try (RabbitTestBroker broker = RabbitTestBroker.start()) {
      handledAgainIsOnlyWhatWasOpen(
          broker,
          () -> {
            QueueCounts counts = broker.counts(QUEUE);
            return counts.ready() + counts.unacknowledged();
          });
    }
  }

  @Test
  void over_sqs() throws Exception {
    try (TestBroker broker = AwsTestBroker.start();
        MessageBus observer =
            MessageBus.over(Transport.at(broker.uri())).routes(routes(QUEUE)).start()) {
      AmazonSQS sqs = observer.unwrap(AmazonSQS.class).orElseThrow();
      handledAgainIsOnlyWhatWasOpen(
          broker,
          () -> {
            Map<String, String> counts =
                sqs.getQueueAttributes(
                        new GetQueueAttributesRequest(
                                sqs.getQueueUrl(QUEUE + ".fifo").getQueueUrl())
                            .withAttributeNames("All"))
                    .getAttributes();
            return Long.parseLong(counts.get("ApproximateNumberOfMessages"))
                + Long.parseLong(counts.get("ApproximateNumberOfMessagesNotVisible"));
          });
    }
  }

  /**
   * The test.
   *
   * @param open asks the broker itself how many messages are not settled
   */
  private void handledAgainIsOnlyWhatWasOpen(TestBroker broker, Callable<Long> open)
      throws Exception {
    Path first = folder.resolve("first");
    Path second = folder.resolve("second");
    try (MessageBus sender =
        MessageBus.over(Transport.at(broker.uri())).routes(routes(QUEUE)).start()) {
      Process killed = consumer(broker.uri(), first, HANGS_IN);
      List<CompletableFuture<SendReceipt>> sends =
          IntStream.range(0, JOBS).mapToObj(i -> sender.send(new Job(i))).toList();
      CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new)).join();
      awaitLines(first, "handled", JOBS - 1);
      awaitLines(first, "hangs", 1);
      await("all but one are settled").atMost(PATIENCE).until(open, Predicate.isEqual(1L));
      killed.destroyForcibly().waitFor();

      consumer(broker.uri(), second, -1);
      awaitLines(second, "handled " + HANGS_IN, 1);
      sender.send(new Job(JOBS)).join();
      awaitLines(second, "handled " + JOBS, 1);
      await("all are settled").atMost(PATIENCE).until(open, Predicate.isEqual(0L));
      assertThat(lines(second, "handled"))
          .containsExactlyInAnyOrder("handled " + HANGS_IN, "handled " + JOBS);
    }
    assertThat(lines(first, "handled")).hasSize(JOBS - 1).doesNotHaveDuplicates();
  }

  /** Records behind the committed offsets, but for those that are known to be settled there. */
  private static long openInKafka(Admin admin) throws Exception {
    Map<TopicPartition, OffsetAndMetadata> committed =
        admin.listConsumerGroupOffsets(QUEUE).partitionsToOffsetAndMetadata().get();
    Set<TopicPartition> partitions =
        admin.describeTopics(List.of(QUEUE)).allTopicNames().get().get(QUEUE).partitions().stream()
            .map(partition -> new TopicPartition(QUEUE, partition.partition()))
            .collect(Collectors.toSet());
    long open = 0;
    for (var end : admin.listOffsets(latest(partitions)).all().get().entrySet()) {
      OffsetAndMetadata known = committed.get(end.getKey());
      open += end.getValue().offset();
      open -= known == null ? 0 : known.offset() + settledBeyond(known.metadata());
    }
    return open;
  }

  private static Map<TopicPartition, OffsetSpec> latest(Set<TopicPartition> partitions) {
    return partitions.stream().collect(Collectors.toMap(p -> p, p -> OffsetSpec.latest()));
  }

  /** How many records the transport has noted with the offset: {@code wb1:DISTANCE.LENGTH,…}. */
  private static long settledBeyond(String metadata) {
    return Pattern.compile("[:,][0-9a-z]+\\.([0-9a-z]+)")
        .matcher(metadata)
        .results()
        .mapToLong(range -> Long.parseLong(range.group(1), 36))
        .sum();
  }

  private Process consumer(String uri, Path journal, int hangIn) throws IOException {
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    ProcessBuilder builder =
        new ProcessBuilder(
                java,
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-cp",
                System.getProperty(
                    "surefire.test.class.path", System.getProperty("java.class.path")),
                ConsumerProcess.class.getName(),
                uri,
                QUEUE,
                journal.toString(),
                Integer.toString(hangIn))
            .redirectErrorStream(true)
            .redirectOutput(new File(journal + ".log"));
    // Kafka misses a member after 45 s, unless it is told otherwise
    builder.environment().put("WAYBILL_KAFKA_SESSION_TIMEOUT_MS", "12000");
    Process process = builder.start();
    processes.add(process);
    return process;
  }

  private static void awaitLines(Path journal, String prefix, int count) {
    await(count + " lines like '" + prefix + "'")
        .atMost(PATIENCE)
        .untilAsserted(() -> assertThat(lines(journal, prefix)).hasSizeGreaterThanOrEqualTo(count));
  }

  private static List<String> lines(Path journal, String prefix) throws IOException {
    if (!Files.exists(journal)) {
      return List.of();
    }
    try (Stream<String> lines = Files.lines(journal)) {
      return lines.filter(line -> line.startsWith(prefix)).toList();
    }
  }
}
