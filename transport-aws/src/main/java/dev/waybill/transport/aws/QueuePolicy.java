package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * The part of an SQS queue's policy that lets an SNS topic store messages in it. Without it SNS
 * drops the messages of the subscription, for good and without a word.
 */
final class QueuePolicy {
  private QueuePolicy() {}

  /** The id of our statement for a topic: letters and digits only, as policies want it. */
  static String statementId(String topicArn) {
    return "Waybill" + Ids.sha256(topicArn).substring(0, 24);
  }

  /** Whether a statement of a queue's policy lets SNS store messages of a topic in it. */
  static boolean allows(@Nullable String policy, String queueArn, String topicArn) {
    return statements(policy).stream()
        .anyMatch(one -> new PolicyStatement(one).allows(queueArn, topicArn));
  }

  /** The statements that keep SNS from it nevertheless: their ids. */
  static List<String> denials(@Nullable String policy, String queueArn, String topicArn) {
    return ids(policy, one -> one.denies(queueArn, topicArn));
  }

  /** The statements that may keep SNS from it, which can't be known here: their ids. */
  static List<String> doubts(@Nullable String policy, String queueArn, String topicArn) {
    return ids(policy, one -> one.mayDeny(queueArn, topicArn) && !one.denies(queueArn, topicArn));
  }

  private static List<String> ids(@Nullable String policy, Predicate<PolicyStatement> wanted) {
    return statements(policy).stream()
        .map(PolicyStatement::new)
        .filter(wanted)
        .map(PolicyStatement::id)
        .toList();
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
    ours.putObject("Principal").put("Service", PolicyStatement.SNS);
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
}
