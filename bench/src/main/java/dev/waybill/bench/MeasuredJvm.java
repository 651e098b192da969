package dev.waybill.bench;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A process that is run to its end: most often the JVM of a trial. */
final class MeasuredJvm {
  private static final int PATIENCE_MINUTES = 10;

  private MeasuredJvm() {}

  /**
   * The last line that a command writes.
   *
   * @throws Failure if it ends with an error or does not end; says what it said
   */
  static String lastLine(List<String> command) {
    try {
      Path output = Files.createTempFile("bench", ".out");
      Path errors = Files.createTempFile("bench", ".err");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectOutput(output.toFile())
                .redirectError(errors.toFile())
                .start();
        boolean ended = process.waitFor(PATIENCE_MINUTES, TimeUnit.MINUTES);
        List<String> said = Files.readAllLines(errors);
        said.forEach(System.err::println);
        List<String> lines = Files.readAllLines(output);
        if (!ended) {
          process.destroyForcibly();
          throw new Failure("not ended after " + PATIENCE_MINUTES + " minutes");
        }
        if (process.exitValue() != 0) {
          throw new Failure(
              "ended with %d: %s"
                  .formatted(process.exitValue(), reason(said.isEmpty() ? lines : said)));
        }
        return lines.isEmpty() ? "" : lines.get(lines.size() - 1);
      } finally {
        Files.delete(output);
        Files.delete(errors);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      throw new Failure("Interrupted", e);
    }
  }

  /** The innermost cause, or the first error. */
  static String reason(List<String> said) {
    String found = "";
    for (String line : said) {
      boolean cause = line.startsWith("Caused by: ");
      boolean first = found.isEmpty() && (line.contains("Exception") || line.contains("ERROR"));
      if (cause || first) {
        found = line.strip();
      }
    }
    return found.isEmpty() ? String.join(" ", said) : found;
  }
}
