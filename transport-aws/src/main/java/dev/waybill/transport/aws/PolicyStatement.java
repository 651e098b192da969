package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** A statement of an SQS queue's policy, as far as it is about what SNS stores in the queue. */
final class PolicyStatement {
  static final String SNS = "sns.amazonaws.com";
  private static final String SEND = "sqs:sendmessage";

  private final JsonNode node;

  PolicyStatement(JsonNode node) {
    this.node = node;
  }

  String id() {
    return node.path("Sid").asText("without a Sid");
  }

  /** One with a condition that can't be judged here, on the network, say, is not counted on. */
  boolean allows(String queueArn, String topicArn) {
    return node.path("Effect").asText().equals("Allow")
        && covers(principals("Principal"), SNS)
        && covers(lower("Action"), SEND)
        && (node.path("Resource").isMissingNode() || covers(texts("Resource"), queueArn))
        && conditions().stream().allMatch(condition -> condition.isMet(topicArn));
  }

  /** One that provably means SNS. */
  boolean denies(String queueArn, String topicArn) {
    return isDenialOf(queueArn)
        && conditions().stream().allMatch(condition -> condition.isHit(topicArn));
  }

  /** All but one that SNS is provably not meant by: on requests without TLS, say. */
  boolean mayDeny(String queueArn, String topicArn) {
    return isDenialOf(queueArn)
        && conditions().stream().noneMatch(condition -> condition.isUnmet(topicArn));
  }

  private boolean isDenialOf(String queueArn) {
    return node.path("Effect").asText().equals("Deny")
        && (node.has("NotPrincipal")
            ? !covers(principals("NotPrincipal"), SNS)
            : covers(principals("Principal"), SNS))
        && (node.has("NotAction")
            ? !covers(lower("NotAction"), SEND)
            : covers(lower("Action"), SEND))
        && (node.has("NotResource")
            ? !covers(texts("NotResource"), queueArn)
            : node.path("Resource").isMissingNode() || covers(texts("Resource"), queueArn));
  }

  private List<String> principals(String field) {
    JsonNode principal = node.path(field);
    List<String> all = new ArrayList<>(Json.texts(principal));
    all.addAll(Json.texts(principal.path("Service")));
    if (Json.texts(principal.path("AWS")).contains("*")) {
      all.add("*");
    }
    return all.stream().map(PolicyCondition::lower).toList();
  }

  private List<String> lower(String field) {
    return texts(field).stream().map(PolicyCondition::lower).toList();
  }

  private List<String> texts(String field) {
    return Json.texts(node.path(field));
  }

  private static boolean covers(List<String> patterns, String value) {
    return PolicyCondition.isCovered(patterns, value);
  }

  private List<PolicyCondition> conditions() {
    List<PolicyCondition> found = new ArrayList<>();
    for (Map.Entry<String, JsonNode> operator : node.path("Condition").properties()) {
      for (Map.Entry<String, JsonNode> key : operator.getValue().properties()) {
        found.add(new PolicyCondition(operator.getKey(), key.getKey(), Json.texts(key.getValue())));
      }
    }
    return found;
  }
}
