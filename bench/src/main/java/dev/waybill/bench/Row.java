package dev.waybill.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.UncheckedIOException;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.DoubleFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a trial has found.
 *
 * @param ack what the contender guaranteed, in words
 * @param settings of the contender, in words
 * @param n how many messages were measured; none if there are no figures
 * @param more what few benches find
 * @param conditions of the run
 * @param reason why there are no figures
 */
record Row(
    String part,
    String bench,
    String contender,
    String version,
    String ack,
    String settings,
    long n,
    double msgsPerS,
    double cpuUsPerMsg,
    double allocBytesPerMsg,
    @Nullable Double p50Us,
    @Nullable Double p99Us,
    @Nullable Double p999Us,
    int round,
    String java,
    @JsonUnwrapped More more,
    @JsonUnwrapped Conditions conditions,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String reason) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  /**
   * What few benches find.
   *
   * @param level how many channels, keys, bytes or subscriptions, where their number is varied
   * @param jars on the class path, where that is measured
   * @param classPathMb their size in millions of bytes
   * @param heapBytes that each subscription keeps
   * @param threads that all of them keep
   */
  @JsonInclude(JsonInclude.Include.NON_NULL)
  record More(
      @Nullable Integer level,
      @Nullable Integer jars,
      @Nullable Double classPathMb,
      @Nullable Long heapBytes,
      @Nullable Integer threads) {
    static final More NOTHING = new More(null, null, null, null, null);

    static More level(int level) {
      return level == 0 ? NOTHING : new More(level, null, null, null, null);
    }
  }

  /**
   * What one contender needed for a number of messages.
   *
   * @param micros gives percentiles, where latencies were measured
   */
  static Row of(
      Turn turn,
      Contender made,
      String guarantee,
      Meter.Usage usage,
      @Nullable DoubleFunction<Double> micros) {
    double n = usage.messages();
    return new Row(
        turn.part().inWords(),
        turn.bench().id(),
        turn.contender(),
        made.version(),
        guarantee,
        made.settings(),
        usage.messages(),
        n * TimeUnit.SECONDS.toNanos(1) / usage.nanos(),
        usage.cpuNanos() / n / 1_000,
        usage.allocatedBytes() / n,
        micros == null ? null : micros.apply(50),
        micros == null ? null : micros.apply(99),
        micros == null ? null : micros.apply(99.9),
        turn.round(),
        Runtime.version().toString(),
        More.level(turn.level()),
        Conditions.NONE,
        null);
  }

  /** A contender that could not be measured, and why. */
  static Row without(Turn turn, String reason) {
    return new Row(
        turn.part().inWords(),
        turn.bench().id(),
        turn.contender(),
        "",
        "",
        "",
        0,
        0,
        0,
        0,
        null,
        null,
        null,
        turn.round(),
        Runtime.version().toString(),
        More.level(turn.level()),
        Conditions.NONE,
        reason);
  }

  /** The same, in a run. */
  Row under(Conditions all) {
    return with(more, all);
  }

  /** The same, with what stood on the class path. */
  Row on(ClassPath classPath) {
    return with(
        new More(null, classPath.jars().size(), classPath.megabytes(), null, null), conditions);
  }

  /** The same, with what subscriptions keep. */
  Row keeping(long heapBytes, int threads) {
    return with(new More(more.level(), null, null, heapBytes, threads), conditions);
  }

  private Row with(More found, Conditions all) {
    return new Row(
        part,
        bench,
        contender,
        version,
        ack,
        settings,
        n,
        msgsPerS,
        cpuUsPerMsg,
        allocBytesPerMsg,
        p50Us,
        p99Us,
        p999Us,
        round,
        java,
        found,
        all,
        reason);
  }

  /** Who it is about, and at which level. */
  String subject() {
    return more.level() == null
        ? contender
        : String.format(Locale.ROOT, "%s, %,d", contender, more.level());
  }

  /** Whether there are no figures, but a reason for that. */
  boolean isWithoutFigures() {
    return reason != null;
  }

  /** One line of JSON. */
  String toJson() {
    try {
      return MAPPER.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Row ofJson(String line) {
    try {
      return MAPPER.readValue(line, Row.class);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }
}
