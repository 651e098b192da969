package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Files, folders and short commands around a broker. */
final class Folders {

  private Folders() {}

  /** Copies a resource of this package to a file of the same name in {@code folder}. */
  static Path copyResource(String name, Path folder) throws IOException {
    Path copy = folder.resolve(name);
    try (InputStream in = resource(name)) {
      Files.write(copy, in.readAllBytes());
    }
    return copy;
  }

  /** Opens a resource of this package. */
  static InputStream resource(String name) throws IOException {
    InputStream in = Folders.class.getResourceAsStream(name);
    if (in == null) {
      throw new FileNotFoundException("Resource " + name + " beside " + Folders.class.getName());
    }
    return in;
  }

  /** Copies {@code source} and all that is in it to {@code target}, which is created. */
  static void copy(Path source, Path target) throws IOException {
    Files.walkFileTree(
        source,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectories(target.resolve(source.relativize(folder).toString()));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.copy(file, target.resolve(source.relativize(file).toString()));
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Deletes {@code folder} and all that is in it. */
  static void delete(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return;
    }
    Files.walkFileTree(
        folder,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path visited, @Nullable IOException failure)
              throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(visited);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  /** Runs a command that ends by itself at once, and returns its output. */
  static String run(List<String> line) throws IOException {
    return run(new ProcessBuilder(line), "");
  }

  /** Runs a command that ends by itself at once, with {@code input}, and returns its output. */
  static String run(ProcessBuilder command, String input) throws IOException {
    Process process = command.redirectErrorStream(true).start();
    process.outputWriter(UTF_8).append(input).close();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    try {
      if (process.waitFor() != 0) {
        throw new IOException(String.join(" ", command.command()) + " failed: " + output);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new BrokerUnavailableException("Interrupted while a command ran", e);
    }
    return output;
  }
}
