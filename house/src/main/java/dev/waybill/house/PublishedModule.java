package dev.waybill.house;

import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;

/** A module that users depend on, as it stands on this class path: a folder of classes or a jar. */
enum PublishedModule {
  CORE("core"),
  TESTKIT("testkit"),
  IN_MEMORY("transport-inmemory"),
  KAFKA("transport-kafka"),
  RABBITMQ("transport-rabbitmq"),
  AWS("transport-aws"),
  STORE_JDBC("store-jdbc"),
  CLI("cli");

  private static final Path REPOSITORY =
      Path.of(System.getProperty("basedir", "house"), "..").normalize();

  private final String folder;

  PublishedModule(String folder) {
    this.folder = folder;
  }

  /** The module's folder in the repository. */
  String folder() {
    return folder;
  }

  boolean isTransport() {
    return folder.startsWith("transport-");
  }

  /** Where its classes are; a folder that does not exist when it has none. */
  Path location() {
    List<Path> found =
        Stream.of(System.getProperty("java.class.path").split(File.pathSeparator))
            .map(Path::of)
            .filter(this::isOurs)
            .toList();
    if (found.size() != 1) {
      throw new IllegalStateException(
          "Expected the classes of " + folder + " once on the class path but found " + found);
    }
    return found.get(0);
  }

  private boolean isOurs(Path entry) {
    return entry.getFileName().toString().matches("waybill-" + folder + "-\\d.*\\.jar")
        || entry.endsWith(Path.of(folder, "target", "classes"));
  }

  /** Where its sources are; a folder that does not exist when it has none. */
  Path sources() {
    return REPOSITORY.resolve(Path.of(folder, "src", "main", "java"));
  }

  /** The text that says what its public API is. */
  Path writtenApi() {
    return REPOSITORY.resolve(Path.of("house", "api", folder + ".txt"));
  }

  /** The binary names of all its classes, sorted. */
  List<String> classNames() {
    return read(
        root -> {
          try (Stream<Path> files = Files.walk(root)) {
            return files
                .map(file -> root.relativize(file).toString())
                .filter(file -> file.endsWith(".class") && !file.endsWith("-info.class"))
                .map(file -> file.substring(0, file.length() - ".class".length()))
                .map(file -> file.replace('/', '.').replace('\\', '.'))
                .sorted()
                .toList();
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        List.of());
  }

  /** Its module descriptor, when it has one. */
  Optional<ModuleDescriptor> descriptor() {
    return read(
        root -> {
          Path file = root.resolve("module-info.class");
          if (Files.notExists(file)) {
            return Optional.empty();
          }
          try (InputStream in = Files.newInputStream(file)) {
            return Optional.of(ModuleDescriptor.read(in));
          } catch (IOException e) {
            throw new UncheckedIOException(e);
          }
        },
        Optional.empty());
  }

  private <T> T read(Function<Path, T> reader, T whenAbsent) {
    Path location = location();
    if (Files.notExists(location)) {
      return whenAbsent;
    }
    if (Files.isDirectory(location)) {
      return reader.apply(location);
    }
    try (FileSystem jar = FileSystems.newFileSystem(location)) {
      return reader.apply(jar.getPath("/"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Whether other modules may not use the package, whoever can see it. */
  static boolean isInternal(String packageName) {
    return Arrays.asList(packageName.split("\\.", -1)).contains("internal");
  }

  @Override
  public String toString() {
    return folder;
  }
}
