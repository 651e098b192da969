package dev.waybill.transport.aws;

import dev.waybill.error.ConfigurationException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** What the user of the builder has said, and what is wrong with it. */
final class AwsOptions {
  private static final Duration SHORTEST_LEASE = Duration.ofSeconds(4);
  private static final Duration LONGEST_LINGER = Duration.ofSeconds(10);

  @Nullable String region;
  @Nullable URI endpoint;
  boolean emulator;
  @Nullable AwsSdk sdk;
  @Nullable String account;
  Duration visibilityTimeout = Duration.ofSeconds(30);
  Duration linger = Duration.ofMillis(10);
  boolean filtersIgnored;
  LongSupplier nanoTime = System::nanoTime;
  final Set<String> unwrapped = new TreeSet<>();

  /**
   * The settings, if nothing is wrong.
   *
   * @param first whether clients or credentials of SDK 1 are given
   * @param second whether those of SDK 2 are
   * @param given what is given of the version that is chosen
   * @throws ConfigurationException naming everything that is missing or contradicts itself
   */
  AwsSettings settings(boolean first, boolean second, Function<AwsSdk, Sdk> given) {
    AwsSdk version = version(first, second);
    List<String> problems = new ArrayList<>();
    if (first && second) {
      problems.add(
          "The AWS transport has clients or credentials of both versions of the SDK: give those of"
              + " one.");
    } else if ((first && version == AwsSdk.V2) || (second && version == AwsSdk.V1)) {
      problems.add(
          "The AWS transport is to use %s of the SDK, and has clients or credentials of the other: give those of one."
              .formatted(version));
    }
    boolean present = version.isPresent();
    if (!present) {
      problems.add(
          "%s of the AWS SDK for Java is not on the class path: add %s."
              .formatted(version, version.dependencies()));
    }
    Sdk chosen = present ? given.apply(version) : null;
    String where = region(chosen);
    checkClients(problems, chosen, where);
    checkValues(problems);
    if (chosen == null || !problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    return new AwsSettings(
        where,
        endpoint,
        emulator,
        account,
        visibilityTimeout,
        linger,
        filtersIgnored,
        Set.copyOf(unwrapped),
        chosen,
        nanoTime);
  }

  private AwsSdk version(boolean first, boolean second) {
    if (sdk != null) {
      return sdk;
    }
    if (first || second) {
      return second ? AwsSdk.V2 : AwsSdk.V1;
    }
    return AwsSdk.V2.isPresent() ? AwsSdk.V2 : AwsSdk.V1;
  }

  /** That of the default chain, if the user names none; an endpoint can be in any. */
  private @Nullable String region(@Nullable Sdk chosen) {
    boolean looking = region == null && endpoint == null && chosen != null && !chosen.hasClients();
    return looking && chosen != null ? chosen.defaultRegion() : region;
  }

  private void checkClients(List<String> problems, @Nullable Sdk chosen, @Nullable String where) {
    boolean clientsGiven = chosen != null && chosen.hasClients();
    boolean credentialsGiven = chosen != null && chosen.hasCredentials();
    if (!clientsGiven && (where == null || where.isBlank())) {
      problems.add(
          "The AWS transport has no region%s: write aws://eu-west-1, or call region(\"eu-west-1\")."
              .formatted(
                  region == null && endpoint == null
                      ? ", and the default chain of the AWS SDK, AWS_REGION to begin with, has none"
                      : ""));
    }
    if (clientsGiven && (endpoint != null || credentialsGiven)) {
      problems.add(
          "The AWS transport has both clients and an endpoint or credentials, which only clients"
              + " of its own would use: leave one out.");
    }
  }

  /** What it is may be a secret, so that its problems do not repeat it. */
  private void checkEndpoint(List<String> problems, URI at) {
    String authority = at.getRawAuthority();
    if (authority != null && authority.contains("@")) {
      problems.add(
          "The endpoint has user info: leave it out, and give credentials to credentials(…) or"
              + " credentialsV2(…), or by the default chain of the AWS SDK.");
    } else if (at.getHost() == null) {
      problems.add("The endpoint names no host: write for example http://127.0.0.1:4566.");
    } else if (!"http".equalsIgnoreCase(at.getScheme())
        && !"https".equalsIgnoreCase(at.getScheme())) {
      problems.add(
          "The endpoint at %s is neither http nor https: write for example https://%s."
              .formatted(authority, authority));
    } else if (!List.of("", "/").contains(at.getRawPath())
        || at.getRawQuery() != null
        || at.getRawFragment() != null) {
      problems.add(
          "The endpoint at %s has a path, a query or a fragment: write %s://%s alone."
              .formatted(authority, at.getScheme(), authority));
    }
  }

  private void checkValues(List<String> problems) {
    if (endpoint != null) {
      checkEndpoint(problems, endpoint);
    }
    if (account != null && !account.matches("[0-9]{12}")) {
      problems.add("'%s' is not an AWS account: it has twelve digits.".formatted(account));
    }
    if (visibilityTimeout.compareTo(SHORTEST_LEASE) < 0
        || visibilityTimeout.compareTo(Limits.MAX_VISIBILITY) > 0
        || visibilityTimeout.toNanosPart() != 0) {
      problems.add(
          "The visibility timeout %s is not of whole seconds from 4 seconds to 12 hours."
              .formatted(visibilityTimeout));
    }
    if (linger.isNegative() || linger.compareTo(LONGEST_LINGER) > 0) {
      problems.add("The linger %s is not from 0 to 10 seconds.".formatted(linger));
    }
  }
}
