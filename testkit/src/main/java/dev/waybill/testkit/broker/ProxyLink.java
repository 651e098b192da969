package dev.waybill.testkit.broker;

import dev.waybill.testkit.broker.FaultProxy.Direction;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;

/** One connection through a {@link FaultProxy}: two sockets and a pump in each direction. */
final class ProxyLink {

  private static final int CHUNK = 65_536;

  private final Socket client;
  private final Socket broker = new Socket();
  private final ProxyFaults faults;
  private final Consumer<ProxyLink> onEnd;
  private final AtomicInteger open = new AtomicInteger(2);

  ProxyLink(Socket client, ProxyFaults faults, Consumer<ProxyLink> onEnd) {
    this.client = client;
    this.faults = faults;
    this.onEnd = onEnd;
  }

  boolean isOpen() {
    return !client.isClosed();
  }

  /** Connects to the broker; fails where this link was reset meanwhile. */
  void connect(int port) throws IOException {
    client.setTcpNoDelay(true);
    Loopback.connect(broker, port);
  }

  void pumpToBroker() {
    pump(Direction.TO_BROKER, client, broker);
  }

  void pumpToClient() {
    pump(Direction.TO_CLIENT, broker, client);
  }

  private void pump(Direction direction, Socket from, Socket to) {
    byte[] chunk = new byte[CHUNK];
    try {
      int count = from.getInputStream().read(chunk);
      while (count >= 0) {
        int passed = faults.pass(direction, count, this);
        to.getOutputStream().write(chunk, 0, Math.max(0, passed));
        if (passed < count) {
          reset();
          return;
        }
        count = from.getInputStream().read(chunk);
      }
      endOf(direction, to);
    } catch (IOException e) {
      reset(); // one side has gone, which the other side learns by the same reset
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      reset();
    }
  }

  /** Hands on that one side will send no more; the other direction goes on until its end. */
  private void endOf(Direction direction, Socket to) throws IOException, InterruptedException {
    faults.pass(direction, 0, this);
    to.shutdownOutput();
    if (open.decrementAndGet() == 0) {
      end(false);
    }
  }

  /** Ends both connections by RST. */
  void reset() {
    end(true);
    faults.wake();
  }

  private synchronized void end(boolean byReset) {
    onEnd.accept(this);
    try {
      if (byReset) {
        Loopback.reset(client);
        Loopback.reset(broker);
      } else {
        client.close();
        broker.close();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
