package dev.waybill.house;

import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.TreeMap;

/** What users of a module can name, as text: its packages but the internal ones, sorted. */
final class PublicApi {

  private final PublishedModule module;

  PublicApi(PublishedModule module) {
    this.module = module;
  }

  List<String> lines() {
    List<String> lines = new ArrayList<>();
    packages()
        .forEach(
            (name, types) -> {
              if (!lines.isEmpty()) {
                lines.add("");
              }
              lines.add("package " + name);
              types.forEach(type -> lines.addAll(new PublicType(type).lines()));
            });
    return lines;
  }

  private NavigableMap<String, List<Class<?>>> packages() {
    NavigableMap<String, List<Class<?>>> packages = new TreeMap<>();
    for (String name : module.classNames()) {
      Class<?> type = load(name);
      if (!PublishedModule.isInternal(type.getPackageName()) && PublicType.isVisible(type)) {
        packages.computeIfAbsent(type.getPackageName(), key -> new ArrayList<>()).add(type);
      }
    }
    return packages;
  }

  private static Class<?> load(String name) {
    try {
      return Class.forName(name, false, PublicApi.class.getClassLoader());
    } catch (ClassNotFoundException e) {
      throw new IllegalStateException(e);
    }
  }
}
