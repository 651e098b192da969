package dev.waybill.testkit.broker;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;

/** Sockets of 127.0.0.1, also where the loopback interface prefers IPv6. */
final class Loopback {

  private static final int BACKLOG = 200;
  private static final int CONNECT_MILLIS = 5_000;

  private Loopback() {}

  static ServerSocket listen(int port) throws IOException {
    return new ServerSocket(port, BACKLOG, address());
  }

  static Socket connect(int port) throws IOException {
    Socket socket = new Socket();
    connect(socket, port);
    return socket;
  }

  /** Connects {@code socket}, which is closed where that fails. */
  static void connect(Socket socket, int port) throws IOException {
    try {
      socket.setTcpNoDelay(true);
      socket.connect(new InetSocketAddress(address(), port), CONNECT_MILLIS);
    } catch (IOException e) {
      socket.close();
      throw e;
    }
  }

  /** Ends a connection by RST. */
  static void reset(Socket socket) throws IOException {
    try (socket) {
      if (!socket.isClosed()) {
        socket.setSoLinger(true, 0);
      }
    }
  }

  private static InetAddress address() throws IOException {
    return InetAddress.getByAddress(new byte[] {127, 0, 0, 1});
  }
}
