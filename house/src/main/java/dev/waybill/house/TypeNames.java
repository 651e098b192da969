package dev.waybill.house;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.AnnotatedArrayType;
import java.lang.reflect.AnnotatedParameterizedType;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.AnnotatedWildcardType;
import java.lang.reflect.GenericDeclaration;
import java.lang.reflect.Type;
import java.lang.reflect.TypeVariable;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Types as source in one package writes them, with the imports from Java itself: the same text on
 * every JDK. What may be null ends in a question mark.
 */
final class TypeNames {

  private final String packageName;

  TypeNames(String packageName) {
    this.packageName = packageName;
  }

  String of(AnnotatedType type) {
    return bare(type) + (type.isAnnotationPresent(Nullable.class) ? "?" : "");
  }

  /** The type parameters with their bounds, in angle brackets, or nothing. */
  String parameters(GenericDeclaration declaration) {
    TypeVariable<?>[] variables = declaration.getTypeParameters();
    return variables.length == 0
        ? ""
        : Stream.of(variables)
            .map(variable -> variable.getName() + bounds("extends", variable.getAnnotatedBounds()))
            .collect(joining(", ", "<", ">"));
  }

  private String bare(AnnotatedType type) {
    if (type instanceof AnnotatedArrayType array) {
      return of(array.getAnnotatedGenericComponentType()) + "[]";
    }
    if (type instanceof AnnotatedParameterizedType generic) {
      return raw(type.getType())
          + Stream.of(generic.getAnnotatedActualTypeArguments())
              .map(this::of)
              .collect(joining(", ", "<", ">"));
    }
    if (type instanceof AnnotatedWildcardType wildcard) {
      return wildcard.getAnnotatedLowerBounds().length > 0
          ? "?" + bounds("super", wildcard.getAnnotatedLowerBounds())
          : "?" + bounds("extends", wildcard.getAnnotatedUpperBounds());
    }
    return raw(type.getType());
  }

  private String bounds(String keyword, AnnotatedType[] bounds) {
    String text = Stream.of(bounds).map(this::of).collect(joining(" & "));
    return text.equals("Object") || text.isEmpty() ? "" : " " + keyword + " " + text;
  }

  private String raw(Type type) {
    String name =
        type instanceof Class<?> plain
            ? plain.getCanonicalName()
            : type.getTypeName().replaceFirst("<.*", "").replace('$', '.');
    int owner = name.replaceFirst("\\.[A-Z].*", "").length();
    boolean near = name.startsWith("java.") || name.substring(0, owner).equals(packageName);
    return near && owner < name.length() ? name.substring(owner + 1) : name;
  }
}
