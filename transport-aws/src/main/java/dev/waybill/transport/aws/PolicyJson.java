package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.OptionalInt;

/** The policies of IAM and of redrive as JSON. */
final class PolicyJson {
  private PolicyJson() {}

  /**
   * What a statement of an IAM policy allows.
   *
   * @param sid letters and digits
   */
  record Allowed(String sid, List<String> actions, List<String> resources) {}

  static String iam(List<Allowed> allowed) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    root.put("Version", "2012-10-17");
    ArrayNode statements = root.putArray("Statement");
    for (Allowed one : allowed) {
      ObjectNode statement = statements.addObject();
      statement.put("Sid", one.sid()).put("Effect", "Allow");
      one.actions().forEach(statement.putArray("Action")::add);
      one.resources().forEach(statement.putArray("Resource")::add);
    }
    return root.toPrettyString();
  }

  /** The {@code maxReceiveCount} of a redrive policy, which may be a number or a text. */
  static OptionalInt maxReceiveCount(String policy) {
    return Json.readObject(policy)
        .map(root -> OptionalInt.of(root.path("maxReceiveCount").asInt(0)))
        .orElse(OptionalInt.empty());
  }

  /** The ARN of the queue that a redrive policy moves to; empty if it names none. */
  static String deadLetterTarget(String policy) {
    return Json.readObject(policy)
        .map(root -> root.path("deadLetterTargetArn").asText())
        .orElse("");
  }
}
