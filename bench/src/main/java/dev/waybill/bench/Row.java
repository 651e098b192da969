package dev.waybill.bench;

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
 * @param n how many messages were measured
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
    String java) {
  private static final JsonMapper MAPPER =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

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
