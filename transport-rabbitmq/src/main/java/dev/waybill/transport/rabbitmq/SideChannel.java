package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.io.IOException;
import java.time.Duration;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A channel beside the consumers', to ask about queues by: a question may cost the channel, which
 * is then made anew. Used by the receiver's thread only; what blocks is called on others.
 */
final class SideChannel {
  private static final Duration REFUSED_WAIT = Duration.ofMinutes(1);
  private static final Logger log = LoggerFactory.getLogger(SideChannel.class);

  /** What a new channel is used for first. */
  interface Beginning {
    /** Not on the receiver's thread; may block. */
    void begin(Channel made) throws IOException;
  }

  private final String purpose;
  private final Mailbox mailbox;
  private final Calls calls;
  private final Beginning beginning;
  private final Runnable opened;
  private @Nullable Connection connection;
  private volatile @Nullable Channel channel;

  /** What was made last, until the receiver's thread has taken it. */
  private volatile @Nullable Channel fresh;

  private boolean opening;
  private boolean asking;

  /** When to try again after a refusal, which lasts until somebody grants something. */
  private long nextTry = System.nanoTime();

  /** Why there is none, as it was logged last. */
  private @Nullable String told;

  private volatile boolean ended;

  /**
   * A channel, not yet open.
   *
   * @param purpose for the log
   * @param calls makes what blocks
   * @param opened is told of each one that is made, once it has begun
   */
  SideChannel(String purpose, Mailbox mailbox, Calls calls, Beginning beginning, Runnable opened) {
    this.purpose = purpose;
    this.mailbox = mailbox;
    this.calls = calls;
    this.beginning = beginning;
    this.opened = opened;
  }

  void connected(Connection made) {
    connection = made;
    nextTry = System.nanoTime();
    open();
  }

  /** The channel as it is now, if there is one. */
  @Nullable Channel current() {
    return channel;
  }

  /** Makes it anew, unless {@code old} is another one than it is now. */
  void renew(@Nullable Channel old) {
    if (old == channel) {
      leave();
      open();
    }
  }

  /** Ends it for good. */
  void end() {
    ended = true;
    leave();
  }

  /** Ends it though the receiver's thread stands still. Any thread. */
  void abandon() {
    ended = true;
    for (Channel each : new Channel[] {fresh, channel}) {
      if (each != null) {
        calls.add(() -> Channels.end(each));
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
    Channel current = channel;
    boolean usable = current != null && current.isOpen();
    if (!usable) {
      open();
    }
    return usable && !asking;
  }

  /**
   * Asks about a queue without waiting for the answer, which a queue without a leader takes seconds
   * for. There is none if the channel is lost.
   */
  void ask(String queue, Consumer<AMQP.Queue.DeclareOk> answer) {
    Channel on = channel;
    if (on == null) {
      return;
    }
    asking = true;
    try {
      var unused =
          on.asyncCompletableRpc(new AMQP.Queue.Declare.Builder().queue(queue).passive().build())
              .thenAccept(
                  reply -> {
                    if (reply.getMethod() instanceof AMQP.Queue.DeclareOk counted) {
                      mailbox.tell(() -> answered(on, counted, answer));
                    }
                  });
    } catch (IOException | AlreadyClosedException e) {
      log.debug("The channel for {} is closed; another one is opened", purpose, e);
    }
  }

  private void answered(
      Channel on, AMQP.Queue.DeclareOk counted, Consumer<AMQP.Queue.DeclareOk> answer) {
    if (on == channel) {
      asking = false;
      answer.accept(counted);
    }
  }

  private void leave() {
    Channel current = channel;
    channel = null;
    asking = false;
    if (current != null) {
      calls.add(() -> Channels.end(current));
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
          Channel made = begun(current);
          fresh = made;
          if ((ended || !mailbox.tell(() -> opened(current, made))) && made != null) {
            Channels.end(made);
          }
        });
  }

  /** Null if it can't be. Blocks; not on the receiver's thread. */
  private @Nullable Channel begun(Connection on) {
    Channel made = null;
    try {
      made = Channels.open(on);
      beginning.begin(made);
      return made;
    } catch (IOException | RuntimeException e) {
      mailbox.tell(() -> notBegun(e));
      if (made != null) {
        Channels.end(made);
      }
      return null;
    }
  }

  private void notBegun(Exception problem) {
    String why = RabbitErrors.why(problem);
    if (RabbitErrors.reply(problem).code() == AMQP.ACCESS_REFUSED) {
      nextTry = System.nanoTime() + REFUSED_WAIT.toNanos();
    }
    if (!why.equals(told)) {
      told = why;
      log.info("There is no channel for {}, and another one is tried: {}", purpose, why);
    }
  }

  private void opened(Connection on, @Nullable Channel made) {
    opening = false;
    channel = made;
    fresh = null;
    if (ended || on != connection) {
      leave();
      open();
    } else if (made != null) {
      told = null;
      opened.run();
    }
  }
}
