package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;

/** How many hosts a connection is tried at, one after another. */
final class Hosts {
  /** Looks a name up; blocks. */
  interface Lookup {
    InetAddress[] addresses(String name) throws UnknownHostException;
  }

  private Hosts() {}

  /** Of a single name the client tries all addresses, of each of several names the first one. */
  static int count(List<Address> names, Lookup lookup) {
    if (names.size() > 1) {
      return names.size();
    }
    try {
      return Math.max(lookup.addresses(names.get(0).getHost()).length, 1);
    } catch (UnknownHostException e) {
      return 1; // which the client finds out itself, and tells
    }
  }
}
