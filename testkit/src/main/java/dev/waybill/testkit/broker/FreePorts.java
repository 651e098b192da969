package dev.waybill.testkit.broker;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.HashSet;
import java.util.Random;
import java.util.Set;

/**
 * Free TCP ports of 127.0.0.1, each handed out only once in this JVM.
 *
 * <p>They are below the ranges from which operating systems number outgoing connections (Linux from
 * 32768, macOS from 49152). So no connection takes the port of a broker that is down for a moment,
 * nor does a client that tries to reach it get connected to itself.
 */
public final class FreePorts {

  private static final int FIRST = 15_000;
  private static final int END = 32_000;
  private static final Random RANDOM = new Random();
  private static final Set<Integer> HANDED_OUT = new HashSet<>();

  private FreePorts() {}

  /**
   * A free port. Another process may take it before it is used; then take a new one.
   *
   * @return the port
   * @throws BrokerUnavailableException if there is none
   */
  public static int next() {
    synchronized (HANDED_OUT) {
      for (int tries = 0; tries < END - FIRST; tries++) {
        int port = FIRST + RANDOM.nextInt(END - FIRST);
        if (!HANDED_OUT.contains(port) && isFree(port)) {
          HANDED_OUT.add(port);
          return port;
        }
      }
    }
    throw new BrokerUnavailableException(
        "No free port between " + FIRST + " and " + END + " on 127.0.0.1");
  }

  private static boolean isFree(int port) {
    try (ServerSocket socket = Loopback.listen(port)) {
      return socket.isBound();
    } catch (IOException taken) {
      return false;
    }
  }
}
