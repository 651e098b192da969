package dev.waybill.internal;

import dev.waybill.Command;
import dev.waybill.Document;
import dev.waybill.Envelope;
import dev.waybill.Event;
import dev.waybill.HandlerContext;
import dev.waybill.Metadata;
import dev.waybill.Outcome;
import dev.waybill.delivery.TransactionalMessageStore.Transaction;
import dev.waybill.internal.OutgoingPipeline.Outgoing;
import dev.waybill.routing.MessageKind;
import dev.waybill.routing.Route;
import dev.waybill.routing.Source;
import dev.waybill.transport.Sender.Addressed;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A handler's context: keeps what the handler sends until it has succeeded. */
final class BufferingContext implements HandlerContext {
  private final OutgoingPipeline outgoing;
  private final Replies replies;
  private final Source source;
  private final Work work;
  private final Envelope<?> envelope;
  private final int attempt;
  private final @Nullable Transaction transaction;

  /** Made when something is sent, which most handlers don't. */
  private List<Outgoing> buffer = List.of();

  /** The headers of all that is sent from now on. */
  private Map<String, String> carried = Map.of();

  /** Null until the handler says otherwise than by returning. */
  private @Nullable Outcome decision;

  private boolean isHandling;
  private boolean replied;
  private boolean closed;

  BufferingContext(
      OutgoingPipeline outgoing,
      Replies replies,
      Source source,
      Work work,
      Envelope<?> envelope,
      @Nullable Transaction transaction) {
    this.outgoing = outgoing;
    this.replies = replies;
    this.source = source;
    this.work = work;
    this.attempt = work.attempt();
    this.envelope = envelope;
    this.transaction = transaction;
  }

  private Metadata handled() {
    return envelope.metadata();
  }

  @Override
  public Source source() {
    return source;
  }

  @Override
  public int attempt() {
    return attempt;
  }

  @Override
  public boolean isReplay() {
    return Replays.isReplay(work.delivery.message());
  }

  @Override
  public String brokerId() {
    return work.delivery.brokerId();
  }

  @Override
  public boolean isOwnershipLost() {
    return !work.isAccepted() && (!work.delivery.isOwned() || work.isClaimLost());
  }

  @Override
  public <T> T transaction(Class<T> type) {
    synchronized (this) {
      requireOpen();
    }
    if (transaction == null) {
      throw new IllegalStateException(
          "the consumer of the %s handles without a transaction: give it .guarantee(EXACTLY_ONCE).idempotent(…) with a store that is a database"
              .formatted(source));
    }
    return transaction
        .unwrap(type)
        .orElseThrow(
            () ->
                new IllegalStateException(
                    "the transaction of the %s is not done with a %s: ask for what its store names"
                        .formatted(source, type.getName())));
  }

  /** The handler begins, and may decide. */
  synchronized void begin() {
    isHandling = true;
  }

  /** The handler is done: what it has decided, if it has not failed. */
  synchronized Outcome end() {
    isHandling = false;
    return decision == null ? Outcome.acknowledged() : decision;
  }

  @Override
  public void retryAfter(Duration after) {
    decide(Outcome.retryAfter(after));
  }

  @Override
  public void deadLetter(String reason) {
    decide(Outcome.deadLetter(reason));
  }

  @Override
  public void discard(String reason) {
    decide(Outcome.discard(reason));
  }

  private synchronized void decide(Outcome outcome) {
    if (!isHandling || closed) {
      throw new IllegalStateException(
          "%s has no effect on %s: its handler decides, while it handles; an interceptor returns its decision"
              .formatted(outcome, handled().id()));
    }
    requireUndecided();
    decision = outcome;
  }

  private void requireUndecided() {
    if (isHandling && decision != null) {
      throw new IllegalStateException(
          "the handler of %s has decided already, %s: it has to return then, since nothing that it sends leaves"
              .formatted(handled().id(), decision));
    }
  }

  @Override
  public synchronized void carry(String name, String value) {
    requireOpen();
    Map<String, String> more = new LinkedHashMap<>(carried);
    more.put(Objects.requireNonNull(name, "name"), Objects.requireNonNull(value, "value"));
    carried = more;
  }

  @Override
  public void send(Command<?> command) {
    add(MessageKind.COMMAND, command);
  }

  @Override
  public synchronized void send(Record command) {
    add(MessageKind.COMMAND, Command.of(command, derived(command)));
  }

