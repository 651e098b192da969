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
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Exports dead letters. */
@Command(
    name = "export",
    mixinStandardHelpOptions = true,
    description =
        "Writes dead letters as JSON, one a line, with nothing left out. They stay where they are.")
final class ExportCommand extends DeskCommand {
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
  int work(DeadLetterDesk desk, List<Source> sources) {
    int count = 0;
    boolean all = true;
    try (Writer file =
        output == null ? null : Files.newBufferedWriter(output, StandardOpenOption.CREATE_NEW)) {
      Writer to = file == null ? terminal().out() : file;
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
    } catch (FileAlreadyExistsException e) {
      throw wrong("'%s' exists: name another file, or remove it.".formatted(output));
    } catch (IOException e) {
      throw new UncheckedIOException(
          "'%s' could not be written: %s".formatted(output, e.getMessage()), e);
    }
    if (output == null && terminal().out().checkError()) {
      terminal().err().println("The standard output could not be written; not all is exported.");
      return Waybill.FAILED;
    }
    terminal().err().println(Words.deadLetters(count) + " exported.");
    return all ? 0 : Waybill.LEFT_OVER;
  }
}
