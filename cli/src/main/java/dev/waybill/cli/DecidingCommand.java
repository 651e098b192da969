package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterBatch.Entry;
import dev.waybill.deadletter.DeadLetterBatch.Summary;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.error.MessagingException;
import dev.waybill.routing.Source;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Decides about dead letters that a filter chooses, or shows first which those are. */
abstract class DecidingCommand extends DeskCommand {
  @Option(
      names = {"-y", "--yes"},
      description = "Does it. Without this, and without --id, it is only shown what would be done.")
  private boolean yes;

  @Mixin private FilterOptions filter = new FilterOptions();

  DecidingCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  /** What is done, as in "3 dead letters replayed to queue payments". */
  abstract String done(Source source);

  /** Decides about some. */
  abstract Summary decide(
      DeadLetterBatch batch, List<Entry> chosen, DeadLetterBatch.Progress progress);

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    Source source = only(sources);
    try (DeadLetterBatch batch = take(desk, source)) {
      List<Entry> chosen = batch.matching(filter.filter());
      if (missing(source, chosen)) {
        return Waybill.FAILED;
      }
      if (!yes && !filter.namesIds()) {
        dryRun(source, chosen);
        return batch.isAll() ? 0 : Waybill.LEFT_OVER;
      }
      return decide(source, batch, chosen);
    }
  }

  private boolean missing(Source source, List<Entry> chosen) {
    List<String> missing =
        filter.ids().stream()
            .filter(id -> chosen.stream().noneMatch(e -> e.letter().messageId().equals(id)))
            .map(Text::line)
            .toList();
    if (!missing.isEmpty()) {
      terminal()
          .err()
          .println(
              "No dead letter of the %s that is meant has the id '%s'; nothing was done."
                  .formatted(source, String.join("', '", missing)));
    }
    return !missing.isEmpty();
  }

  private void dryRun(Source source, List<Entry> chosen) {
    if (!chosen.isEmpty()) {
      Table table = Letters.table();
      chosen.forEach(entry -> Letters.row(table, source, entry));
      table.print(terminal().out());
    }
    terminal()
        .err()
        .println(
            "%s would be %s.%s"
                .formatted(
                    Words.deadLetters(chosen.size()),
                    done(source),
                    chosen.isEmpty() ? "" : " Nothing was done: add --yes to do it."));
  }

  private int decide(Source source, DeadLetterBatch batch, List<Entry> chosen) {
    ProgressBar bar = new ProgressBar(terminal(), chosen.size());
    Summary summary;
    try {
      summary = decide(batch, chosen, bar);
    } catch (MessagingException e) {
      bar.end();
      terminal()
          .err()
          .println(
              "%s %s, then it failed; what was not is kept."
                  .formatted(Words.deadLetters(bar.count()), done(source)));
      throw e;
    }
    bar.end();
    terminal().err().println("%s %s.".formatted(Words.deadLetters(summary.done()), done(source)));
    if (Thread.interrupted()) {
      terminal()
          .err()
          .println("Interrupted: %d are kept.".formatted(chosen.size() - summary.done()));
      return Waybill.INTERRUPTED;
    }
    if (summary.again() > 0) {
      terminal()
          .err()
          .println(
              "%d were no longer held when they were to be removed, and are there again: run it again."
                  .formatted(summary.again()));
      return Waybill.LEFT_OVER;
    }
    return batch.isAll() || filter.namesIds() ? 0 : Waybill.LEFT_OVER;
  }
}
