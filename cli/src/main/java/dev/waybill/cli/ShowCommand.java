package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.DeadLetterFilter;
import dev.waybill.deadletter.DeadLetterJson;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows one dead letter. */
@Command(
    name = "show",
    mixinStandardHelpOptions = true,
    description = "Shows a dead letter with its evidence and its body.")
final class ShowCommand extends DeskCommand {
  @Parameters(paramLabel = "ID", description = "The message's id.")
  private String id = "";

  @Option(names = "--json", description = "As JSON, one line.")
  private boolean json;

  ShowCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    Source source = only(sources);
    try (DeadLetterBatch batch = take(desk, source)) {
      List<DeadLetterBatch.Entry> found = batch.matching(DeadLetterFilter.all().id(id));
      if (found.isEmpty()) {
        terminal()
            .err()
            .println(
                "No dead letter of the %s has the id '%s': list --each shows those there are."
                    .formatted(source, Text.line(id)));
        return Waybill.FAILED;
      }
      for (DeadLetterBatch.Entry entry : found) {
        if (json) {
          terminal().out().println(DeadLetterJson.line(source, entry));
        } else {
          Letters.print(terminal().out(), entry);
        }
      }
      return 0;
    }
  }
}
