package dev.waybill.transport.rabbitmq;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.support.TransportUri;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code amqp:} and {@code amqps:} URIs, and the environment. */
final class RabbitUri {
  private static final String CREDENTIALS = "credentials";
  private static final String DELAYS = "delays";

  private RabbitUri() {}

  static RabbitSettings settings(String text) {
    return settings(text, System.getenv());
  }

  static RabbitSettings settings(String text, Map<String, String> environment) {
    TransportUri uri = TransportUri.parse(text, Set.of(CREDENTIALS, DELAYS));
    RabbitTransport.Builder builder = RabbitTransport.builder().environment(environment);
    String file = uri.parameters().get(CREDENTIALS);
    if (file != null) {
      builder.credentialsFile(Path.of(file));
    }
    switch (uri.scheme()) {
      case "amqp" -> {}
      case "amqps" -> builder.tls();
      default -> throw malformed(text, "the scheme is neither amqp nor amqps");
    }
    String user = uri.user();
    if (user != null && !user.isEmpty()) {
      builder.user(user);
    }
    String password = uri.password();
    if (password != null) {
      builder.password(password);
    }
    String path = uri.path();
    if (path != null && !path.isEmpty()) {
      builder.virtualHost(path);
    }
    if (!uri.authority().isEmpty()) {
      for (String part : uri.authority().split(",", -1)) {
        address(builder, text, part);
      }
    }
    String delays = uri.parameters().get(DELAYS);
    if (delays != null) {
      if (!delays.equals("true") && !delays.equals("false")) {
        throw malformed(text, "the parameter 'delays' is neither true nor false");
      }
      builder.delays(delays.equals("true"));
    }
    return builder.settings();
  }

  private static void address(RabbitTransport.Builder builder, String text, String part) {
    int bracket = part.lastIndexOf(']');
    int colon = part.lastIndexOf(':');
    boolean hasPort = colon > bracket;
    String host = hasPort ? part.substring(0, colon) : part;
    if (host.startsWith("[") && host.endsWith("]")) {
      host = host.substring(1, host.length() - 1);
    }
    if (host.isEmpty()) {
      throw malformed(text, "a host name is missing");
    }
    if (!hasPort) {
      builder.host(host);
      return;
    }
    try {
      builder.address(host, Integer.parseInt(part.substring(colon + 1)));
    } catch (IllegalArgumentException e) {
      throw malformed(text, "the port after " + host + " is not a number from 1 to 65535");
    }
  }

  private static ConfigurationException malformed(String text, String why) {
    return new ConfigurationException(
        List.of(
            "'%s' is not a RabbitMQ URI (%s); write amqp://user:password@host:5672/vhost."
                .formatted(TransportUri.redact(text), why)));
  }
}
