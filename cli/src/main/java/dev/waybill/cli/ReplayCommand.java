package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterBatch.Entry;
import dev.waybill.deadletter.DeadLetterBatch.Summary;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.Replay;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Replays dead letters. */
@Command(
    name = "replay",
    mixinStandardHelpOptions = true,
    description = {
      "Sends dead letters to the queue or subscription that they came from, and to no other.",
      "Each is removed when its copy is confirmed. A copy has the id of its original, so that an idempotent receiver"
          + " handles it once, and is marked as a replay."
    })
final class ReplayCommand extends DecidingCommand {
  @Option(
      names = "--rate",
      paramLabel = "COUNT",
      defaultValue = "0",
      description = "How many a second at most. By default as fast as they are confirmed.")
  private int rate;

  @Option(
      names = "--new-ids",
      description =
          "Gives each copy an id of its own, so that idempotent receivers handle it again.")
  private boolean newIds;

  ReplayCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    if (rate < 0) {
      throw wrong("--rate takes a number from 1 on.");
    }
    return super.work(desk, sources);
  }

  @Override
  String done(Source source) {
    return "replayed to " + source;
  }

  @Override
  Summary decide(DeadLetterBatch batch, List<Entry> chosen, DeadLetterBatch.Progress progress) {
    return batch.replay(chosen, new Replay(newIds, rate), progress);
  }
}
