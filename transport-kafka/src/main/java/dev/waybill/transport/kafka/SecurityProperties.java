package dev.waybill.transport.kafka;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Makes what is said of a login and of TLS complete and free of contradictions: Kafka's clients
 * would pass over what does not fit their {@code security.protocol}, and send a password in clear.
 */
final class SecurityProperties {
  private static final String PROTOCOL = "security.protocol";
  private static final String MECHANISM = "sasl.mechanism";
  private static final String JAAS = "sasl.jaas.config";
  private static final String USERNAME = PropertyRules.USERNAME;
  private static final String PASSWORD = PropertyRules.PASSWORD;

  /** The mechanisms of a user and a password, with the module that knows them. */
  private static final Map<String, String> MODULES =
      Map.of(
          "PLAIN", "org.apache.kafka.common.security.plain.PlainLoginModule",
          "SCRAM-SHA-256", "org.apache.kafka.common.security.scram.ScramLoginModule",
          "SCRAM-SHA-512", "org.apache.kafka.common.security.scram.ScramLoginModule");

  private SecurityProperties() {}

  /**
   * Adds the protocol that follows from the rest, and the login's configuration in Kafka's form;
   * for all clients, and for those that have properties of their own.
   *
   * @param tls whether TLS is wanted whatever the properties say
   */
  static void complete(Map<String, String> properties, boolean tls, List<String> problems) {
    Map<String, String> given = Map.copyOf(properties);
    completeOne(properties, tls, problems);
    for (String client : PropertyRules.clients()) {
      Map<String, String> own = own(given, client);
      if (own.isEmpty()) {
        continue;
      }
      Map<String, String> all = new LinkedHashMap<>(given);
      if (own.containsKey(JAAS)) { // a login of its own
        all.keySet().removeAll(List.of(USERNAME, PASSWORD));
      }
      all.putAll(own);
      List<String> its = new ArrayList<>();
      completeOne(all, tls, its);
      its.removeAll(problems);
      its.forEach(problem -> problems.add("With \"" + client + "…\": " + problem));
      all.forEach(
          (name, value) -> {
            if (isOfSecurity(name) && !value.equals(properties.get(name))) {
              properties.put(client + name, value);
            }
          });
    }
  }

  private static Map<String, String> own(Map<String, String> given, String client) {
    Map<String, String> own = new LinkedHashMap<>();
    given.forEach(
        (name, value) -> {
          String plain = name.startsWith(client) ? name.substring(client.length()) : "";
          if (isOfSecurity(plain)) {
            own.put(plain, value);
          }
        });
    return own;
  }

  private static boolean isOfSecurity(String name) {
    return name.equals(PROTOCOL) || name.startsWith("sasl.") || name.startsWith("ssl.");
  }

  private static void completeOne(
      Map<String, String> properties, boolean tls, List<String> problems) {
    protocol(properties, tls, problems);
    login(properties, problems);
  }

  private static void protocol(Map<String, String> properties, boolean tls, List<String> problems) {
    boolean login =
        List.of(MECHANISM, JAAS, USERNAME, PASSWORD).stream().anyMatch(properties::containsKey);
    boolean certificates =
        properties.keySet().stream()
            .anyMatch(
                name -> name.startsWith("ssl.truststore.") || name.startsWith("ssl.keystore."));
    String given = properties.get(PROTOCOL);
    if (given == null) {
      if (login) {
        properties.put(PROTOCOL, "SASL_SSL");
      } else if (tls || certificates) {
        properties.put(PROTOCOL, "SSL");
      }
      return;
    }
    String protocol = given.strip().toUpperCase(Locale.ROOT);
    if (login && (protocol.equals("PLAINTEXT") || protocol.equals("SSL"))) {
      problems.add(
          "property \"%s\" is %s, which has no login, though one is given: leave it out for SASL_SSL."
              .formatted(PROTOCOL, protocol));
    }
    if ((tls || certificates)
        && (protocol.equals("PLAINTEXT") || protocol.equals("SASL_PLAINTEXT"))) {
      problems.add(
          "property \"%s\" is %s, which is not encrypted, though TLS is asked for: leave it out for %s."
              .formatted(PROTOCOL, protocol, login ? "SASL_SSL" : "SSL"));
    }
  }

  private static void login(Map<String, String> properties, List<String> problems) {
    String user = properties.remove(USERNAME);
    String password = properties.remove(PASSWORD);
    String mechanism = properties.get(MECHANISM);
    if (user == null && password == null) {
      if (properties.containsKey(JAAS) && mechanism == null) {
        problems.add(
            "property \"%s\" is given without \"%s\": name the mechanism, such as SCRAM-SHA-512."
                .formatted(JAAS, MECHANISM));
      }
      return;
    }
    if (properties.containsKey(JAAS)) {
      problems.add(
          "Two logins: give either a user and a password, or \"%s\", also over files and environment."
              .formatted(JAAS));
    }
    if (user == null || password == null) {
      problems.add(
          "A login needs both \"%s\" and \"%s\"; \"%s\" is missing."
              .formatted(USERNAME, PASSWORD, user == null ? USERNAME : PASSWORD));
      return;
    }
    String module = mechanism == null ? null : MODULES.get(mechanism);
    if (module == null) {
      problems.add(
          "property \"%s\" must be PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512 for a login with \"%s\"; for"
                  .formatted(MECHANISM, USERNAME)
              + " another one give \"%s\".".formatted(JAAS));
      return;
    }
    properties.put(
        JAAS,
        "%s required username=%s password=%s;".formatted(module, quoted(user), quoted(password)));
  }

  /** As Kafka's reader of such configurations takes any text. */
  private static String quoted(String text) {
    return '"'
        + text.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n").replace("\r", "\\r")
        + '"';
  }
}
