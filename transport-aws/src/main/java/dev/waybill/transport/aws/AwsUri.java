package dev.waybill.transport.aws;

import dev.waybill.error.ConfigurationException;
import dev.waybill.transport.support.TransportUri;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Reads URIs: {@code aws://<region>}, {@code aws://} for the default region, or {@code
 * aws://<host>:<port>?region=<region>}.
 */
final class AwsUri {
  private static final String REGION = "region";
  private static final String ACCOUNT = "account";
  private static final String SDK = "sdk";

  private AwsUri() {}

  static AwsTransport transport(String uri) {
    TransportUri parsed = TransportUri.parse(uri, Set.of(REGION, ACCOUNT, SDK));
    List<String> problems = problems(uri, parsed);
    if (!problems.isEmpty()) {
      throw new ConfigurationException(problems);
    }
    AwsTransport.Builder builder = AwsTransport.builder();
    String account = parsed.parameters().get(ACCOUNT);
    if (account != null) {
      builder.account(account);
    }
    String sdk = parsed.parameters().get(SDK);
    if (sdk != null) {
      builder.sdk(sdk.equals("1") ? AwsSdk.V1 : AwsSdk.V2);
    }
    if (hasPort(parsed)) {
      return emulator(builder, parsed).build();
    }
    return parsed.authority().isEmpty()
        ? builder.build()
        : builder.region(parsed.authority()).build();
  }

  /** An emulator takes any credentials; those of the environment must not be shown to it. */
  private static AwsTransport.Builder emulator(AwsTransport.Builder builder, TransportUri uri) {
    return builder
        .endpoint(URI.create("http://" + uri.authority()))
        .region(uri.parameters().getOrDefault(REGION, ""))
        .emulator();
  }

  private static List<String> problems(String uri, TransportUri parsed) {
    String shown = TransportUri.redact(uri);
    List<String> problems = new ArrayList<>();
    if (parsed.userInfo() != null) {
      problems.add(
          ("'%s' has user info: give credentials by the default chain of the AWS SDK "
                  + "(environment, profile, role) or to AwsTransport.builder().")
              .formatted(shown));
    }
    if (parsed.path() != null && !parsed.path().isEmpty()) {
      problems.add("'%s' has a path: leave it out.".formatted(shown));
    }
    if (hasPort(parsed) && !parsed.parameters().containsKey(REGION)) {
      problems.add("'%s' names no region: add ?region=us-east-1 or another.".formatted(shown));
    } else if (!hasPort(parsed) && parsed.parameters().containsKey(REGION)) {
      problems.add(
          "'%s' has region beside a host without a port: write for example aws://eu-west-1."
              .formatted(shown));
    } else if (!parsed.authority().matches("[A-Za-z0-9.:\\[\\]-]*")) {
      problems.add("'%s' has an unusable host.".formatted(shown));
    }
    String sdk = parsed.parameters().get(SDK);
    if (sdk != null && !sdk.equals("1") && !sdk.equals("2")) {
      problems.add(
          "'%s' asks for version '%s' of the AWS SDK: write sdk=1 or sdk=2.".formatted(shown, sdk));
    }
    return problems;
  }

  private static boolean hasPort(TransportUri uri) {
    return uri.authority().matches(".*:[0-9]+");
  }
}
