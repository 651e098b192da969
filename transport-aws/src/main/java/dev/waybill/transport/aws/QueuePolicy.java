package dev.waybill.transport.aws;

import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The part of an SQS queue's policy that lets an SNS topic store messages in it. Without it SNS
 * drops the messages of the subscription, for good and without a word.
 */
final class QueuePolicy {
  static final String SNS = "sns.amazonaws.com";

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

  /** Whether one statement, given by its parts, lets the topic in. */
  static boolean allows(
      String effect,
      List<String> principals,
      List<String> actions,
      List<String> sourceArns,
      String topicArn) {
    return effect.equals("Allow")
        && principals.stream().anyMatch(principal -> matches(principal, SNS))
        && actions.stream().anyMatch(action -> matches(action, "sqs:SendMessage"))
        && (sourceArns.isEmpty() || sourceArns.stream().anyMatch(arn -> matches(arn, topicArn)));
  }

  /** Whether a pattern with {@code *} and {@code ?}, as policies have it, covers a value. */
  private static boolean matches(String pattern, String value) {
    String regex = Pattern.quote(pattern).replace("*", "\\E.*\\Q").replace("?", "\\E.\\Q");
    return Pattern.compile(regex, Pattern.CASE_INSENSITIVE).matcher(value).matches();
  }
}
