package dev.waybill.transport.rabbitmq;

import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Method;
import com.rabbitmq.client.impl.AMQImpl;
import com.rabbitmq.client.impl.Frame;
import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Speaks AMQP as brokers do that can't be run here: says yes to everything, and what else a test
 * tells it to.
 */
final class ScriptedBroker implements AutoCloseable {
  private final String version;
  private final ServerSocket listening;
  private final List<Peer> peers = new CopyOnWriteArrayList<>();
  private final List<Consumer> consumers = new CopyOnWriteArrayList<>();
  private final List<Received> received = new CopyOnWriteArrayList<>();
  private final AtomicLong published = new AtomicLong();
  private volatile String unseen = "none";
  private volatile String missing = "";
  private volatile String swallowedQueue = "none";
  private volatile String standingQueue = "none";
  private volatile int channelMax = 100;
  private volatile String stuckQueue = "none";
  private volatile String heldQueue = "";
  private final List<Runnable> held = new CopyOnWriteArrayList<>();
  private volatile boolean holdsCancels;
  private volatile boolean holdsCloses;
  private volatile boolean holdsOpens;
  private final List<Runnable> heldOpens = new CopyOnWriteArrayList<>();
  private volatile int forgotten;
  private volatile int messages;
  private volatile boolean swallows;
  private final List<Runnable> swallowed = new CopyOnWriteArrayList<>();
  private final List<Runnable> heldCancels = new CopyOnWriteArrayList<>();

  /** What a client has said on a channel. */
  record Received(Peer peer, int channel, Method method) {}

