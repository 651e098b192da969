package dev.waybill.transport.aws;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A condition of a policy's statement, whose conditions have to be met together: judged by what is
 * known of how SNS asks to store a topic's messages.
 *
 * @param operator compares the key's value with each of {@code values}, of which one has to do
 */
record PolicyCondition(String operator, String key, List<String> values) {
  /** Whether SNS provably meets it. */
  boolean isMet(String topicArn) {
    return isAboutTopic() && compares(plain(), topicArn);
  }

  /** Whether SNS provably meets it, also by what it is or has not. */
  boolean isHit(String topicArn) {
    if (isAboutTopic()) {
      return isKnown() && compares(positive(), topicArn) != plain().contains("not");
    }
    boolean isTrue = !values.isEmpty() && values.stream().allMatch("true"::equalsIgnoreCase);
    return switch (lower(key)) {
      case "aws:securetransport", "aws:principalisawsservice" -> plain().equals("bool") && isTrue;
      default -> isOfAnAccount() && isKnown() && plain().contains("not");
    };
  }

  /** Whether SNS provably does not meet it. */
  boolean isUnmet(String topicArn) {
    if (isAboutTopic()) {
      boolean negated = plain().contains("not");
      return isKnown() && compares(positive(), topicArn) == negated;
    }
    boolean isFalse = values.stream().allMatch("false"::equalsIgnoreCase);
    return switch (lower(key)) {
      // SNS uses TLS, and is a service of AWS
      case "aws:securetransport", "aws:principalisawsservice" -> plain().equals("bool") && isFalse;
      default -> isOfAnAccount() && isWantedThere();
    };
  }

  private boolean isAboutTopic() {
    return key.equalsIgnoreCase("aws:SourceArn") || key.equalsIgnoreCase("aws:SourceAccount");
  }

  /** Whether only callers of an account, or of its network, have that key, and SNS has not. */
  private boolean isOfAnAccount() {
    String name = lower(key);
    return List.of("aws:principalorgid", "aws:principalarn", "aws:principalaccount").contains(name)
        || List.of("aws:username", "aws:userid", "aws:sourcevpc", "aws:sourcevpce").contains(name);
  }

  /** Whether one without the key does not meet it. */
  private boolean isWantedThere() {
    String name = lower(operator);
    return (name.startsWith("string") || name.startsWith("arn"))
        && !name.contains("not")
        && !name.endsWith("ifexists");
  }

  private boolean isKnown() {
    return List.of("arnequals", "arnlike", "stringequalsignorecase", "stringlike", "stringequals")
        .contains(positive());
  }

  private String plain() {
    return lower(operator).replace("foranyvalue:", "").replace("ifexists", "");
  }

  private String positive() {
    return plain().replace("not", "");
  }

  private boolean compares(String comparison, String topicArn) {
    boolean ofArn = key.equalsIgnoreCase("aws:SourceArn");
    String actual = ofArn ? topicArn : account(topicArn);
    return switch (comparison) {
      case "arnequals", "arnlike" -> ofArn && isCovered(values, actual);
      case "stringequalsignorecase" -> values.stream().anyMatch(actual::equalsIgnoreCase);
      case "stringlike" -> isCovered(values, actual);
      case "stringequals" -> values.contains(actual);
      default -> false;
    };
  }

  private static String account(String arn) {
    String[] parts = arn.split(":", -1);
    return parts.length > 4 ? parts[4] : "";
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** Whether one of the patterns with {@code *} and {@code ?}, as policies have it, covers it. */
  static boolean isCovered(List<String> patterns, String value) {
    return patterns.stream().anyMatch(pattern -> covers(pattern, value));
  }

  private static boolean covers(String pattern, String value) {
    String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return Pattern.compile(regex).matcher(value).matches();
  }
}
