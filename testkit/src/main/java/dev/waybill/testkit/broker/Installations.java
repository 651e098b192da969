package dev.waybill.testkit.broker;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Where installed brokers are: the counterpart of {@code testkit/brokers/install}, which puts them
 * there.
 *
 * @param cache the folder of the brokers that are no packages of the system
 * @param programs the folders in which programs are looked for, in this order
 */
record Installations(Path cache, List<Path> programs) {

  static final String KAFKA_VERSION = "4.4.0";
  static final String FAUXQS_VERSION = "2.4.1";

  /**
   * Debian's {@code rabbitmq-server} on the path changes to another user; the one here does not.
   */
  private static final Path RABBITMQ_PROGRAMS = Path.of("/usr/lib/rabbitmq/bin");

  private static final Path POSTGRESQL = Path.of("/usr/lib/postgresql");

  static Installations ofThisMachine() {
    return of(System.getenv(), Path.of(System.getProperty("user.home")));
  }

  /**
   * As the install script reads the environment.
   *
   * @param home where the environment has no {@code HOME}
   */
  static Installations of(Map<String, String> environment, Path home) {
    List<Path> programs = new ArrayList<>();
    programs.add(RABBITMQ_PROGRAMS);
    for (String folder : environment.getOrDefault("PATH", "").split(File.pathSeparator, -1)) {
      programs.add(Path.of(folder));
    }
    return new Installations(cache(environment, home), programs);
  }

  private static Path cache(Map<String, String> environment, Path home) {
    String brokers = environment.getOrDefault("WAYBILL_BROKERS", "");
    if (!brokers.isEmpty()) {
      return Path.of(brokers);
    }
    String caches = environment.getOrDefault("XDG_CACHE_HOME", "");
    String named = environment.getOrDefault("HOME", "");
    Path own = named.isEmpty() ? home : Path.of(named);
    Path root = caches.isEmpty() ? own.resolve(".cache") : Path.of(caches);
    return root.resolve("waybill").resolve("brokers");
  }

  Path kafka() {
    return inCache(BrokerKind.KAFKA, "kafka-", KAFKA_VERSION);
  }

  Path fauxqs() {
    return inCache(BrokerKind.AWS, "fauxqs-", FAUXQS_VERSION);
  }

  Path rabbitmqServer() {
    return program("rabbitmq-server")
        .orElseThrow(() -> BrokerKind.RABBITMQ.notInstalled("rabbitmq-server"));
  }

  /** The newest PostgreSQL of the system; Debian keeps its server's programs off the path. */
  Path postgresqlPrograms() {
    try (Stream<Path> versions =
        Files.isDirectory(POSTGRESQL) ? Files.list(POSTGRESQL) : Stream.empty()) {
      Stream<Path> folders =
          versions
              .sorted(Comparator.comparing(Installations::number).reversed())
              .map(version -> version.resolve("bin"));
      return Stream.concat(folders, programs.stream())
          .filter(folder -> Files.isExecutable(folder.resolve("initdb")))
          .findFirst()
          .orElseThrow(() -> BrokerKind.POSTGRESQL.notInstalled("PostgreSQL's initdb"));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static int number(Path version) {
    String name = version.getFileName().toString();
    return name.matches("\\d{1,6}") ? Integer.parseInt(name) : 0;
  }

  private Path inCache(BrokerKind kind, String prefix, String version) {
    Path folder = cache.resolve(prefix + version);
    if (!Files.isDirectory(folder)) {
      throw kind.notInstalled(version, folder);
    }
    return folder;
  }

  private Optional<Path> program(String name) {
    return programs.stream()
        .map(folder -> folder.resolve(name))
        .filter(Files::isExecutable)
        .findFirst();
  }
}
