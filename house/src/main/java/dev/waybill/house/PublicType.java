package dev.waybill.house;

import static java.util.stream.Collectors.joining;

import java.lang.reflect.AnnotatedElement;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.RecordComponent;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NavigableMap;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * What a user of one type can call, read, implement or override. What every record or enum has is
 * left out; what a type has from parents that users cannot name is its own.
 */
final class PublicType {

  private static final Set<String> OF_EVERY_OBJECT =
      Set.of("equals(Object)", "hashCode()", "toString()");
  private static final Set<String> OF_EVERY_ENUM = Set.of("values()", "valueOf(String)");

  private final Class<?> type;
  private final TypeNames names;

  PublicType(Class<?> type) {
    this.type = type;
    this.names = new TypeNames(type.getPackageName());
  }

  /**
   * Whether users can name a type: it and all around it are public, or open to their subclasses.
   */
  static boolean isVisible(Class<?> type) {
    Class<?> around = type.getEnclosingClass();
    if (around == null) {
      return Modifier.isPublic(type.getModifiers());
    }
    return type.isMemberClass() && isVisible(around) && isVisible(type.getModifiers(), around);
  }

  private static boolean isVisible(int modifiers, Class<?> owner) {
    return Modifier.isPublic(modifiers)
        || (Modifier.isProtected(modifiers) && isOpenForSubclasses(owner));
  }

  private static boolean isOpenForSubclasses(Class<?> type) {
    return !Modifier.isFinal(type.getModifiers())
        && !type.isSealed()
        && Stream.of(type.getDeclaredConstructors())
            .anyMatch(c -> (c.getModifiers() & (Modifier.PUBLIC | Modifier.PROTECTED)) != 0);
  }

  /** Its declaration, then its members, indented: fields, constructors, methods, each by name. */
  List<String> lines() {
    NavigableMap<String, String> members = new TreeMap<>();
    fields().forEach(field -> members.putIfAbsent("1 " + field.getName(), text(field)));
    constructors().forEach(c -> members.putIfAbsent("2 " + parameters(c), text(c)));
    methods().forEach(m -> members.putIfAbsent("3 " + m.getName() + parameters(m), text(m)));
    List<String> lines = new ArrayList<>();
    lines.add("  " + header());
    members.values().forEach(member -> lines.add("    " + member));
    return lines;
  }

  private String header() {
    return words(
        deprecation(type),
        Modifier.isProtected(type.getModifiers()) ? "protected" : "",
        extensibility(),
        kind() + " " + name(type) + names.parameters(type) + components(),
        list("extends", superclass()),
        list(type.isInterface() ? "extends" : "implements", interfaces()),
        permits());
  }

  private String extensibility() {
    if (type.isSealed()) {
      return "sealed";
    }
    if (type.isRecord() || type.isEnum() || type.isInterface()) {
      return "";
    }
    if (!isOpenForSubclasses(type)) {
      return "final";
    }
    return Modifier.isAbstract(type.getModifiers()) ? "abstract" : "";
  }

  private String kind() {
    if (type.isAnnotation()) {
      return "annotation";
    }
    if (type.isInterface()) {
      return "interface";
    }
    return type.isRecord() ? "record" : type.isEnum() ? "enum" : "class";
  }

  private static String name(Class<?> type) {
    return type.getCanonicalName().substring(type.getPackageName().length() + 1);
  }

  private String components() {
    return type.isRecord()
        ? commas(
            Stream.of(type.getRecordComponents()),
            component -> names.of(component.getAnnotatedType()) + " " + component.getName(),
            "(",
            ")")
        : "";
  }

  private List<AnnotatedType> superclass() {
    Class<?> heir = type;
    while (heir.getSuperclass() != null && !isVisible(heir.getSuperclass())) {
      heir = heir.getSuperclass();
    }
    Class<?> parent = heir.getSuperclass();
    boolean implied = parent == null || parent == Object.class || type.isRecord() || heir.isEnum();
    return implied ? List.of() : List.of(heir.getAnnotatedSuperclass());
  }

  private List<AnnotatedType> interfaces() {
    return itselfAndHiddenParents(type)
        .flatMap(
            owner ->
                Stream.of(owner.getInterfaces())
                    .filter(PublicType::isVisible)
                    .map(parent -> annotated(owner, parent)))
        .toList();
  }

  private static AnnotatedType annotated(Class<?> owner, Class<?> parent) {
    int index = Arrays.asList(owner.getInterfaces()).indexOf(parent);
    return owner.getAnnotatedInterfaces()[index];
  }

