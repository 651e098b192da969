package dev.waybill.bench;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/** The class path of a measured JVM: folders of the benchmarks' own classes, and jars. */
record ClassPath(List<Path> classes, List<Path> jars) {
  private static final double MEGABYTE = 1e6;

  /** That of this JVM, on which all transports are. */
  static ClassPath whole() {
    List<Path> entries = paths(System.getProperty("java.class.path"));
    return new ClassPath(entries.subList(0, 1), entries.subList(1, entries.size()));
  }

  /** What an application in memory needs. */
  static ClassPath inMemory() {
    Path target = Path.of("transport-inmemory/target");
    List<Path> jars = new ArrayList<>(listed(target.resolve("classpath.txt")));
    try (Stream<Path> built = Files.list(target)) {
      built
          .filter(file -> file.toString().endsWith("SNAPSHOT.jar"))
          .forEach(jar -> jars.add(0, jar));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return new ClassPath(whole().classes(), jars);
  }

  /** Those jars whose names begin so. */
  ClassPath only(String prefix) {
    return new ClassPath(
        classes,
        jars.stream().filter(jar -> jar.getFileName().toString().startsWith(prefix)).toList());
  }

  /** The entries that Maven has written into a file. */
  static List<Path> listed(Path file) {
    try {
      return paths(Files.readString(file).strip());
    } catch (IOException e) {
      throw new UncheckedIOException("The class path was not written by the build", e);
    }
  }

  private static List<Path> paths(String entries) {
    return Stream.of(entries.split(File.pathSeparator)).map(Path::of).toList();
  }

  /** The size of the jars, in millions of bytes. */
  double megabytes() {
    long sum = 0;
    for (Path jar : jars) {
      try {
        sum += Files.size(jar);
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return sum / MEGABYTE;
  }

  /** As java takes it. */
  String option() {
    return Stream.concat(classes.stream(), jars.stream())
        .map(Path::toString)
        .reduce((one, other) -> one + File.pathSeparator + other)
        .orElseThrow();
  }
}
