package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.WriteListener;
import com.rabbitmq.client.impl.FrameHandler;
import com.rabbitmq.client.impl.FrameHandlerFactory;
import com.rabbitmq.client.impl.SocketFrameHandler;
import com.rabbitmq.client.impl.SocketFrameHandlerFactory;
import java.io.IOException;
import java.net.Socket;
import java.util.concurrent.ExecutorService;
import org.jspecify.annotations.Nullable;

/**
 * Several messages with one flush. The client flushes after each, which costs a system call here
 * and a packet at the broker, for each message. What other threads write is flushed as ever, with
 * all that is written before.
 */
final class LateFlush {
  /** A call of the client's that writes. */
  interface Write {
    void make() throws IOException;
  }

  /** The thread that writes without a flush, while it does. */
  private volatile @Nullable Thread writer;

  /** What has been written to and is not flushed. Of the writer's thread. */
  private @Nullable FrameHandler unflushed;

  /** Writes; {@link #flush} has to follow soon, on the same thread. */
  void write(Write call) throws IOException {
    writer = Thread.currentThread();
    try {
      call.make();
    } finally {
      writer = null;
    }
  }

  /** Flushes what has been written. */
  void flush() throws IOException {
    FrameHandler written = unflushed;
    unflushed = null;
    if (written != null) {
      written.flush(null);
    }
  }

  private boolean isLeftOut(FrameHandler written) {
    boolean leftOut = Thread.currentThread() == writer;
    if (leftOut) {
      unflushed = written;
    }
    return leftOut;
  }

  /**
   * Makes connections that this can leave out flushes of.
   *
   * @param shutdowns as for {@link ConnectionFactory#setShutdownExecutor}
   */
  ConnectionFactory factory(ExecutorService shutdowns) {
    ConnectionFactory factory = new Factory(shutdowns);
    factory.setShutdownExecutor(shutdowns);
    return factory;
  }

  /** As the client's own, but for the flush. */
  private final class Factory extends ConnectionFactory {
    private final ExecutorService shutdowns;

    Factory(ExecutorService shutdowns) {
      this.shutdowns = shutdowns;
    }

    @Override
    protected synchronized FrameHandlerFactory createFrameHandlerFactory() {
      return new SocketFrameHandlerFactory(
          getConnectionTimeout(),
          getSocketFactory(),
          getSocketConfigurator(),
          isSSL(),
          shutdowns,
          null,
          AMQP.FRAME_MIN_SIZE) {
        @Override
        public FrameHandler create(Socket socket) throws IOException {
          return new Frames(socket, shutdowns, frameMax);
        }
      };
    }
  }

  private final class Frames extends SocketFrameHandler {
    Frames(Socket socket, ExecutorService shutdowns, int frameMax) throws IOException {
      super(socket, shutdowns, frameMax);
    }

    @Override
    public void flush(@Nullable WriteListener listener) throws IOException {
      if (!isLeftOut(this)) {
        super.flush(listener);
      }
    }
  }
}
