package dev.waybill.bench;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.UncheckedIOException;
import org.jspecify.annotations.Nullable;

/**
 * What a trial has found.
 *
 * @param ack what the contender guaranteed, in words
 * @param settings of the contender, in words
 * @param n how many messages were measured; none if there are no figures
 * @param jars on the class path, where that is measured
 * @param classPathMb their size in millions of bytes
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
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Integer jars,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable Double classPathMb,
    @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable String reason) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  /** A contender that could not be measured, and why. */
  static Row without(Part part, Bench bench, String contender, int round, String reason) {
    return new Row(
        part.inWords(),
        bench.id(),
        contender,
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
        round,
        Runtime.version().toString(),
        null,
        null,
        reason);
  }

  /** The same, with what stood on the class path. */
  Row on(ClassPath classPath) {
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
        classPath.jars().size(),
        classPath.megabytes(),
        null);
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
