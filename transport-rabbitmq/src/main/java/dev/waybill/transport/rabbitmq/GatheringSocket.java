package dev.waybill.transport.rabbitmq;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Leaves what a thread writes in a buffer for as long as that thread has more of it: a system call,
 * and a packet, for each of several small messages is a third of what they cost. The client flushes
 * after each, and has no setting for that. Thread-safe; what other threads flush leaves at once,
 * with all before it.
 */
final class GatheringSocket extends Socket {
  private static final int BUFFER_BYTES = 16 * 1024;
  private static final ThreadLocal<Boolean> GATHERING = ThreadLocal.withInitial(() -> false);

  private @Nullable OutputStream out;

  /** From now on what this thread flushes is left in the buffer, or is not. */
  static void gather(boolean more) {
    GATHERING.set(more);
  }

  @Override
  public synchronized OutputStream getOutputStream() throws IOException {
    OutputStream made = out;
    if (made == null) {
      made =
          new BufferedOutputStream(super.getOutputStream(), BUFFER_BYTES) {
            @Override
            public synchronized void flush() throws IOException {
              if (!GATHERING.get()) {
                super.flush();
              }
            }
          };
      out = made;
    }
    return made;
  }

  /** Makes such sockets, not yet connected, as the client wants them; and others, as ever. */
  static final class Factory extends SocketFactory {
    private final SocketFactory others = SocketFactory.getDefault();

    @Override
    public Socket createSocket() {
      return new GatheringSocket();
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
      return others.createSocket(host, port);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress local, int localPort)
        throws IOException {
      return others.createSocket(host, port, local, localPort);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
      return others.createSocket(host, port);
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort)
        throws IOException {
      return others.createSocket(host, port, local, localPort);
    }
  }
}
