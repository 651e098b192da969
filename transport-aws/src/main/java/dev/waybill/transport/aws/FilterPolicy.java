package dev.waybill.transport.aws;

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

  private FilterPolicy() {}

  /** For the ignored types, of which there is at least one. */
  static String of(Set<String> ignored) {
    return PolicyJson.filter(WireFormat.TYPE, new TreeSet<>(ignored));
  }

  /** Whether a policy, if there is one, keeps out nothing but what is ignored. */
  static boolean keepsOutNothingElse(@Nullable String policy, Set<String> ignored) {
    if (policy == null || policy.isBlank() || PolicyJson.isEmptyObject(policy)) {
      return true;
    }
    return PolicyJson.excludedBy(policy, WireFormat.TYPE).map(ignored::containsAll).orElse(false);
  }

  /** Whether a policy keeps out all that is ignored. */
  static boolean keepsOut(@Nullable String policy, Set<String> ignored) {
    return policy != null
        && PolicyJson.excludedBy(policy, WireFormat.TYPE)
            .map(excluded -> excluded.containsAll(ignored))
            .orElse(false);
  }
}
