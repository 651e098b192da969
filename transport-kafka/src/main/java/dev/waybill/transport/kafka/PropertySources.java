package dev.waybill.transport.kafka;

import java.io.IOException;
import java.io.Reader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Where the properties of a transport come from: what is said in code wins over the environment,
 * which wins over files, of which a later one wins over an earlier one.
 */
final class PropertySources {
  /** Before a property's name, in capitals and with underscores for dots. */
  static final String VARIABLES = "WAYBILL_KAFKA_";

  static final String SERVERS = "bootstrap.servers";

  /**
   * A property's value.
   *
   * @param origin where it was found, for an error: empty for code, else with a leading space
   */
  record Property(String value, String origin) {
    /** Without the value, which may be a secret. */
    @Override
    public String toString() {
      return "Property[…" + origin + "]";
    }
  }

  private final List<Path> files = new ArrayList<>();
  private final Map<String, String> code = new LinkedHashMap<>();
  private final Map<String, String> plugIns = new LinkedHashMap<>();
  private Map<String, String> environment = Map.of();
  private @Nullable KafkaTls tls;

  void file(Path file) {
    files.add(file);
  }

  void environment(Map<String, String> variables) {
    environment = Map.copyOf(variables);
  }

  void set(String name, String value) {
    code.put(name, value);
  }

  void plugIn(String name, String value) {
    plugIns.put(name, value);
  }

  void tls(KafkaTls settings) {
    tls = settings;
  }

  /**
   * All properties, checked. Those of a login and of TLS are there as Kafka's clients want them.
   *
   * @param problems gets what is wrong
   */
  Map<String, String> resolve(List<String> problems) {
    Map<String, Property> all = found(problems);
    all.remove(SERVERS);
    all.putAll(named("", code));
    Set<String> refused = new HashSet<>();
    all.forEach(
        (name, property) -> {
          String problem = PropertyRules.problem(name, property);
          if (problem != null) {
            problems.add(problem);
            refused.add(name);
          }
        });
    all.keySet().removeAll(refused);
    if (tls != null) {
      problems.addAll(tls.problems());
      all.putAll(named("", tls.properties()));
    }
    Map<String, String> values = new LinkedHashMap<>();
    all.forEach((name, property) -> values.put(name, property.value()));
    SecurityProperties.complete(values, tls != null, problems);
    plugIns.forEach(
        (name, value) -> {
          if (PropertyRules.isKnown(name.substring(PropertyRules.client(name).length()))) {
            problems.add(
                "pluginProperty(\"%s\", …) is one of Kafka's own: call property(…)."
                    .formatted(name));
          }
          values.put(name, value);
        });
    return values;
  }

  /** The brokers that the environment or a file names; empty if none does. */
  String servers() {
    Property found = found(new ArrayList<>()).get(SERVERS);
    return found == null ? "" : found.value();
  }

  private Map<String, Property> found(List<String> problems) {
    Map<String, Property> all = new LinkedHashMap<>();
    for (Path file : files) {
      all.putAll(named(" in " + file, read(file, problems)));
    }
    environment.forEach(
        (variable, value) -> {
          if (variable.startsWith(VARIABLES) && !value.isEmpty()) {
            String name =
                variable.substring(VARIABLES.length()).toLowerCase(Locale.ROOT).replace('_', '.');
            all.put(name, new Property(value, " (environment variable " + variable + ")"));
          }
        });
    return all;
  }

  private static Map<String, Property> named(String origin, Map<String, String> values) {
    Map<String, Property> all = new LinkedHashMap<>();
    values.forEach((name, value) -> all.put(name, new Property(value, origin)));
    return all;
  }

  private static Map<String, String> read(Path file, List<String> problems) {
    Properties read = new Properties();
    try (Reader text = Files.newBufferedReader(file)) {
      read.load(text);
    } catch (IOException e) {
      problems.add(
          "The properties file %s can't be read: does it exist in UTF-8, and may this process read it?"
              .formatted(file));
    } catch (IllegalArgumentException e) {
      problems.add(
          "The properties file %s has a malformed \\u: write \\\\ for a backslash."
              .formatted(file));
    }
    Map<String, String> values = new LinkedHashMap<>();
    read.stringPropertyNames().forEach(name -> values.put(name, read.getProperty(name)));
    return values;
  }
}
