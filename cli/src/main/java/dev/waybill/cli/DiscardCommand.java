package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterBatch.Entry;
import dev.waybill.deadletter.DeadLetterBatch.Summary;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;

/** Discards dead letters. */
@Command(
    name = "discard",
    mixinStandardHelpOptions = true,
    description = "Removes dead letters for good. Export them first.")
final class DiscardCommand extends DecidingCommand {
  DiscardCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  String done(Source source) {
    return "discarded";
  }

  @Override
  Summary decide(DeadLetterBatch batch, List<Entry> chosen, DeadLetterBatch.Progress progress) {
    return batch.discard(chosen, progress);
  }
}
