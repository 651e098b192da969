package dev.waybill.testkit.broker;

import java.io.IOException;
import java.net.ServerSocket;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Free TCP ports of 127.0.0.1, each handed out only once in this JVM, and in no other JVM that
 * draws them here while this one lives: a broker that is down for a moment finds its own free.
 *
 * <p>They are below the ranges from which operating systems number outgoing connections (Linux from
 * 32768, macOS from 49152). So no connection takes the port of a broker that is down for a moment,
 * nor does a client that tries to reach it get connected to itself.
 */
public final class FreePorts {

  private static final int FIRST = 15_000;
  private static final int END = 32_000;

  /** How many are claimed at once, by listening on the first of them. */
  private static final int BLOCK = 200;

  private static final Random RANDOM = new Random();

  /** Never closed: all blocks of this JVM are its own for its life. */
  private static final List<ServerSocket> CLAIMS = new ArrayList<>();

  private static int next = END;
  private static int end = END;

  private FreePorts() {}

  /**
   * A free port. Another process may take it before it is used; then take a new one.
   *
   * @return the port
   * @throws BrokerUnavailableException if there is none
   */
  public static synchronized int next() {
    while (true) {
      while (next < end) {
        int port = next;
        next++;
        if (isFree(port)) {
          return port;
        }
      }
      ServerSocket claim = claimed();
      CLAIMS.add(claim); // or it would be closed with the garbage
      next = claim.getLocalPort() + 1;
      end = claim.getLocalPort() + BLOCK;
    }
  }

  /** The port by which the block of a port is claimed. */
  static int claim(int port) {
    return port - (port - FIRST) % BLOCK;
  }

  private static ServerSocket claimed() {
    int blocks = (END - FIRST) / BLOCK;
    int begin = RANDOM.nextInt(blocks);
    for (int i = 0; i < blocks; i++) {
      try {
        return Loopback.listen(FIRST + ((begin + i) % blocks) * BLOCK);
      } catch (IOException taken) {
        // by another JVM, or by this one before
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