  /** A consumer of a client. */
  record Consumer(Peer peer, int channel, String tag, String queue) {
    void deliver(long deliveryTag, boolean redelivered, Map<String, Object> headers, String text) {
      byte[] body = text.getBytes(StandardCharsets.UTF_8);
      BasicProperties properties = new BasicProperties.Builder().headers(headers).build();
      Method deliver =
          new AMQP.Basic.Deliver.Builder()
              .consumerTag(tag)
              .deliveryTag(deliveryTag)
              .redelivered(redelivered)
              .exchange("")
              .routingKey("q")
              .build();
      try {
        peer.write(
            frame(channel, deliver),
            properties.toFrame(channel, body.length),
            Frame.fromBodyFragment(channel, ByteBuffer.wrap(body), 0, body.length));
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** What 4.3 says to a consumer that has had a message for too long, as of a deleted queue. */
    void cancel() {
      peer.write(channel, new AMQP.Basic.Cancel.Builder().consumerTag(tag).nowait(true).build());
    }

    void closeChannel(int code, String text) {
      peer.write(channel, new AMQP.Channel.Close.Builder().replyCode(code).replyText(text).build());
    }
  }

  ScriptedBroker(String version) throws IOException {
    this.version = version;
    this.listening = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    run(this::accept);
  }

  /** A transport to this broker, which has no heartbeat. */
  RabbitTransport transport() {
    return builder().build();
  }

  RabbitTransport.Builder builder() {
    return RabbitTransport.builder()
        .address("127.0.0.1", listening.getLocalPort())
        .heartbeat(Duration.ofHours(1));
  }

  int port() {
    return listening.getLocalPort();
  }

  String uri() {
    return "amqp://127.0.0.1:" + listening.getLocalPort();
  }

  /**
   * Nacks what is published to a queue by each connection's first channel, for as long as it lives.
   */
  void refuseOnFirstChannel(String queue) {
    stuckQueue = queue;
  }

  /**
   * Leaves those who want to consume from a queue, or to declare it, without an answer, as one
   * without a leader does, or a silent node.
   */
  void holdConsumersOf(String queue) {
    heldQueue = queue;
  }

  /** Answers those who want to consume from the held queue, the first to come and all others. */
  void letConsume() {
    synchronized (held) {
      heldQueue = "";
      held.forEach(Runnable::run);
      held.clear();
      peers.forEach(peer -> peer.stuck.clear());
    }
  }

  /** Has lost the consumers so far, and does not say so. */
  void forgetConsumers() {
    forgotten = consumers.size();
  }

  /** How many messages it says are in a queue, in each that it is asked for from now on. */
  void countMessages(int count) {
    messages = count;
  }

  /** How often it was asked how much is in a queue. */
  long askedForCounts() {
    return received.stream()
        .filter(each -> each.method() instanceof AMQP.Queue.Declare declare && declare.getPassive())
        .count();
  }

  /** How many messages were published, and are confirmed, refused, swallowed or held. */
  long published() {
    return published.get();
  }

  /** Answers to no message that is published. */
  void swallow(boolean all) {
    swallows = all;
  }

  /** Leaves those who want to consume no more without an answer. */
  void holdCancels() {
    holdsCancels = true;
  }

  /** Leaves those who end a channel without an answer. */
  void holdCloses() {
    holdsCloses = true;
  }

  /** Leaves those who open a channel without an answer, until {@link #open}. */
  void holdOpens() {
    holdsOpens = true;
  }

  /** Waits until somebody wants to open a channel. */
  void awaitHeldOpen() {
    await().atMost(Wires.DEADLINE).until(() -> !heldOpens.isEmpty());
  }

  /** Whoever was not answered for long may have gone. */
  private static void answerIfThere(Runnable answer) {
    try {
      answer.run();
    } catch (UncheckedIOException e) {
      // it has, and waits for no answer
    }
  }

  /** Answers those who have opened a channel, and all others. */
  void open() {
    synchronized (held) {
      holdsOpens = false;
      heldOpens.forEach(ScriptedBroker::answerIfThere);
      heldOpens.clear();
      peers.forEach(peer -> peer.unopened.clear());
    }
  }

  /** Confirms the last message that was swallowed, and those before it. */
  void confirmSwallowed() {
    swallows = false;
    swallowed.forEach(Runnable::run);
  }

  /** Waits until somebody wants to consume no more, and answers. */
  void answerCancel() {
    await().atMost(Wires.DEADLINE).until(() -> !heldCancels.isEmpty());
    heldCancels.remove(0).run();
  }

  /** Waits until somebody wants to consume from the held queue. */
  void awaitHeld() {
    await().atMost(Wires.DEADLINE).until(() -> !held.isEmpty());
  }

  /** By which connections somebody has wanted to consume from a queue, in that order. */
  List<Peer> peersThatConsume(String queue) {
    return received.stream()
        .filter(
            each ->
                each.method() instanceof AMQP.Basic.Consume consume
                    && consume.getQueue().equals(queue))
        .map(Received::peer)
        .distinct()
        .toList();
  }

  /** The channels of a connection by which somebody wanted to consume, and that were closed. */
  Set<Integer> closedChannels(Peer peer) {
    Set<Integer> consuming = new HashSet<>();
    Set<Integer> closed = new HashSet<>();
    for (Received each : received) {
      if (each.peer() == peer && each.method() instanceof AMQP.Basic.Consume) {
        consuming.add(each.channel());
      } else if (each.peer() == peer
          && each.method() instanceof AMQP.Channel.Close
          && consuming.contains(each.channel())) {
        closed.add(each.channel());
      }
    }
    return closed;
  }

  /** How many channels were closed by their clients. */
  long closedChannels() {
    return received.stream().filter(each -> each.method() instanceof AMQP.Channel.Close).count();
  }

  /** How many channels were opened. */
  long opened() {
    return received.stream().filter(each -> each.method() instanceof AMQP.Channel.Open).count();
  }

  /** Whether something was acknowledged while somebody waited to consume from a queue. */
  boolean hasAcknowledgementsWhileWaitingFor(String queue) {
    Set<Integer> waiting = new HashSet<>();
    for (Received each : received) {
      if (each.method() instanceof AMQP.Basic.Consume consume && consume.getQueue().equals(queue)) {
        waiting.add(each.channel());
      } else if (each.method() instanceof AMQP.Channel.Close) {
        waiting.remove(each.channel());
      } else if (each.method() instanceof AMQP.Basic.Ack && !waiting.isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /** Whether every channel by which somebody wanted to consume from a queue has been closed. */
  boolean isLeft(String queue) {
    Set<Integer> consuming = new HashSet<>();
    for (Received each : received) {
      if (each.method() instanceof AMQP.Basic.Consume consume && consume.getQueue().equals(queue)) {
        consuming.add(each.channel());
      } else if (each.method() instanceof AMQP.Channel.Close) {
        consuming.remove(each.channel());
      }
    }
    return consuming.isEmpty();
  }

  /** The first consumer of a queue, as soon as it is there. */
  Consumer consumerOf(String queue) {
    return consumerOf(queue, 0);
  }

  /** The nth consumer of a queue, from 0, as soon as it is there. */
  Consumer consumerOf(String queue, int index) {
    return await()
        .atMost(Wires.DEADLINE)
        .until(
            () ->
                consumers.stream()
                    .filter(each -> each.queue().equals(queue))
                    .skip(index)
                    .findFirst(),
            Optional::isPresent)
        .orElseThrow();
  }

  /** Answers to passive declarations that there is no such queue, in these words. */
  void sayOfQueues(String text) {
    missing = text;
  }

  /** Answers to no message that is published to a queue. */
  void swallow(String queue) {
    swallowedQueue = queue;
  }

  /** Does nothing more by a channel that something is published to a queue by. */
  void standStillAt(String queue) {
    standingQueue = queue;
  }

  /**
   * Returns a message that was published to a queue, by the first channel that was used for that.
   */
  void giveBack(String queue, String messageId) throws IOException {
    Received first =
        received.stream()
            .filter(
                each ->
                    each.method() instanceof AMQP.Basic.Publish publish
                        && publish.getRoutingKey().equals(queue))
            .findFirst()
            .orElseThrow();
    BasicProperties properties = new BasicProperties.Builder().messageId(messageId).build();
    byte[] body = {1};
    first
        .peer()
        .write(
            frame(
                first.channel(),
                new AMQP.Basic.Return.Builder()
                    .replyCode(AMQP.NO_ROUTE)
                    .replyText("NO_ROUTE")
                    .exchange("")
                    .routingKey(queue)
                    .build()),
            properties.toFrame(first.channel(), body.length),
            Frame.fromBodyFragment(first.channel(), ByteBuffer.wrap(body), 0, body.length));
  }

  /** Has connections that are made from now on use so many channels at most. */
  void allowChannels(int count) {
    channelMax = count;
  }

  /** Answers to passive declarations as 4.3.1 does to who has no permission on the queue. */
  void refuseToLook() {
    refuseToLookAt("");
  }

  /** As {@link #refuseToLook}, for queues with such names. */
  void refuseToLookAt(String part) {
    unseen = part;
  }

  /** The nth consumer, from 0, as soon as it is there. */
  Consumer consumer(int index) {
    await().atMost(Wires.DEADLINE).until(() -> consumers.size() > index);
    return consumers.get(index);
  }

  /** All methods of a class that a client has sent on the channel of a consumer. */
  <M extends Method> List<M> from(Consumer consumer, Class<M> kind) {
    return received.stream()
        .filter(each -> each.peer() == consumer.peer() && each.channel() == consumer.channel())
        .map(Received::method)
        .filter(kind::isInstance)
        .map(kind::cast)
        .toList();
  }

  /** Waits until so many connections have been made, since the begin. */
  void awaitConnections(int count) {
    await().atMost(Wires.DEADLINE).until(() -> peers.size() >= count);
  }

  /** Blocks the connections that have published. */
  void blockPublishers() {
    publishers().forEach(peer -> peer.write(0, new AMQP.Connection.Blocked.Builder().build()));
  }

  /** Lets the connections that have published go on. */
  void unblockPublishers() {
    publishers().forEach(peer -> peer.write(0, new AMQP.Connection.Unblocked.Builder().build()));
  }

  /** Ends the channel by which something was published to a queue. */
  void closeChannelOf(String queue, int code, String text) {
    received.stream()
        .filter(
            each ->
                each.method() instanceof AMQP.Basic.Publish publish
                    && publish.getRoutingKey().equals(queue))
        .findFirst()
        .ifPresent(
            each -> new Consumer(each.peer(), each.channel(), "", queue).closeChannel(code, text));
  }

  /** Cuts the connections that have published. */
  void cutPublishers() {
    publishers().forEach(Peer::cut);
  }

  @Override
  public void close() throws IOException {
    listening.close();
    peers.forEach(Peer::cut);
  }

  private List<Peer> publishers() {
    return received.stream()
        .filter(each -> each.method() instanceof AMQP.Basic.Publish)
        .map(Received::peer)
        .distinct()
        .toList();
  }

  private void accept() throws IOException {
    while (true) {
      Peer peer = new Peer(listening.accept());
      peers.add(peer);
      run(peer::serve);
    }
  }

  private interface Work {
    void run() throws IOException;
  }

  private static Frame frame(int channel, Method method) {
    try {
      return ((com.rabbitmq.client.impl.Method) method).toFrame(channel);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void run(Work work) {
    Thread thread =
        new Thread(
            () -> {
              try {
                work.run();
              } catch (IOException | UncheckedIOException e) {
                // the other side has gone, or the test is over
              }
            },
            "scripted-broker");
    thread.setDaemon(true);
    thread.start();
  }

  /** One connection. */
  final class Peer {
    private final Socket socket;
    private final DataOutputStream out;

    /** The channels that wait for a queue, and do nothing else meanwhile. */
    private final Set<Integer> stuck = new HashSet<>();

    /** The channels that the client wants to open. */
    private final Set<Integer> unopened = new HashSet<>();

    /** The first channel; -1 once another has its number, 0 before there is one. */
    private int stuckOne;

    /** By channel. */
    private final Map<Integer, Long> published = new HashMap<>();

    Peer(Socket socket) throws IOException {
      this.socket = socket;
      this.out = new DataOutputStream(new BufferedOutputStream(socket.getOutputStream()));
    }

    void serve() throws IOException {
      DataInputStream in = new DataInputStream(new BufferedInputStream(socket.getInputStream()));
      in.skipNBytes("AMQP0091".length());
      Map<String, Object> capabilities =
          Map.of("basic.nack", true, "publisher_confirms", true, "consumer_cancel_notify", true);
      write(
          0,
          new AMQP.Connection.Start.Builder()
              .versionMajor(0)
              .versionMinor(9)
              .serverProperties(
                  Map.of("product", "RabbitMQ", "version", version, "capabilities", capabilities))
              .mechanisms("PLAIN")
              .build());
      while (true) {
        Frame frame = Frame.readFrom(in, () -> Integer.MAX_VALUE);
        if (frame != null && frame.getType() == AMQP.FRAME_METHOD) {
          Method method = AMQImpl.readMethodFrom(frame.getInputStream());
          received.add(new Received(this, frame.getChannel(), method));
          answerInTurn(frame.getChannel(), method);
          if (method instanceof AMQP.Basic.Publish) {
            ScriptedBroker.this.published.incrementAndGet();
          }
        }
      }
    }

    private void answerInTurn(int channel, Method method) {
      synchronized (held) {
        if (stuck.contains(channel)) {
          held.add(() -> answer(channel, method));
          return;
        }
        if (method instanceof AMQP.Channel.Open ? holdsOpens : unopened.contains(channel)) {
          unopened.add(channel);
          heldOpens.add(() -> answer(channel, method));
          return;
        }
        if (isOfHeldQueue(method)
            || (method instanceof AMQP.Basic.Publish publish
                && publish.getRoutingKey().equals(standingQueue))) {
          stuck.add(channel);
          held.add(() -> answer(channel, method));
          return;
        }
      }
      answer(channel, method);
    }

    private boolean isOfHeldQueue(Method method) {
      return (method instanceof AMQP.Basic.Consume consume && consume.getQueue().equals(heldQueue))
          || (method instanceof AMQP.Queue.Declare declare
              && !declare.getPassive()
              && declare.getQueue().equals(heldQueue));
    }

    private void answer(int channel, Method method) {
      if (method instanceof AMQP.Connection.StartOk) {
        write(
            0, new AMQP.Connection.Tune.Builder().channelMax(channelMax).frameMax(131_072).build());
      } else if (method instanceof AMQP.Connection.Open) {
        write(0, new AMQP.Connection.OpenOk.Builder().build());
      } else if (method instanceof AMQP.Connection.Close) {
        write(0, new AMQP.Connection.CloseOk.Builder().build());
      } else if (method instanceof AMQP.Channel.Open) {
        published.remove(channel);
        stuckOne = stuckOne == 0 ? channel : stuckOne == channel ? -1 : stuckOne;
        write(channel, new AMQP.Channel.OpenOk.Builder().build());
      } else if (method instanceof AMQP.Channel.Close) {
        if (!holdsCloses) {
          write(channel, new AMQP.Channel.CloseOk.Builder().build());
        }
      } else if (method instanceof AMQP.Confirm.Select) {
        write(channel, new AMQP.Confirm.SelectOk.Builder().build());
      } else if (method instanceof AMQP.Basic.Qos) {
        write(channel, new AMQP.Basic.QosOk.Builder().build());
      } else if (method instanceof AMQP.Basic.Publish publish) {
        long number = published.merge(channel, 1L, Long::sum);
        if (swallows || publish.getRoutingKey().equals(swallowedQueue)) {
          swallowed.add(
              () -> write(channel, new AMQP.Basic.Ack.Builder().deliveryTag(number).build()));
          return;
        }
        boolean stuck = stuckOne == channel && publish.getRoutingKey().equals(stuckQueue);
        write(
            channel,
            stuck
                ? new AMQP.Basic.Nack.Builder().deliveryTag(number).build()
                : new AMQP.Basic.Ack.Builder().deliveryTag(number).build());
      } else if (method instanceof AMQP.Basic.Cancel cancel) {
        Runnable answer =
            () ->
                write(
                    channel,
                    new AMQP.Basic.CancelOk.Builder().consumerTag(cancel.getConsumerTag()).build());
        if (holdsCancels) {
          heldCancels.add(answer);
        } else {
          answer.run();
        }
      } else if (method instanceof AMQP.Basic.Consume consume) {
        consume(channel, consume.getQueue());
      } else if (method instanceof AMQP.Exchange.Declare declare && declare.getPassive()) {
        new Consumer(this, channel, "", "").closeChannel(AMQP.NOT_FOUND, "NOT_FOUND - no exchange");
      } else if (method instanceof AMQP.Queue.Bind) {
        write(channel, new AMQP.Queue.BindOk.Builder().build());
      } else if (method instanceof AMQP.Queue.Declare declare) {
        declared(channel, declare);
      }
    }

    private void consume(int channel, String queue) {
      String tag = "tag-" + channel + "-" + queue;
      write(channel, new AMQP.Basic.ConsumeOk.Builder().consumerTag(tag).build());
      consumers.add(new Consumer(this, channel, tag, queue));
    }

    private void declared(int channel, AMQP.Queue.Declare declare) {
      if (declare.getPassive() && !missing.isEmpty()) {
        new Consumer(this, channel, "", "").closeChannel(AMQP.NOT_FOUND, missing);
        return;
      }
      if (declare.getPassive() && declare.getQueue().contains(unseen)) {
        new Consumer(this, channel, "", "")
            .closeChannel(
                AMQP.ACCESS_REFUSED,
                "ACCESS_REFUSED - access to queue '%s' in vhost '/' refused"
                    .formatted(declare.getQueue()));
        return;
      }
      write(
          channel,
          new AMQP.Queue.DeclareOk.Builder()
              .queue(declare.getQueue())
              .messageCount(messages)
              .consumerCount(
                  (int)
                      consumers.stream()
                          .skip(forgotten)
                          .filter(each -> each.queue().equals(declare.getQueue()))
                          .count())
              .build());
    }

    private void write(int channel, Method method) {
      write(frame(channel, method));
    }

    private synchronized void write(Frame... frames) {
      try {
        for (Frame frame : frames) {
          frame.writeTo(out);
        }
        out.flush();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    private void cut() {
      try {
        socket.close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
  }
}
