package dev.waybill.transport.rabbitmq;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Where user and password come from, looked up anew for each connection: what is said in code wins
 * over the environment, which wins over a file; what nobody says is {@code guest}. Or somebody is
 * asked, and nothing else counts.
 *
 * <p>Thread-safe if who is asked is.
 */
final class Login {
  static final String USER = "WAYBILL_RABBITMQ_USER";
  static final String PASSWORD = "WAYBILL_RABBITMQ_PASSWORD";
  static final String FILE = "WAYBILL_RABBITMQ_CREDENTIALS";

  private static final String GUEST = "guest";

  private final Sources sources;
  private volatile String lastUser = GUEST;

  /**
   * What was said of it; an empty environment variable counts as not set.
   *
   * @param certificate whether the broker takes the user from the certificate, and nothing else
   *     counts
   */
  record Sources(
      @Nullable String user,
      @Nullable String password,
      Map<String, String> environment,
      @Nullable Path file,
      @Nullable Supplier<RabbitCredentials> asked,
      boolean certificate) {
    Sources {
      environment = Map.copyOf(environment);
    }

    @Nullable String variable(String name) {
      String value = environment.getOrDefault(name, "");
      return value.isEmpty() ? null : value;
    }

    @Override
    public String toString() {
      return "Sources[…]";
    }
  }

  Login(Sources sources) {
    this.sources = sources;
  }

  /** What is wrong with it before anybody logs in. */
  List<String> problems() {
    if (sources.certificate()) {
      boolean alone =
          sources.user() == null
              && sources.password() == null
              && sources.file() == null
              && sources.asked() == null;
      return alone
          ? List.of()
          : List.of(
              "certificateLogin() is combined with another way to say who logs in: keep one of them.");
    }
    if (sources.asked() != null) {
      return sources.user() == null && sources.password() == null && sources.file() == null
          ? List.of()
          : List.of(
              "credentials(…) is combined with a user, a password or a credentials file: keep one"
                  + " of them.");
    }
    try {
      Map<String, String> unused = read();
      return List.of();
    } catch (MessagingException e) {
      return List.of(String.valueOf(e.getMessage()));
    }
  }

  /**
   * The credentials as they are now. Blocks for as long as the file, or who is asked, takes.
   *
   * @throws MessagingException if they can't be had
   */
  RabbitCredentials credentials() {
    RabbitCredentials now = lookUp();
    lastUser = now.user();
    return now;
  }

  /** Whether the broker knows the user by this client's certificate. */
  boolean isByCertificate() {
    return sources.certificate();
  }

  /** The user who logged in last, for people. */
  String lastUser() {
    return sources.certificate() ? "of the certificate" : lastUser;
  }

  private RabbitCredentials lookUp() {
    Supplier<RabbitCredentials> asked = sources.asked();
    if (asked == null) {
      Map<String, String> read = read();
      return new RabbitCredentials(
          first(sources.user(), sources.variable(USER), read.get("user")),
          first(sources.password(), sources.variable(PASSWORD), read.get("password")));
    }
    RabbitCredentials given;
    try {
      given = asked.get();
    } catch (RuntimeException e) {
      throw new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          "RabbitMQ's credentials could not be had, as who was asked for them threw a %s."
              .formatted(e.getClass().getName()),
          e);
    }
    if (given == null || given.user() == null || given.password() == null) {
      throw new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          "RabbitMQ's credentials could not be had, as who was asked for them gave none.");
    }
    return given;
  }

  private static String first(@Nullable String... candidates) {
    for (String candidate : candidates) {
      if (candidate != null) {
        return candidate;
      }
    }
    return GUEST;
  }

  private Map<String, String> read() {
    String named = sources.variable(FILE);
    Path file = sources.file() != null || named == null ? sources.file() : path(named);
    if (file == null) {
      return Map.of();
    }
    Properties properties = new Properties();
    try (Reader text = Files.newBufferedReader(file)) {
      properties.load(text);
    } catch (IOException | IllegalArgumentException e) {
      throw unusable(file, "can't be read as properties in UTF-8", e);
    }
    Map<String, String> values = new HashMap<>();
    for (String name : properties.stringPropertyNames()) {
      if (!name.equals("user") && !name.equals("password")) {
        // the name could be half of a password that was cut by a separator
        throw unusable(file, "has a line that gives neither", null);
      }
      values.put(name, properties.getProperty(name));
    }
    return values;
  }

  private static Path path(String named) {
    try {
      return Path.of(named);
    } catch (InvalidPathException e) {
      throw new MessagingException(
          ErrorCode.CONFIGURATION,
          "The environment variable %s is no path of a file: name the credentials file in it, or unset it."
              .formatted(FILE),
          e);
    }
  }

  private static MessagingException unusable(Path file, String why, @Nullable Exception cause) {
    return new MessagingException(
        ErrorCode.CONFIGURATION,
        "The credentials file %s %s: write user=… and password=… on a line each, and let this process read it."
            .formatted(file, why),
        cause);
  }
}
