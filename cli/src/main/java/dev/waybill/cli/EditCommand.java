package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.DeadLetterFilter;
import dev.waybill.routing.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Edits one dead letter. */
@Command(
    name = "edit",
    mixinStandardHelpOptions = true,
    description = "Gives a dead letter another body. It stays a dead letter, to be replayed.")
final class EditCommand extends DeskCommand {
  @Parameters(paramLabel = "ID", description = "The message's id.")
  private String id = "";

  @Option(
      names = "--body",
      paramLabel = "FILE",
      required = true,
      description = "The file whose bytes are the new body; - for the standard input.")
  private String body = "";

  private byte[] bytes = {};

  EditCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  void prepare(List<Source> sources) {
    only(sources);
    try {
      bytes = body.equals("-") ? System.in.readAllBytes() : Files.readAllBytes(Path.of(body));
    } catch (IOException e) {
      throw new UncheckedIOException("'%s' could not be read: %s".formatted(body, Words.why(e)), e);
    }
  }

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    Source source = only(sources);
    try (DeadLetterBatch batch = take(desk, source)) {
      List<DeadLetterBatch.Entry> found = batch.matching(DeadLetterFilter.all().id(id));
      if (found.size() != 1) {
        terminal()
            .err()
            .println(
                "%s of the %s %s the id '%s': one is needed."
                    .formatted(
                        found.isEmpty() ? "No dead letter" : Words.deadLetters(found.size()),
                        source,
                        found.isEmpty() ? "has" : "have",
                        Text.line(id)));
        return Waybill.FAILED;
      }
      if (!batch.edit(found.get(0), bytes)) {
        terminal()
            .err()
            .println(
                "The old one could not be removed, and is there beside the new one: discard it by hand.");
        return Waybill.LEFT_OVER;
      }
      terminal().err().println("1 dead letter edited.");
      return 0;
    }
  }
}
