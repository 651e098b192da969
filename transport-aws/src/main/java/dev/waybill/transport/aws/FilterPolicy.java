package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashSet;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The filter policy that keeps ignored types from a subscription, and nothing else: what names no
 * type passes, and so do types that nobody knows.
 */
final class FilterPolicy {
  static final String ATTRIBUTE = "FilterPolicy";
  static final String SCOPE = "FilterPolicyScope";

  private static final String ANYTHING_BUT = "anything-but";
  private static final String EXISTS = "exists";

  private FilterPolicy() {}

  /** For the ignored types, of which there is at least one. */
  static String of(Set<String> ignored) {
    ObjectNode root = Json.MAPPER.createObjectNode();
    ArrayNode alternatives = root.putArray(WireFormat.TYPE);
    ArrayNode types = alternatives.addObject().putArray(ANYTHING_BUT);
    new TreeSet<>(ignored).forEach(types::add);
    alternatives.addObject().put(EXISTS, false);
    return Json.text(root);
  }

  /** Whether a policy, if there is one, keeps out nothing but what is ignored. */
  static boolean keepsOutNothingElse(@Nullable String policy, Set<String> ignored) {
    return policy == null
        || policy.isBlank()
        || Json.readObject(policy).map(JsonNode::isEmpty).orElse(false)
        || excludedBy(policy).map(ignored::containsAll).orElse(false);
  }

  /** Whether a policy keeps out all that is ignored. */
  static boolean keepsOut(@Nullable String policy, Set<String> ignored) {
    return policy != null
        && excludedBy(policy).map(excluded -> excluded.containsAll(ignored)).orElse(false);
  }

  /** What a policy of the form of {@link #of} excludes; empty if it is any other. */
  private static Optional<Set<String>> excludedBy(String policy) {
    Optional<ObjectNode> root = Json.readObject(policy);
    if (root.isEmpty() || root.get().size() != 1) {
      return Optional.empty();
    }
    JsonNode alternatives = root.get().path(WireFormat.TYPE);
    Set<String> excluded = new LinkedHashSet<>();
    boolean absent = false;
    for (JsonNode alternative : alternatives) {
      if (alternative.size() == 1 && alternative.has(ANYTHING_BUT)) {
        if (!isText(alternative.path(ANYTHING_BUT))) {
          return Optional.empty();
        }
        excluded.addAll(Json.texts(alternative.path(ANYTHING_BUT)));
      } else if (alternative.size() == 1 && alternative.path(EXISTS).isBoolean()) {
        absent = absent || !alternative.path(EXISTS).asBoolean();
      } else {
        return Optional.empty();
      }
    }
    return absent && alternatives.size() == 2 ? Optional.of(excluded) : Optional.empty();
  }

  /** Whether it is a text or texts; not a prefix, a suffix or a number. */
  private static boolean isText(JsonNode node) {
    if (!node.isArray()) {
      return node.isTextual();
    }
    for (JsonNode element : node) {
      if (!element.isTextual()) {
        return false;
      }
    }
    return true;
  }
}
