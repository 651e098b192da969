package dev.waybill.transport;

import java.util.Set;

/**
 * Makes a transport from a URI. A transport module provides one with {@link
 * java.util.ServiceLoader} (in {@code META-INF/services} and, where it has one, its module
 * descriptor), so that {@link Transport#at} finds it.
 */
public interface TransportProvider {
  /** The URI schemes served, in lower case, without colon. */
  Set<String> schemes();

  /**
   * A transport for a URI of one of the schemes; does not connect.
   *
   * @throws dev.waybill.error.ConfigurationException if the URI is not one of this transport's;
   *     never repeats user info or other secrets
   */
  Transport create(String uri);
}
