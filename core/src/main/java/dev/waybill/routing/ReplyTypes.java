package dev.waybill.routing;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** The classes of replies and their type names. Filled by {@link Routes}, then left alone. */
final class ReplyTypes {
  private final Map<Class<?>, String> byType = new LinkedHashMap<>();
  private final Map<String, Class<?>> byName = new LinkedHashMap<>();

  Optional<String> nameOf(Class<?> payloadType) {
    return Optional.ofNullable(byType.get(payloadType));
  }

  Optional<Class<?>> named(String typeName) {
    return Optional.ofNullable(byName.get(typeName));
  }

  boolean hasAny(Class<?> type) {
    return byType.keySet().stream().anyMatch(type::isAssignableFrom);
  }

  /** Adds a class of replies, and notes what is wrong with it beside the routes and the others. */
  void add(Class<?> payloadType, String typeName, Routes routes, List<String> problems) {
    String simpleName = payloadType.getSimpleName();
    routes
        .of(payloadType)
        .ifPresent(
            route ->
                problems.add(
                    "%s is a reply, and also the %s to %s: a payload class has one use; make another class for the other."
                        .formatted(simpleName, route.kind(), route.channel())));
    String sameType = byType.putIfAbsent(payloadType, typeName);
    if (sameType != null) {
      problems.add(
          "The reply %s is named twice, \"%s\" and \"%s\": remove one of them."
              .formatted(simpleName, sameType, typeName));
      return;
    }
    routes
        .named(typeName)
        .filter(route -> route.payloadType() != payloadType)
        .ifPresent(route -> problems.add(sameName(typeName, route.payloadType(), payloadType)));
    Class<?> sameName = byName.putIfAbsent(typeName, payloadType);
    if (sameName != null) {
      problems.add(sameName(typeName, sameName, payloadType));
    }
  }

  static String sameName(String typeName, Class<?> one, Class<?> other) {
    return "The type name \"%s\" is given to both %s and %s: a name stands for one class; give one of them another name."
        .formatted(typeName, one.getName(), other.getName());
  }

  /** The classes of replies, a line each. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder();
    byType.forEach(
        (type, name) -> text.append("reply \"%s\" (%s)\n".formatted(name, type.getSimpleName())));
    return text.toString();
  }
}
