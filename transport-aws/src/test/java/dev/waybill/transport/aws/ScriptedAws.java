package dev.waybill.transport.aws;

import static java.util.concurrent.CompletableFuture.completedFuture;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyString;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.when;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Delivery;
import java.time.Duration;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * A connection to a port of the test's, for answers that no emulator gives and polls that bring
 * what the test says. Every call succeeds unless the test has its port say otherwise.
 */
final class ScriptedAws implements AutoCloseable {
  /** So long that no test sees its end. */
  static final Duration LEASE = Duration.ofMinutes(10);

  final AwsPort port = mock(AwsPort.class);
  final TopologyPort topology = mock(TopologyPort.class);
  final AwsConnection connection;

  private final AtomicLong ahead = new AtomicLong();

  /** A poll that waits until the polls are cut off. */
  final CompletableFuture<List<ReceivedMessage>> waiting = new CompletableFuture<>();

  ScriptedAws() {
    this(true);
  }

  /** With the pauses that AWS wants and no emulator does. */
  static ScriptedAws asOnAws() {
    return new ScriptedAws(false);
  }

  private ScriptedAws(boolean emulator) {
    when(port.topology()).thenReturn(topology);
    when(topology.deleteQueue(anyString(), any())).thenReturn(completedFuture(null));
    when(port.queueUrl(anyString(), any())).thenReturn(completedFuture("http://127.0.0.1/q"));
    when(port.checkCredentials(any())).thenReturn(completedFuture(true));
    when(port.receive(any())).thenReturn(waiting);
    doAnswer(call -> waiting.completeExceptionally(AwsErrors.closed(AwsFailure.Fate.UNKNOWN)))
        .when(port)
        .endPolls();
    when(port.send(anyString(), any(), any())).thenAnswer(call -> allDone(call.getArgument(1)));
    when(port.delete(anyString(), any(), any())).thenAnswer(call -> allDone(call.getArgument(1)));
    when(port.hide(anyString(), any(), any())).thenAnswer(call -> allDone(call.getArgument(1)));
    AwsSettings settings =
        new AwsSettings(
            "us-east-1",
            null,
            emulator,
            null,
            LEASE,
            Duration.ZERO,
            false,
            Set.of(),
            new Sdk2(null, null, null),
            () -> System.nanoTime() + ahead.get());
    connection = new AwsConnection(port, settings);
  }

  /** Lets leases grow old. */
  void advance(Duration time) {
    ahead.addAndGet(time.toNanos());
  }

  /** The first poll gets the messages, the next ones wait for the end. */
  ScriptedAws receiving(ReceivedMessage... messages) {
    when(port.receive(any())).thenReturn(completedFuture(List.of(messages))).thenReturn(waiting);
    return this;
  }

  List<Delivery> deliveries(Queue queue, int count) {
    Collector collector = new Collector();
    connection.receive(queue, 10, collector);
    return collector.next(count);
  }

  static CompletableFuture<List<AwsPort.Answer>> allDone(@Nullable List<?> entries) {
    int count = entries == null ? 0 : entries.size(); // who stubs once more calls without any
    return completedFuture(Collections.nCopies(count, AwsPort.Answer.done("id")));
  }

  /** A message whose receipt handle is {@code receipt-} and its id. */
  static ReceivedMessage received(String id, String group) {
    return new ReceivedMessage(id, "receipt-" + id, id, Map.of(), group, 1);
  }

  @Override
  public void close() {
    connection.close();
  }
}
