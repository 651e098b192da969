package dev.waybill.transport.support;

import dev.waybill.error.ConfigurationException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A transport's URI, taken apart: {@code
 * scheme://user:password@host:port,host:port/path?name=value}. Unlike {@link java.net.URI} it knows
 * authorities of several hosts. User info, path and parameters are percent-decoded.
 *
 * @param scheme in lower case
 * @param userInfo the part before {@code @}, or null; a secret
 * @param authority hosts and ports, possibly empty
 * @param path without the leading slash; null if there is no slash after the authority
 * @param parameters the query's names and values
 */
public record TransportUri(
    String scheme,
    @Nullable String userInfo,
    String authority,
    @Nullable String path,
    Map<String, String> parameters) {
  /**
   * What can be told apart: a scheme, an authority whose user info has no slash, parameters with
   * names.
   */
  private static final Pattern WELL_FORMED =
      Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*:(//[^/?#]*)?[^@?]*(\\?([^=&@]+=[^&]*(&|$))*)?");

  /** Copies the parameters. */
  public TransportUri {
    parameters = Map.copyOf(parameters);
  }

  /**
   * The scheme of a URI, in lower case.
   *
   * @throws ConfigurationException if there is none
   */
  public static String scheme(String uri) {
    int colon = uri.indexOf(':');
    if (colon <= 0 || !uri.substring(0, colon).matches("[A-Za-z][A-Za-z0-9+.-]*")) {
      throw new ConfigurationException(
          List.of(
              "'%s' is not a transport's URI; write for example memory:, kafka://localhost:9092, amqp://localhost or aws://eu-west-1."
                  .formatted(redact(uri))));
    }
    return uri.substring(0, colon).toLowerCase(Locale.ROOT);
  }

  /**
   * Takes a URI apart.
   *
   * @param known the parameters that the transport understands; another one is an error that names
   *     them
   * @throws ConfigurationException if the URI is malformed or has an unknown parameter
   */
  public static TransportUri parse(String uri, Set<String> known) {
    String scheme = scheme(uri);
    String rest = uri.substring(scheme.length() + 1);
    String query = "";
    int question = rest.indexOf('?');
    if (question >= 0) {
      query = rest.substring(question + 1);
      rest = rest.substring(0, question);
    }
    String userInfo = null;
    String authority = "";
    String path = null;
    if (rest.startsWith("//")) {
      rest = rest.substring(2);
      int slash = rest.indexOf('/');
      authority = slash < 0 ? rest : rest.substring(0, slash);
      path = slash < 0 ? null : decode(uri, rest.substring(slash + 1));
      int at = authority.lastIndexOf('@');
      if (at >= 0) {
        userInfo = authority.substring(0, at);
        authority = authority.substring(at + 1);
      }
    } else if (!rest.isEmpty()) {
      path = decode(uri, rest);
    }
    return new TransportUri(scheme, userInfo, authority, path, parameters(uri, query, known));
  }

  /** The user name before the colon of the user info, decoded; null if there is no user info. */
  public @Nullable String user() {
    if (userInfo == null) {
      return null;
    }
    int colon = userInfo.indexOf(':');
    return decode(scheme + ":", colon < 0 ? userInfo : userInfo.substring(0, colon));
  }

  /** The password after the colon of the user info, decoded; null if there is none. */
  public @Nullable String password() {
    int colon = userInfo == null ? -1 : userInfo.indexOf(':');
    return userInfo == null || colon < 0
        ? null
        : decode(scheme + ":", userInfo.substring(colon + 1));
  }

  /**
   * A URI with user info and parameter values blotted out, fit for logs and errors. Of a malformed
   * one, rather too much is blotted out than too little: everything before its last {@code @}.
   */
  public static String redact(String uri) {
    int question = uri.indexOf('?');
    boolean wellFormed = WELL_FORMED.matcher(uri).matches();
    if (wellFormed && question >= 0) {
      return redact(uri.substring(0, question))
          + uri.substring(question).replaceAll("([?&][^=&]*)=[^&]*", "$1=***");
    }
    int at = uri.lastIndexOf('@');
    if (at < 0) {
      return uri;
    }
    int scheme = uri.indexOf("://");
    String kept = scheme > 0 && scheme < at ? uri.substring(0, scheme + 3) : "";
    return kept + "***@" + uri.substring(at + 1).replaceAll("=[^&]*", "=***");
  }

  /** Without secrets. */
  @Override
  public String toString() {
    String host = userInfo == null ? authority : "***@" + authority;
    String address = authority.isEmpty() ? "" : "//" + host;
    String tail = path == null ? "" : (authority.isEmpty() ? "" : "/") + path;
    return scheme + ":" + address + tail + (parameters.isEmpty() ? "" : "?" + parameters.keySet());
  }

  private static Map<String, String> parameters(String uri, String query, Set<String> known) {
    Map<String, String> parameters = new LinkedHashMap<>();
    List<String> problems = new ArrayList<>();
    for (String part : query.isEmpty() ? new String[0] : query.split("&", -1)) {
      int equals = part.indexOf('=');
      String name = decode(uri, equals < 0 ? part : part.substring(0, equals));
      if (!known.contains(name)) {
        problems.add(
            "'%s' has the unknown parameter '%s'; %s."
                .formatted(
                    redact(uri),
                    name.contains("@") ? "***" : name,
                    known.isEmpty()
                        ? "this transport has none"
                        : "known are " + String.join(", ", new TreeSet<>(known))));
      } else if (equals < 0) {
        problems.add(
            "Parameter '%s' of '%s' has no value; write %s=….".formatted(name, redact(uri), name));
      } else if (parameters.put(name, decode(uri, part.substring(equals + 1))) != null) {
        problems.add("'%s' gives the parameter '%s' twice.".formatted(redact(uri), name));
      }
    }
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return parameters;
  }

  private static String decode(String uri, String text) {
    try {
      return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      // without the cause: its text repeats the value, which may be a secret
      throw new ConfigurationException(
          List.of("'%s' has a malformed percent sign; write %%25 for %%.".formatted(redact(uri))));
    }
  }
}
