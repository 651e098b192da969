package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterFilter;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashSet;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** Which dead letters are meant. */
final class FilterOptions {
  @Option(
      names = "--id",
      paramLabel = "ID",
      description = "Those of this message id. May be given several times.")
  private Set<String> ids = new LinkedHashSet<>();

  @Option(
      names = "--type",
      paramLabel = "TYPE",
      description = "Those of this type name. May be given several times.")
  private Set<String> types = new LinkedHashSet<>();

  @Option(
      names = "--reason",
      paramLabel = "TEXT",
      description = "Those with this text in reason, exception class or exception message.")
  private @Nullable String reason;

  @Option(
      names = "--from",
      paramLabel = "TIME",
      converter = Time.class,
      description =
          "Those that failed last at this time or later: 2026-11-26T10:00:00Z, or PT2H for two hours ago.")
  private @Nullable Instant from;

  @Option(
      names = "--to",
      paramLabel = "TIME",
      converter = Time.class,
      description = "Those that failed last before this time.")
  private @Nullable Instant to;

  /** A time as such, or by how long ago it was. */
  static final class Time implements ITypeConverter<Instant> {
    @Override
    public Instant convert(String text) {
      try {
        return text.startsWith("P") || text.startsWith("p")
            ? Instant.now().minus(Duration.parse(text))
            : Instant.parse(text);
      } catch (DateTimeException | ArithmeticException e) {
        throw new TypeConversionException(
            "'%s' is not a time: write 2026-11-26T10:00:00Z, or PT2H for two hours ago"
                .formatted(text));
      }
    }
  }

  DeadLetterFilter filter() {
    return new DeadLetterFilter(ids, types, reason, from, to);
  }

  /** Whether single ones were named, rather than a rule given. */
  boolean namesIds() {
    return !ids.isEmpty();
  }

  Set<String> ids() {
    return ids;
  }
}
