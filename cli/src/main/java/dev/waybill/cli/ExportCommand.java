package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.DeadLetterJson;
import dev.waybill.routing.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;

/** Exports dead letters. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes dead letters as JSON, one a line, with nothing left out. They stay where they are.")
final class ExportCommand extends DeskCommand {
  private record Exported(int count, boolean all) {}

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = "A file that does not exist yet. By default to the standard output.")
  private @Nullable Path output;

  @Mixin private FilterOptions filter = new FilterOptions();

  ExportCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void prepare(List<Source> sources) {
    Path folder = output == null ? null : output.toAbsolutePath().getParent();
    if (output != null && Files.exists(output)) {
      throw exists();
    }
    if (folder != null && !Files.isDirectory(folder)) {
      throw wrong("'%s' can't be written: there is no folder '%s'.".formatted(output, folder));
    }
  }

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    if (output != null) {
      return toFile(desk, sources, output);
    }
    Exported exported;
    try {
      exported = write(desk, sources, terminal().out());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (terminal().out().checkError()) {
      terminal().err().println("The standard output could not be written; not all is exported.");
      return Waybill.FAILED;
    }
    return ended(exported);
  }

  /** The file has its name when it is whole. */
  private int toFile(DeadLetterDesk desk, List<Source> sources, Path file) {
    try {
      Path folder = file.toAbsolutePath().getParent();
      Path part = Files.createTempFile(folder, file.getFileName() + ".", ".part");
      try {
        Exported exported;
        try (Writer to = Files.newBufferedWriter(part)) {
          exported = write(desk, sources, to);
        }
        Files.move(part, file);
        return ended(exported);
      } finally {
        Files.deleteIfExists(part);
      }
    } catch (FileAlreadyExistsException e) {
      throw exists();
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'%s' could not be written: %s".formatted(file, Words.why(e)), e);
    }
  }

  private Exported write(DeadLetterDesk desk, List<Source> sources, Writer to) throws IOException {
    int count = 0;
    boolean all = true;
    for (Source source : sources) {
      try (DeadLetterBatch batch = take(desk, source)) {
        all &= batch.isAll();
        for (DeadLetterBatch.Entry entry : batch.matching(filter.filter())) {
          to.write(DeadLetterJson.line(source, entry) + "\n");
          count++;
        }
      }
    }
    to.flush();
    return new Exported(count, all);
  }

  private int ended(Exported exported) {
    terminal().err().println(Words.deadLetters(exported.count()) + " exported.");
    return exported.all() ? 0 : Waybill.LEFT_OVER;
  }

  private ParameterException exists() {
    return wrong("'%s' exists: name another file, or remove it.".formatted(output));
  }
}
