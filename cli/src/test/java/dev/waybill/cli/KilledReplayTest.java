package dev.waybill.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import dev.waybill.MessageBus;
import dev.waybill.SendReceipt;
import dev.waybill.delivery.FailurePolicy;
import dev.waybill.routing.Routes;
import dev.waybill.testkit.broker.TestBroker;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;
import dev.waybill.transport.aws.AwsTransport;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A process is killed (SIGKILL) or told to end (SIGTERM) in the middle of a replay: every dead
 * letter is still one, or with the queue that it came from.
 */
class KilledReplayTest {
  /** A piece of work that fails while it is told to. */
  public record Job(int number) {}

  private static final Duration PATIENCE = Duration.ofMinutes(2);
  private static final int JOBS = 300;
  private static final int KILLED_AFTER = 40;

  @TempDir private Path folder;
  private final String queue = "jobs." + UUID.randomUUID().toString().substring(0, 8);
  private Process process;

  @AfterEach
  void no_process_is_left() throws InterruptedException {
    if (process != null) {
      process.destroyForcibly().waitFor();
    }
  }

  @Test
  void over_kafka() throws Exception {
    nothing_is_lost(TestBrokers.kafka());
  }

  @Test
  void over_rabbitmq() throws Exception {
    nothing_is_lost(TestBrokers.rabbitmq());
  }

  @Test
  void over_sqs() throws Exception {
    nothing_is_lost(TestBrokers.aws());
  }

  /** By the signal that Ctrl-C's way through the JVM is the same for, and no shell ignores. */
  @Test
  void what_was_begun_is_finished_and_the_rest_kept_when_it_is_told_to_end() throws Exception {
    TestBroker broker = TestBrokers.rabbitmq();
    Set<String> all = deadLetters(broker.uri());
    Set<String> handled = ConcurrentHashMap.newKeySet();
    AtomicInteger handlings = new AtomicInteger();
    try (MessageBus bus =
        MessageBus.over(transport(broker.uri()))
            .routes(routes())
            .consume(
                queue,
                c ->
                    c.onCommand(
                        Job.class,
                        (job, context) -> {
                          handlings.incrementAndGet();
                          handled.add(job.metadata().id());
                        }))
            .start()) {
      process =
          begin(
              Waybill.class,
              List.of("dead-letters", "replay", "--yes", "--rate", "10", "--queue", queue),
              Map.of("WAYBILL_TRANSPORT", broker.uri()));
      await().atMost(PATIENCE).until(() -> handled.size() >= 5 || !process.isAlive());
      process.destroy();
      assertThat(process.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS)).isTrue();
      assertThat(process.exitValue()).as(output()).isEqualTo(128 + 15);
      Set<String> dead = ConcurrentHashMap.newKeySet();
      try (MessageBus letters =
          MessageBus.over(transport(broker.uri()))
              .routes(routes())
              .consumeDeadLetters(queue, letter -> dead.add(letter.messageId()))
              .start()) {
        await().atMost(PATIENCE).until(() -> handled.size() + dead.size() >= JOBS);
      }
      assertThat(output())
          .contains("%d dead letters replayed to queue %s".formatted(handled.size(), queue));
      assertThat(handled).doesNotContainAnyElementsOf(dead).hasSizeBetween(5, JOBS - 1);
      dead.addAll(handled);
      assertThat(dead).containsExactlyInAnyOrderElementsOf(all);
      assertThat(handlings).hasValue(handled.size());
    }
  }

  /** With a short lease on SQS, so that what a killed process had in hand comes back soon. */
  static Transport transport(String uri) {
    URI parsed = URI.create(uri);
    return parsed.getScheme().equals("aws")
        ? AwsTransport.builder()
            .endpoint(URI.create("http://" + parsed.getAuthority()))
            .region("us-east-1")
            .credentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials("any", "any")))
            .visibilityTimeout(Duration.ofSeconds(8))
            .build()
        : Transport.at(parsed.getScheme().equals("kafka") ? uri + "?partitions=1" : uri);
  }

  private void nothing_is_lost(TestBroker broker) throws Exception {
    Set<String> all = deadLetters(broker.uri());
    Path marker = folder.resolve("stands-still");
    process = replaying(broker.uri(), marker);
    await().atMost(PATIENCE).until(() -> Files.exists(marker) || !process.isAlive());
    assertThat(process.isAlive()).as("still running; its output:%n%s", output()).isTrue();
    process.destroyForcibly().waitFor();

    Set<String> handled = ConcurrentHashMap.newKeySet();
    Set<String> dead = ConcurrentHashMap.newKeySet();
    try (MessageBus bus =
        MessageBus.over(transport(broker.uri()))
            .routes(routes())
            .consume(
                queue,
                c -> c.onCommand(Job.class, (job, context) -> handled.add(job.metadata().id())))
            .consumeDeadLetters(queue, letter -> dead.add(letter.messageId()))
            .start()) {
      await()
          .atMost(PATIENCE)
          .untilAsserted(
              () -> {
                Set<String> found = new HashSet<>(handled);
                found.addAll(dead);
                assertThat(found).containsExactlyInAnyOrderElementsOf(all);
              });
    }
    assertThat(handled).hasSizeGreaterThanOrEqualTo(KILLED_AFTER);
  }

  /** Makes dead letters; gives their ids. */
  private Set<String> deadLetters(String uri) {
    Set<String> failed = ConcurrentHashMap.newKeySet();
    try (MessageBus bus =
        MessageBus.over(transport(uri))
            .routes(routes())
            .consume(
                queue,
                c ->
                    c.onCommand(
                            Job.class,
                            (job, context) -> {
                              failed.add(job.metadata().id());
                              throw new IllegalStateException("told to");
                            })
                        .onFailure(FailurePolicy.noRetry()))
            .start()) {
      List<CompletableFuture<SendReceipt>> sends =
          IntStream.range(0, JOBS).mapToObj(i -> bus.send(new Job(i))).toList();
      Set<String> ids = new HashSet<>();
      sends.forEach(send -> ids.add(send.join().messageId()));
      await().atMost(PATIENCE).until(() -> failed.size() == JOBS && bus.inFlight() == 0);
      return ids;
    }
  }

  private Routes routes() {
    return Routes.define(r -> r.command(Job.class).named("job.v1").toQueue(queue));
  }

  private Process replaying(String uri, Path marker) throws IOException {
    return begin(
        ReplayProcess.class,
        List.of(uri, queue, marker.toString(), Integer.toString(KILLED_AFTER)),
        // Kafka misses a member after 45 s, unless it is told otherwise
        Map.of("WAYBILL_KAFKA_SESSION_TIMEOUT_MS", "8000"));
  }

  private Process begin(Class<?> main, List<String> arguments, Map<String, String> environment)
      throws IOException {
    List<String> line = new ArrayList<>();
    line.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    line.addAll(List.of("-Xmx256m", "-XX:TieredStopAtLevel=1", "-cp"));
    line.add(System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")));
    line.add(main.getName());
    line.addAll(arguments);
    ProcessBuilder builder =
        new ProcessBuilder(line)
            .redirectErrorStream(true)
            .redirectOutput(new File(folder.resolve("output").toString()));
    builder.environment().putAll(environment);
    return builder.start();
  }

  private String output() throws IOException {
    return Files.readString(folder.resolve("output"));
  }
}