  private String permits() {
    return type.isSealed()
        ? Stream.of(type.getPermittedSubclasses())
            .filter(PublicType::isVisible)
            .map(PublicType::name)
            .sorted()
            .reduce((all, next) -> all + ", " + next)
            .map(all -> "permits " + all)
            .orElse("")
        : "";
  }

  private static Stream<Class<?>> itselfAndHiddenParents(Class<?> type) {
    Stream<Class<?>> parents =
        Stream.concat(Stream.ofNullable(type.getSuperclass()), Stream.of(type.getInterfaces()));
    return Stream.concat(
        Stream.of(type),
        parents.filter(p -> !isVisible(p)).flatMap(PublicType::itselfAndHiddenParents));
  }

  private Stream<Field> fields() {
    return itselfAndHiddenParents(type)
        .flatMap(owner -> Stream.of(owner.getDeclaredFields()))
        .filter(field -> !field.isSynthetic())
        .filter(field -> isVisible(field.getModifiers(), type));
  }

  private Stream<Constructor<?>> constructors() {
    return Stream.<Constructor<?>>of(type.getDeclaredConstructors())
        .filter(constructor -> !constructor.isSynthetic() && !isCanonical(constructor))
        .filter(constructor -> isVisible(constructor.getModifiers(), type));
  }

  private boolean isCanonical(Constructor<?> constructor) {
    return type.isRecord()
        && Arrays.equals(
            constructor.getParameterTypes(),
            Stream.of(type.getRecordComponents())
                .map(RecordComponent::getType)
                .toArray(Class<?>[]::new));
  }

  private Stream<Method> methods() {
    return itselfAndHiddenParents(type)
        .flatMap(owner -> Stream.of(owner.getDeclaredMethods()))
        .filter(method -> !method.isSynthetic() && !isImplied(method))
        .filter(method -> isVisible(method.getModifiers(), type));
  }

  private boolean isImplied(Method method) {
    String call = method.getName() + parameters(method);
    return OF_EVERY_OBJECT.contains(call)
        || (type.isEnum() && OF_EVERY_ENUM.contains(call))
        || (type.isRecord()
            && Stream.of(type.getRecordComponents())
                .anyMatch(component -> component.getAccessor().equals(method)));
  }

  private String text(Field field) {
    return field.isEnumConstant()
        ? words(deprecation(field), field.getName())
        : words(
            deprecation(field),
            modifiers(field.getModifiers()),
            Modifier.isFinal(field.getModifiers()) ? "final" : "",
            names.of(field.getAnnotatedType()),
            field.getName());
  }

  private String text(Constructor<?> constructor) {
    return words(
        deprecation(constructor),
        modifiers(constructor.getModifiers()),
        names.parameters(constructor),
        "new" + parameters(constructor),
        list("throws", List.of(constructor.getAnnotatedExceptionTypes())));
  }

  private String text(Method method) {
    return words(
        deprecation(method),
        modifiers(method.getModifiers()),
        overriding(method),
        names.parameters(method),
        names.of(method.getAnnotatedReturnType()),
        method.getName() + parameters(method),
        list("throws", List.of(method.getAnnotatedExceptionTypes())));
  }

  private String overriding(Method method) {
    if (type.isAnnotation()) {
      return method.getDefaultValue() == null ? "" : "default";
    }
    if (type.isInterface()) {
      return method.isDefault() ? "default" : "";
    }
    if (Modifier.isAbstract(method.getModifiers())) {
      return "abstract";
    }
    boolean closed = Modifier.isFinal(method.getModifiers()) && isOpenForSubclasses(type);
    return closed ? "final" : "";
  }

  private static String modifiers(int modifiers) {
    return words(
        Modifier.isProtected(modifiers) ? "protected" : "",
        Modifier.isStatic(modifiers) ? "static" : "");
  }

  private static String deprecation(AnnotatedElement element) {
    return element.isAnnotationPresent(Deprecated.class) ? "@Deprecated" : "";
  }

  private String parameters(Executable executable) {
    String text = commas(Stream.of(executable.getAnnotatedParameterTypes()), names::of, "(", ")");
    return executable.isVarArgs() ? text.replaceFirst("\\[]\\)$", "...)") : text;
  }

  private String list(String keyword, List<AnnotatedType> types) {
    return types.isEmpty() ? "" : commas(types.stream(), names::of, keyword + " ", "");
  }

  private static <T> String commas(
      Stream<T> items, Function<T, String> text, String before, String after) {
    return items.map(text).collect(joining(", ", before, after));
  }

  private static String words(String... words) {
    return Stream.of(words).filter(word -> !word.isEmpty()).collect(joining(" "));
  }
}
