package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Clients, threads and receivers of one bus. AWS is spoken to by HTTP, so nothing is to be kept.
 */
final class AwsConnection implements TransportConnection {
  private static final Duration CLOSING = Duration.ofSeconds(4);

  /** What the deletion of the reply queue has in any case. */
  private static final Duration SHORTEST = Duration.ofSeconds(1);

  private final AwsPort port;
  private final AwsSettings settings;
  private final Timer timer = new Timer("timer");
  private final Confirmations confirmations = new Confirmations("confirm");

  /** Beside those of sends, on which an application may wait for a place to send again. */
  private final Confirmations settlements = new Confirmations("settled");

  private final ReceiveLimits limits = new ReceiveLimits();
  private final Addresses addresses;
  private final AwsSender sender;
  private final OwnReplyQueue replies;
  private final Set<AwsReceiver> receivers = ConcurrentHashMap.newKeySet();
  private final UnderWay polls = new UnderWay();
  private final AtomicBoolean closed = new AtomicBoolean();

  AwsConnection(AwsPort port, AwsSettings settings) {
    this.port = port;
    this.settings = settings;
    this.addresses = new Addresses(port);
    this.sender = new AwsSender(port, addresses, timer, confirmations, settings.linger());
    this.replies = new OwnReplyQueue(port, addresses);
  }

  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    failIfClosed();
    Admin admin = new Admin(port);
    List<String> problems = mode == Topology.Mode.ASSUME ? List.of() : stand(admin, topology, mode);
    if (topology.replies() != null && problems.isEmpty()) {
      makeReplyQueue(admin, topology.replies());
    }
    if (!settings.emulator()) {
      admin.awaitUsable();
    }
    return problems;
  }

  private List<String> stand(Admin admin, Topology topology, Topology.Mode mode) {
    AwsTopology work = new AwsTopology(admin, addresses, limits, settings, topology);
    try {
      return mode == Topology.Mode.CREATE ? work.create() : work.verify();
    } catch (AwsFailure e) {
      throw e.asMessagingException("The topology could not be prepared on AWS");
    }
  }

  private void makeReplyQueue(Admin admin, ReplyQueue queue) {
    try {
      replies.create(admin, queue, settings.visibilityTimeout());
    } catch (AwsFailure e) {
      throw e.asMessagingException(
          ("The %s could not be made as the SQS queue '%s'; a bus that requests needs the rights"
                  + " sqs:CreateQueue and sqs:DeleteQueue on queues of that prefix")
              .formatted(queue, Names.queue(queue)));
    }
    if (closed.get()) {
      replies.delete(Deadline.in(SHORTEST)); // whoever closed the connection may not have seen it
      failIfClosed();
    }
  }

  @Override
  public Sender sender() {
    return sender;
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
    failIfClosed();
    OpenDeliveries open = new OpenDeliveries(maxUnsettled, source.keyed());
    Handover handover = new Handover(source, listener);
    Settler settler =
        new Settler(
            port,
            addresses,
            source,
            sender,
            timer,
            settings.visibilityTimeout(),
            settings.nanoTime(),
            settlements,
            handover,
            open::isShortOfWork);
    GivingBack givingBack = new GivingBack(port, addresses, source);
    Intake intake =
        new Intake(
            source,
            handover,
            open,
            settler,
            givingBack,
            timer,
            settings.unwraps(source),
            limits.of(source),
            Clock.systemUTC());
    PollLoop loop =
        new PollLoop(
            port, addresses, source, handover, open, settler, settings.nanoTime(), intake, polls);
    AwsReceiver receiver =
        new AwsReceiver(source.name(), open, loop, settler, givingBack, receivers::remove);
    receivers.add(receiver);
    receiver.start();
    if (closed.get()) {
      receiver.close(); // whoever closed the connection may not have seen it
      failIfClosed();
    }
    return receiver;
  }

  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    return port.unwrap(nativeType).map(nativeType::cast);
  }

  @Override
  public void close() {
    if (!closed.compareAndSet(false, true)) {
      return;
    }
    receivers.forEach(AwsReceiver::beginStop);
    Deadline deadline = Deadline.in(CLOSING);
    receivers.forEach(receiver -> receiver.close(deadline));
    port.endPolls();
    polls.await(deadline); // what one has brought already is being given back
    sender.close();
    Deadline shortest = Deadline.in(SHORTEST);
    replies.delete(shortest.orEarlier(deadline) == deadline ? shortest : deadline);
    timer.close();
    port.close();
    confirmations.close();
    settlements.close();
    Deadline end = Deadline.in(SHORTEST);
    timer.awaitTermination(end);
    confirmations.awaitTermination(end);
    settlements.awaitTermination(end);
  }

  private void failIfClosed() {
    if (closed.get()) {
      throw new MessagingException(ErrorCode.CLOSED, "The connection to AWS is closed.");
    }
  }
}
