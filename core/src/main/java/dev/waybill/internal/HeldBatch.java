package dev.waybill.internal;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.Replay;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Source;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.Deque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Function;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Dead letters as open deliveries of a receiver that receives nothing more. */
final class HeldBatch implements DeadLetterBatch {
  /** How many may be on their way: enough to keep a broker busy, few enough to stop soon. */
  private static final int ON_THEIR_WAY = 100;

  /** How long a copy's confirmation may take; as for a send of a bus. */
  private static final Duration SEND_LIMIT = Duration.ofSeconds(30);

  private final Source source;
  private final Sender sender;
  private final Receiver receiver;
  private final Intake intake;
  private final LeaseKeeping leases;
  private final List<Entry> entries = new ArrayList<>();
  private final IdentityHashMap<Entry, Delivery> deliveries = new IdentityHashMap<>();
  private final Set<Entry> decided = Collections.newSetFromMap(new IdentityHashMap<>());
  private boolean removed;
  private boolean closed;

  HeldBatch(Source source, Sender sender, Receiver receiver, Intake intake, LeaseKeeping leases) {
    this.source = source;
    this.sender = sender;
    this.receiver = receiver;
    this.intake = intake;
    this.leases = leases;
    for (Delivery delivery : intake.held()) {
      WireMessage stored = delivery.message();
      Entry entry = new Entry(Evidence.read(stored, idOf(stored)), stored);
      deliveries.put(entry, delivery);
      entries.add(entry);
    }
  }

  /**
   * One that is the same each time the dead letters are taken: some brokers' ids are places in a
   * queue, and another message's the next time.
   */
  private static String idOf(WireMessage stored) {
    String id = stored.id();
    if (id != null) {
      return id;
    }
    CRC32C all = new CRC32C();
    all.update(new TreeMap<>(stored.headers()).toString().getBytes(StandardCharsets.UTF_8));
    return "without-id-%s-%08x".formatted(UUID.nameUUIDFromBytes(stored.body()), all.getValue());
  }

  @Override
  public Source source() {
    return source;
  }

  @Override
  public List<Entry> entries() {
    return entries.stream().filter(entry -> !decided.contains(entry)).toList();
  }

  @Override
  public long total() {
    return intake.total();
  }

  @Override
  public boolean isAll() {
    return intake.isAll();
  }

  @Override
  public Summary replay(Collection<Entry> chosen, Replay how, Progress progress) {
    return eachOf(
        chosen,
        how.perSecond(),
        progress,
        delivery ->
            sender
                .sendTo(
                    source, Replays.of(delivery.message(), source, how, Instant.now()), SEND_LIMIT)
                .exceptionallyCompose(e -> CompletableFuture.failedFuture(notReplayed(e)))
                .thenCompose(confirmed -> accepted(delivery)));
  }

  /** Whatever the broker's words are. */
  private Throwable notReplayed(Throwable failure) {
    Throwable cause = Failures.unwrapped(failure);
    return cause instanceof SendException known
            && known.certainty() == SendException.Certainty.REJECTED
            && (known.code() == ErrorCode.NOT_FOUND || known.code() == ErrorCode.UNROUTABLE)
        ? SendException.rejected(
            known.code(),
            ("The %s does not exist on this broker, so that nothing can be replayed to it: give its name"
                    + " as the routes have it, and whether they have keys. A consumer that starts with"
                    + " the topology mode CREATE makes it.")
                .formatted(source),
            known)
        : cause;
  }

  @Override
  public Summary discard(Collection<Entry> chosen, Progress progress) {
    return eachOf(chosen, 0, progress, HeldBatch::accepted);
  }

  @Override
  public boolean edit(Entry entry, byte[] body) {
    Summary summary =
        eachOf(
            List.of(entry),
            0,
            settled -> {},
            delivery ->
                sender
                    .sendTo(
                        source.deadLetterQueue(),
                        Replays.edited(delivery.message(), body, Instant.now()),
                        SEND_LIMIT)
                    .thenCompose(confirmed -> accepted(delivery)));
    return summary.done() == 1;
  }

  private static CompletableFuture<Settlement.Result> accepted(Delivery delivery) {
    return delivery.settle(Settlement.accept()).toCompletableFuture();
  }

  /** Does a step with each that is still held, several at a time, begun in their order. */
  private Summary eachOf(
      Collection<Entry> chosen,
      int perSecond,
      Progress progress,
      Function<Delivery, CompletableFuture<Settlement.Result>> step) {
    requireOpen(chosen);
    if (!removed) {
      intake.settling();
    }
    Steps steps = new Steps(progress);
    Pace pace = new Pace(perSecond);
    for (Entry entry : chosen) {
      if (steps.problem != null || !pace.await()) {
        break;
      }
      Delivery delivery = deliveries.get(entry);
      if (delivery == null || !decided.add(entry) || !delivery.isOwned()) {
        steps.again++;
      } else {
        steps.begin(begun(step, delivery), entry, delivery);
      }
    }
    return steps.end();
  }

  private static CompletableFuture<Settlement.Result> begun(
      Function<Delivery, CompletableFuture<Settlement.Result>> step, Delivery delivery) {
    try {
      return step.apply(delivery);
    } catch (RuntimeException e) { // what has begun before is still to be finished
      return CompletableFuture.failedFuture(e);
    }
  }

  private void requireOpen(Collection<Entry> chosen) {
    if (closed) {
      throw new MessagingException(
          ErrorCode.CLOSED,
          "The batch of dead letters of the %s is closed: take another.".formatted(source));
    }
    if (!chosen.stream().allMatch(deliveries::containsKey)) {
      throw new IllegalArgumentException(
          "dead letters of another batch: decide about those of this one's entries()");
    }
  }

  /** What is on its way. */
  private final class Steps {
    private record Step(
        CompletableFuture<Settlement.Result> result, Entry entry, Delivery delivery) {}

    private final Deque<Step> open = new ArrayDeque<>();
    private final Progress progress;
    private int done;
    private int again;
    private @Nullable RuntimeException problem;

    Steps(Progress progress) {
      this.progress = progress;
    }

    void begin(CompletableFuture<Settlement.Result> result, Entry entry, Delivery delivery) {
      open.add(new Step(result, entry, delivery));
      while (open.size() >= ON_THEIR_WAY || (!open.isEmpty() && open.peek().result().isDone())) {
        finish(open.remove());
      }
    }

    Summary end() {
      while (!open.isEmpty()) {
        finish(open.remove());
      }
      if (problem != null) {
        throw problem;
      }
      return new Summary(done, again);
    }

    private void finish(Step step) {
      try {
        if (step.result().join() == Settlement.Result.SETTLED) {
          done++;
          removed = true;
          intake.settled(step.delivery());
        } else {
          again++;
        }
        progress.settled(done);
      } catch (CompletionException e) {
        decided.remove(step.entry()); // is kept, and can be decided about again
        if (problem == null) {
          problem =
              e.getCause() instanceof RuntimeException known
                  ? known
                  : new MessagingException(
                      ErrorCode.BROKER_ERROR,
                      "A dead letter of the %s could not be decided about.".formatted(source),
                      e);
        }
      }
    }
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    Uninterrupted.run(receiver::close);
    leases.close();
    MessagingException forgotten = intake.forgotten();
    if (removed && forgotten != null) {
      throw new MessagingException(
          forgotten.code(),
          "Dead letters of the %s that were decided about may be there again, since that is not stored: %s"
              .formatted(source, forgotten.getMessage()),
          forgotten);
    }
  }
}
