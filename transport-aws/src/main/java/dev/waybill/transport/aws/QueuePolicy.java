package dev.waybill.transport.aws;

import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of an SQS queue's policy that lets an SNS topic store messages in it. Without it SNS
 * drops the messages of the subscription, for good and without a word.
 */
final class QueuePolicy {
  static final String SNS = "sns.amazonaws.com";
  private static final String SEND = "sqs:sendmessage";

  private QueuePolicy() {}

  /** The id of our statement for a topic: letters and digits only, as policies want it. */
  static String statementId(String topicArn) {
    return "Waybill" + Ids.sha256(topicArn).substring(0, 24);
  }

  static boolean allows(@Nullable String policy, String topicArn) {
    return PolicyJson.queueAllows(policy, topicArn);
  }

  /** The policy with our statement for the topic; all other statements as they were. */
  static String withTopic(@Nullable String policy, String queueArn, String topicArn) {
    return PolicyJson.queuePolicyWith(policy, statementId(topicArn), queueArn, topicArn);
  }

  /**
   * One condition of a statement, whose conditions have to be met together.
   *
   * @param operator compares the key's value with each of {@code values}, of which one has to do
   */
  record Condition(String operator, String key, List<String> values) {}

  /**
   * Whether one statement, given by its parts, lets the topic in. One with a condition that can't
   * be judged here, on the network or the organisation, is not counted on.
   */
  static boolean allows(
      String effect,
      List<String> principals,
      List<String> actions,
      List<Condition> conditions,
      String topicArn) {
    return effect.equals("Allow")
        && principals.stream().anyMatch(principal -> covers(lower(principal), SNS))
        && actions.stream().anyMatch(action -> covers(lower(action), SEND))
        && conditions.stream().allMatch(condition -> isMet(condition, topicArn));
  }

  private static boolean isMet(Condition condition, String topicArn) {
    boolean ofArn = condition.key().equalsIgnoreCase("aws:SourceArn");
    if (!ofArn && !condition.key().equalsIgnoreCase("aws:SourceAccount")) {
      return false;
    }
    String actual = ofArn ? topicArn : account(topicArn);
    String operator =
        lower(condition.operator()).replace("foranyvalue:", "").replace("ifexists", "");
    return switch (operator) {
      case "arnequals", "arnlike" -> ofArn && isCovered(condition.values(), actual);
      case "stringequalsignorecase" ->
          condition.values().stream().anyMatch(actual::equalsIgnoreCase);
      case "stringlike" -> isCovered(condition.values(), actual);
      case "stringequals" -> condition.values().contains(actual);
      default -> false;
    };
  }

  private static String account(String arn) {
    String[] parts = arn.split(":", -1);
    return parts.length > 4 ? parts[4] : "";
  }

  private static boolean isCovered(List<String> patterns, String value) {
    return patterns.stream().anyMatch(pattern -> covers(pattern, value));
  }

  private static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  /** Whether a pattern with {@code *} and {@code ?}, as policies have it, covers a value. */
  private static boolean covers(String pattern, String value) {
    String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return Pattern.compile(regex).matcher(value).matches();
  }
}
