package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.ShutdownSignalException;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel beside the consumers', to ask about queues by: a question may cost the channel, which
 * is then made anew. It never costs the connection, however long an answer takes. Used in the
 * receiver's mailbox only.
 */
final class SideChannel {
  private static final Duration REFUSED_WAIT = Duration.ofMinutes(1);
  private static final Logger log = LoggerFactory.getLogger(SideChannel.class);

  /** What it is there for. In the receiver's mailbox. */
  interface Use {
    /** What is to be called first on a new channel, before it can be asked; null if nothing is. */
    @Nullable Method first(Channel made);

    /** It can be asked now. */
    void begun();

    /** The first call has not been answered for long, and may be yet. */
    void unanswered();
  }

  private final String purpose;
  private final Mailbox mailbox;
  private final Calls calls;
  private final Use use;
  private @Nullable Connection connection;
  private volatile @Nullable QueueCalls channel;

  /** What was made last, until the receiver's mailbox has taken it. */
  private volatile @Nullable QueueCalls fresh;

  private boolean opening;
  private boolean begun;
  private boolean asking;

  /** When to try again after a refusal, which lasts until somebody grants something. */
  private long nextTry = System.nanoTime();

  /** Why there is none, as it was logged last for this connection. */
  private @Nullable String told;

  private volatile boolean ended;

  /**
   * A channel, not yet open.
   *
   * @param purpose for the log
   * @param calls makes what blocks
   */
  SideChannel(String purpose, Mailbox mailbox, Calls calls, Use use) {
    this.purpose = purpose;
    this.mailbox = mailbox;
    this.calls = calls;
    this.use = use;
  }

  void connected(Connection made) {
    connection = made;
    told = null;
    nextTry = System.nanoTime();
    open();
  }

  /** Makes it anew, unless {@code old} is another one than it is now. */
  void renew(Channel old) {
    QueueCalls current = channel;
    if (current != null && current.channel() == old) {
      open();
    }
  }

  /** Ends it for good. */
  void end() {
    ended = true;
    leave();
  }

  /** Ends it though the receiver's mailbox stands still. Any thread. */
  void abandon() {
    ended = true;
    for (QueueCalls each : new QueueCalls[] {fresh, channel}) {
      if (each != null) {
        each.end();
      }
    }
  }

  boolean isEnded() {
    return ended;
  }

  /**
   * Whether it can be asked now: a second question would wait for the answer to the first. One that
   * is lost is made anew.
   */
  boolean isReady() {
    if (channel == null) {
      open();
    }
    return begun && !asking;
  }

  /**
   * Asks about a queue without waiting for the answer, which a queue without a leader takes seconds
   * for. There is none if the channel is lost.
   */
  void ask(String queue, Consumer<AMQP.Queue.DeclareOk> answer) {
    QueueCalls on = channel;
    if (on != null) {
      call(
          on,
          new AMQP.Queue.Declare.Builder().queue(queue).passive().build(),
          reply -> {
            if (reply instanceof AMQP.Queue.DeclareOk counted) {
              answer.accept(counted);
            }
          });
    }
  }

  private void call(QueueCalls on, Method method, Consumer<Method> answer) {
    asking = true;
    try {
      on.call(method, reply -> mailbox.tell(() -> answered(on, reply, answer)));
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel for {} is closed; another one is opened", purpose, e);
    }
  }

  private void answered(QueueCalls on, Method reply, Consumer<Method> answer) {
    if (on == channel) {
      asking = false;
      answer.accept(reply);
    }
  }

  private void leave() {
    QueueCalls current = channel;
    channel = null;
    begun = false;
    asking = false;
    if (current != null) {
      current.end();
    }
  }

  private void open() {
    Connection current = connection;
    if (ended
        || opening
        || current == null
        || !current.isOpen()
        || System.nanoTime() - nextTry < 0) {
      return;
    }
    leave();
    opening = true;
    calls.add(
        () -> {
          QueueCalls made = made(current);
          fresh = made;
          if ((ended || !mailbox.tell(() -> opened(current, made))) && made != null) {
            made.end();
          }
        });
  }

  /** Null if it can't be. Blocks; not in the receiver's mailbox. */
  private @Nullable QueueCalls made(Connection on) {
    try {
      return new QueueCalls(purpose, Channels.open(on), calls);
    } catch (IOException | RuntimeException e) {
      mailbox.tell(() -> failed(e));
      return null;
    }
  }

  private void opened(Connection on, @Nullable QueueCalls made) {
    opening = false;
    channel = made;
    fresh = null;
    if (ended || on != connection) {
      leave();
      open();
    } else if (made != null) {
      made.channel().addShutdownListener(signal -> mailbox.tell(() -> lost(made, signal)));
      begin(made);
    }
  }

  private void begin(QueueCalls made) {
    Method first = use.first(made.channel());
    if (first == null) {
      begun();
      return;
    }
    call(made, first, answer -> begun());
    Runnable unused =
        mailbox.tellLater(
            RabbitLink.RPC_LIMIT.toMillis(),
            () -> {
              if (made == channel && !begun) {
                use.unanswered();
              }
            });
  }

  private void begun() {
    begun = true;
    use.begun();
  }

  private void lost(QueueCalls lost, ShutdownSignalException signal) {
    if (lost == channel) {
      leave();
      if (!signal.isHardError()) { // else the connection is lost, which others tell
        failed(signal);
      }
    }
  }

  private void failed(Exception problem) {
    String why = RabbitErrors.why(problem);
    if (RabbitErrors.reply(problem).code() == AMQP.ACCESS_REFUSED) {
      nextTry = System.nanoTime() + REFUSED_WAIT.toNanos();
    }
    if (!why.equals(told)) {
      told = why;
      log.info("There is no channel for {}, and another one is tried: {}", purpose, why);
    }
  }
}
