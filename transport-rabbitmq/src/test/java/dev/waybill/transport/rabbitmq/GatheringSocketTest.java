package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatheringSocketTest {
  private final RabbitThreads threads = new RabbitThreads();
  private final ExecutorService blocking = Executors.newCachedThreadPool();
  private ScriptedBroker broker;
  private RabbitLink link;
  private Channel channel;

  @BeforeEach
  void connect() throws Exception {
    broker = new ScriptedBroker("4.3.1");
    link = new RabbitLink(RabbitUri.settings(broker.uri()), "publish", threads);
    link.open(Wires.DEADLINE);
    Connection connection = link.connection();
    channel = connection.createChannel();
  }

  @AfterEach
  void close() throws Exception {
    GatheringSocket.gather(false);
    link.close();
    broker.close();
    blocking.shutdown();
  }

  @Test
  void what_is_gathered_leaves_with_the_flush() throws Exception {
    GatheringSocket.gather(true);
    for (int i = 0; i < 3; i++) {
      publish();
    }
    GatheringSocket.gather(false);
    await()
        .during(Duration.ofMillis(300))
        .atMost(Wires.DEADLINE)
        .until(() -> broker.published() == 0);

    link.flush();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 3);
  }

  @Test
  void what_another_thread_writes_leaves_at_once_with_all_before_it() throws Exception {
    GatheringSocket.gather(true);
    publish();

    blocking
        .submit(
            () -> {
              channel.basicPublish("", "q", null, new byte[1]);
              return true;
            })
        .get();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 2);
  }

  @Test
  void a_message_that_no_other_follows_leaves_at_once() throws Exception {
    publish();

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
  }

  @Test
  void what_fills_the_buffer_does_not_wait_for_more() throws Exception {
    GatheringSocket.gather(true);

    channel.basicPublish("", "q", null, new byte[100_000]);

    await().atMost(Wires.DEADLINE).until(() -> broker.published() == 1);
  }

  private void publish() throws Exception {
    channel.basicPublish("", "q", null, new byte[1]);
  }

  @Test
  void what_is_to_be_done_when_all_is_read_is_done_once_before_the_thread_waits_for_more()
      throws Exception {
    AtomicInteger done = new AtomicInteger();
    Runnable work = done::incrementAndGet;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket socket = connected(server);
        Socket peer = server.accept()) {
      peer.getOutputStream().write(new byte[] {1, 2, 3});
      Future<Integer> reader =
          blocking.submit(
              () -> {
                InputStream in = socket.getInputStream();
                assertThat(in.read()).isEqualTo(1);
                GatheringSocket.whenRead(work);
                assertThat(in.read()).isEqualTo(2);
                GatheringSocket.whenRead(work);
                assertThat(in.available()).isEqualTo(1);
                assertThat(in.read()).isEqualTo(3);
                assertThat(done).hasValue(0);
                return in.read();
              });

      await().atMost(Wires.DEADLINE).until(() -> done.get() == 1 || reader.isDone());
      peer.getOutputStream().write(4);

      assertThat(reader.get(60, TimeUnit.SECONDS)).isEqualTo(4);
      assertThat(done).hasValue(1);
    }
  }

  @Test
  void it_is_done_though_there_is_always_more_to_read() throws Exception {
    AtomicInteger done = new AtomicInteger();
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket socket = connected(server);
        Socket peer = server.accept()) {
      Future<?> writer =
          blocking.submit(
              () -> {
                peer.getOutputStream().write(new byte[2_000_000]);
                return true;
              });
      Future<Integer> reader =
          blocking.submit(
              () -> {
                InputStream in = socket.getInputStream();
                assertThat(in.read()).isZero();
                GatheringSocket.whenRead(done::incrementAndGet);
                int read = 1;
                for (; done.get() == 0; read++) {
                  assertThat(in.read()).isZero();
                }
                return read;
              });

      assertThat(reader.get(60, TimeUnit.SECONDS)).isLessThan(200_000);
      socket.close();
      assertThat(writer).isNotNull();
    }
  }

  @Test
  void on_a_thread_that_reads_nothing_it_is_done_at_once() throws Exception {
    AtomicInteger done = new AtomicInteger();

    blocking.submit(() -> GatheringSocket.whenRead(done::incrementAndGet)).get();

    assertThat(done).hasValue(1);
  }

  private static Socket connected(ServerSocket server) throws Exception {
    Socket made = new GatheringSocket.Factory().createSocket();
    made.connect(server.getLocalSocketAddress());
    return made;
  }
}