  @Override
  public void publish(Event<?> event) {
    add(MessageKind.EVENT, event);
  }

  @Override
  public synchronized void publish(Record event) {
    add(MessageKind.EVENT, Event.of(event, derived(event)));
  }

  @Override
  public void transfer(Document<?> document) {
    add(MessageKind.DOCUMENT, document);
  }

  @Override
  public synchronized void transfer(Record document) {
    add(MessageKind.DOCUMENT, Document.of(document, derived(document)));
  }

  @Override
  public synchronized void reply(Record payload) {
    requireOpen();
    Route<?> route = replies.routeFor(payload.getClass(), handled());
    if (replied) {
      throw new IllegalStateException(
          "the handler of %s has replied already; a request has one reply"
              .formatted(handled().id()));
    }
    replied = true;
    if (route != null) {
      keep(new Outgoing(route, Document.of(payload, derived(payload)).with(this::caused)));
    }
  }

  /** The handler has failed: nothing leaves. */
  synchronized void drop() {
    closed = true;
    buffer = List.of();
  }

  /**
   * The handler has succeeded: everything is made ready to be stored with the settlement.
   *
   * @throws dev.waybill.error.MessagingException if the transport would not take one of them
   */
  List<Addressed> ready() {
    return take().stream().map(outgoing::ready).toList();
  }

  /** Ends the context if nothing was sent through it; returns whether. */
  synchronized boolean closeIfEmpty() {
    closed = closed || buffer.isEmpty();
    return buffer.isEmpty();
  }

  /**
   * The handler has succeeded: everything leaves, in order, or nothing if one of them can't be made
   * ready; completes when all is confirmed.
   */
  CompletableFuture<?> flush() {
    List<Outgoing> taken = take();
    return taken.isEmpty() ? CompletableFuture.completedFuture(null) : outgoing.send(taken);
  }

  private synchronized List<Outgoing> take() {
    closed = true;
    List<Outgoing> taken = List.copyOf(buffer);
    buffer = List.of();
    return taken;
  }

  private void requireOpen() {
    requireUndecided();
    if (closed) {
      throw new IllegalStateException(
          "the handler of %s is done, its context sends no more; use the bus"
              .formatted(handled().id()));
    }
  }

  private synchronized void add(MessageKind verb, Envelope<?> envelope) {
    requireOpen();
    Route<?> route = outgoing.routeFor(verb, envelope.payload().getClass());
    keep(new Outgoing(route, envelope.with(this::caused)));
  }

  /** Under the lock. */
  private void keep(Outgoing message) {
    buffer = buffer.isEmpty() ? new ArrayList<>() : buffer;
    buffer.add(message);
  }

  /**
   * Metadata with an id that is the same whenever this message is handled again, and no other's: a
   * message is known by its source and id together; under the lock that the message is added under.
   */
  private Metadata derived(Record payload) {
    String name =
        String.join(
            "\n",
            MessageIdentity.of(handled().source(), handled().id()),
            source.name(),
            payload.getClass().getName(),
            String.valueOf(buffer.size()));
    return Metadata.withId(
        UUID.nameUUIDFromBytes(name.getBytes(StandardCharsets.UTF_8)).toString());
  }

  private Metadata caused(Metadata given) {
    Metadata caused = given.withCausationId(handled().id());
    if (given.correlationId() == null) {
      caused =
          caused.withCorrelationId(
              handled().correlationId() == null ? handled().id() : handled().correlationId());
    }
    boolean hasItsOwnTrace = given.header(WireMapping.TRACE_PARENT) != null;
    for (Map.Entry<String, String> header : carried.entrySet()) {
      if (!hasItsOwnTrace || !header.getKey().equals(WireMapping.TRACE_STATE)) {
        caused = unlessItsOwn(caused, header.getKey(), header.getValue());
      }
    }
    return hasItsOwnTrace || carried.containsKey(WireMapping.TRACE_PARENT)
        ? caused
        : withTrace(withTrace(caused, WireMapping.TRACE_PARENT), WireMapping.TRACE_STATE);
  }

  private Metadata withTrace(Metadata metadata, String name) {
    return unlessItsOwn(metadata, name, handled().header(name));
  }

  private static Metadata unlessItsOwn(Metadata metadata, String name, @Nullable String value) {
    return value == null || metadata.header(name) != null
        ? metadata
        : metadata.withHeader(name, value);
  }
}
