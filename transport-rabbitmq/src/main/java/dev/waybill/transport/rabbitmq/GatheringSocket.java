package dev.waybill.transport.rabbitmq;

import java.io.BufferedInputStream;
import java.io.BufferedOutputStream;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.LinkedHashSet;
import java.util.Set;
import javax.net.SocketFactory;
import org.jspecify.annotations.Nullable;

/**
 * Leaves what a thread writes in a buffer for as long as that thread has more of it: a system call,
 * and a packet, for each of several small messages is a third of what they cost. The client flushes
 * after each, and has no setting for that. Thread-safe; what other threads flush leaves at once,
 * with all before it.
 *
 * <p>What there is to read is read many messages at a time, and {@link #whenRead handed over} once
 * it is: to wake another thread costs more than to read a message.
 */
final class GatheringSocket extends Socket {
  private static final int BUFFER_BYTES = 16 * 1024;

  /** How much is read at once; and at most, however much more there is, before others are told. */
  private static final int READ_BYTES = 64 * 1024;

  private static final ThreadLocal<Boolean> GATHERING = ThreadLocal.withInitial(() -> false);

  /** What is to be done by a thread that reads when it has read all. */
  private static final ThreadLocal<@Nullable Set<Runnable>> READING = new ThreadLocal<>();

  private @Nullable InputStream in;
  private @Nullable OutputStream out;

  /** From now on what this thread flushes is left in the buffer, or is not. */
  static void gather(boolean more) {
    GATHERING.set(more);
  }

  /**
   * Has {@code work} done, once however often it is given, when this thread has read all that is
   * there of what it reads by such a socket; before it waits for more in any case. At once if it
   * reads nothing by one. Not done if this thread ends before it reads again.
   *
   * @param work must not block and must not throw
   */
  static void whenRead(Runnable work) {
    Set<Runnable> then = READING.get();
    if (then == null) {
      work.run();
    } else {
      then.add(work);
    }
  }

  @Override
  public synchronized InputStream getInputStream() throws IOException {
    InputStream made = in;
    if (made == null) {
      made = new Input(new Source(super.getInputStream()));
      in = made;
    }
    return made;
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

  /** What is read and not yet taken. */
  private static final class Input extends BufferedInputStream {
    Input(InputStream source) {
      super(source, READ_BYTES);
    }

    /** Without asking the system if there is something, as the client wants to know often. */
    @Override
    public synchronized int available() throws IOException {
      return pos < count ? count - pos : super.available();
    }
  }

  /** What is not yet read. For one thread. */
  private static final class Source extends FilterInputStream {
    private final Set<Runnable> then = new LinkedHashSet<>();

    /** How much was read since others were told. */
    private int untold;

    Source(InputStream socket) {
      super(socket);
    }

    @Override
    public int read(byte[] into, int offset, int length) throws IOException {
      READING.set(then);
      if (untold >= READ_BYTES || available() == 0) {
        then.forEach(Runnable::run);
        then.clear();
        untold = 0;
      }
      int read = super.read(into, offset, length);
      untold += Math.max(read, 0);
      return read;
    }
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
