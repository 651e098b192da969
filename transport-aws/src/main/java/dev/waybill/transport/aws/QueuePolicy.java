package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
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

  /** Whether a queue's policy lets SNS store messages of a topic in it. */
  static boolean allows(@Nullable String policy, String topicArn) {
    return statements(policy).stream().anyMatch(statement -> allows(statement, topicArn));
  }

  /**
   * The policy with our statement for the topic; all other statements as they were.
   *
   * @throws IllegalStateException if there is a policy that can't be read, and so not be kept
   */
  static String withTopic(@Nullable String policy, String queueArn, String topicArn) {
    String sid = statementId(topicArn);
    ObjectNode root =
        policy == null
            ? Json.MAPPER.createObjectNode()
            : Json.readObject(policy)
                .orElseThrow(() -> new IllegalStateException("the queue's policy is not JSON"));
    if (!root.has("Version")) {
      root.put("Version", "2012-10-17");
    }
    ArrayNode all = Json.MAPPER.createArrayNode();
    for (JsonNode statement : statements(policy)) {
      if (!statement.path("Sid").asText().equals(sid)) {
        all.add(statement);
      }
    }
    ObjectNode ours = all.addObject();
    ours.put("Sid", sid).put("Effect", "Allow");
    ours.putObject("Principal").put("Service", SNS);
    ours.put("Action", "sqs:SendMessage").put("Resource", queueArn);
    ours.putObject("Condition").putObject("ArnEquals").put("aws:SourceArn", topicArn);
    root.set("Statement", all);
    return Json.text(root);
  }

  private static List<JsonNode> statements(@Nullable String policy) {
    List<JsonNode> found = new ArrayList<>();
    if (policy != null) {
      Json.readObject(policy)
          .map(root -> root.path("Statement"))
          .ifPresent(
              node -> {
                if (node.isArray()) {
                  node.forEach(found::add);
                } else if (node.isObject()) {
                  found.add(node);
                }
              });
    }
    return found;
  }

  /**
   * One condition of a statement, whose conditions have to be met together.
   *
   * @param operator compares the key's value with each of {@code values}, of which one has to do
   */
  private record Condition(String operator, String key, List<String> values) {}

  /** One with a condition that can't be judged here, on the network, say, is not counted on. */
  private static boolean allows(JsonNode statement, String topicArn) {
    return statement.path("Effect").asText().equals("Allow")
        && Json.texts(principal(statement)).stream()
            .anyMatch(principal -> covers(lower(principal), SNS))
        && Json.texts(statement.path("Action")).stream()
            .anyMatch(action -> covers(lower(action), SEND))
        && conditions(statement.path("Condition")).stream()
            .allMatch(condition -> isMet(condition, topicArn));
  }

  private static JsonNode principal(JsonNode statement) {
    JsonNode principal = statement.path("Principal");
    return principal.isObject() && principal.has("Service")
        ? principal.path("Service")
        : principal.isObject() ? principal.path("AWS") : principal;
  }

  private static List<Condition> conditions(JsonNode node) {
    List<Condition> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> operator : node.properties()) {
      for (Map.Entry<String, JsonNode> key : operator.getValue().properties()) {
        found.add(new Condition(operator.getKey(), key.getKey(), Json.texts(key.getValue())));
      }
    }
    return found;
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
