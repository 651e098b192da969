package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.deadletter.DeadLetterFilter;
import dev.waybill.routing.Source;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Lists dead letters. */
@Command(
    name = "list",
    mixinStandardHelpOptions = true,
    description = "Lists queues and subscriptions with how many dead letters they have, and why.")
final class ListCommand extends DeskCommand {
  @Option(names = "--each", description = "Lists each dead letter instead.")
  private boolean each;

  @Mixin private FilterOptions filter = new FilterOptions();

  ListCommand(Terminal terminal, Map<String, String> environment) {
    super(terminal, environment);
  }

  @Override
  int work(DeadLetterDesk desk, List<Source> sources) {
    Table summary = new Table("OF", "COUNT", "FIRST FAILED", "LAST FAILED", "TYPES");
    Table all = Letters.table();
    boolean whole = true;
    for (Source source : sources) {
      try (DeadLetterBatch batch = take(desk, source)) {
        List<DeadLetterBatch.Entry> entries = batch.matching(filter.filter());
        whole &= batch.isAll();
        summarize(summary, source, entries);
        entries.forEach(entry -> Letters.row(all, source, entry));
      }
    }
    (each ? all : summary).print(terminal().out());
    return whole ? 0 : Waybill.LEFT_OVER;
  }

  private static void summarize(Table table, Source source, List<DeadLetterBatch.Entry> entries) {
    List<Instant> times =
        entries.stream()
            .map(entry -> DeadLetterFilter.timeOf(entry.letter()))
            .filter(Objects::nonNull)
            .sorted()
            .toList();
    Map<String, Long> types =
        entries.stream()
            .map(entry -> Text.line(entry.letter().typeName()))
            .collect(
                Collectors.groupingBy(Function.identity(), TreeMap::new, Collectors.counting()));
    table.row(
        source.name(),
        String.valueOf(entries.size()),
        times.isEmpty() ? "-" : times.get(0).toString(),
        times.isEmpty() ? "-" : times.get(times.size() - 1).toString(),
        types.isEmpty()
            ? "-"
            : types.entrySet().stream()
                .map(type -> type.getKey() + " " + type.getValue())
                .collect(Collectors.joining(", ")));
  }
}
