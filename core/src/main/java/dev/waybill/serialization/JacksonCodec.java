package dev.waybill.serialization;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamWriteConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.datatype.jsr310.JavaTimeModule;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.io.IOException;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;

/**
 * Plain JSON by Jackson: records and beans, {@code java.time} as ISO-8601 text, unknown properties
 * tolerated, trailing text refused. No type information is written or read. A number with a
 * fraction is no {@code long}, and a record's primitive that is missing or null is not made up: let
 * what older or foreign messages may lack be a {@code Long} or another reference type.
 *
 * <p>Bounds: nesting {@value #MAX_DEPTH}, a number's length {@value #MAX_NUMBER_LENGTH} characters;
 * the length of strings and of the whole body are the size given. Jackson's own defaults leave the
 * body's size open.
 */
public final class JacksonCodec implements Codec {
  /** The deepest nesting of arrays and objects, read or written. */
  public static final int MAX_DEPTH = 100;

  /** The longest number in characters. */
  public static final int MAX_NUMBER_LENGTH = 200;

  private static final String MEDIA_TYPE = "application/json";

  private final ObjectMapper mapper;

  /** One per payload type, of which there are as many as routes. */
  private final Map<Class<?>, ObjectReader> readers = new ConcurrentHashMap<>();

  private final Map<Class<?>, ObjectWriter> writers = new ConcurrentHashMap<>();

  private JacksonCodec(ObjectMapper mapper) {
    this.mapper = mapper;
  }

  /**
   * A codec for bodies of up to {@code maxBodyBytes}.
   *
   * @throws IllegalArgumentException if it is not positive
   */
  public static JacksonCodec upTo(int maxBodyBytes) {
    if (maxBodyBytes <= 0) {
      throw new IllegalArgumentException(
          "maxBodyBytes is " + maxBodyBytes + ": give a positive size");
    }
    JsonFactory factory =
        JsonFactory.builder()
            .streamReadConstraints(
                StreamReadConstraints.builder()
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_NUMBER_LENGTH)
                    .maxStringLength(maxBodyBytes)
                    .maxDocumentLength(maxBodyBytes)
                    .build())
            .streamWriteConstraints(
                StreamWriteConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();
    return new JacksonCodec(
        JsonMapper.builder(factory)
            .addModule(new JavaTimeModule())
            .disable(SerializationFeature.WRITE_DATES_AS_TIMESTAMPS)
            .disable(SerializationFeature.WRITE_DURATIONS_AS_TIMESTAMPS)
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(DeserializationFeature.ADJUST_DATES_TO_CONTEXT_TIME_ZONE)
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .disable(DeserializationFeature.ACCEPT_FLOAT_AS_INT)
            .build());
  }

  /**
   * A codec with an application's own mapper, taken as it is: its modules, and also its bounds.
   * Polymorphic typing by class name must not be switched on in it.
   */
  public static JacksonCodec with(ObjectMapper mapper) {
    return new JacksonCodec(mapper);
  }

  @Override
  public String contentType() {
    return MEDIA_TYPE;
  }

  @Override
  public boolean reads(@Nullable String contentType) {
    if (contentType == null || contentType.equals(MEDIA_TYPE)) {
      return true;
    }
    int end = contentType.indexOf(';');
    String type =
        (end < 0 ? contentType : contentType.substring(0, end)).trim().toLowerCase(Locale.ROOT);
    return type.equals(MEDIA_TYPE)
        || type.equals("text/json")
        || (type.startsWith("application/")
            && type.endsWith("+json")
            && !type.startsWith("application/cloudevents"));
  }

  @Override
  public byte[] encode(Object payload) {
    try {
      return writers
          .computeIfAbsent(payload.getClass(), mapper::writerFor)
          .writeValueAsBytes(payload);
    } catch (JsonProcessingException e) {
      throw new MessagingException(
          ErrorCode.INVALID_MESSAGE,
          "%s can't be written as JSON: %s"
              .formatted(payload.getClass().getName(), e.getClass().getSimpleName()),
          e);
    }
  }

  @Override
  public <T> T decode(byte[] body, Class<T> type) {
    T payload;
    try {
      payload = readers.computeIfAbsent(type, mapper::readerFor).readValue(body);
    } catch (JsonProcessingException e) {
      // not as the cause: its text quotes the body, and would come into every log
      throw new MessagingException(
          ErrorCode.UNDECODABLE,
          "the body is not a JSON %s: %s".formatted(type.getSimpleName(), reason(e)));
    } catch (IOException e) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE, "the body could not be read: " + e.getClass().getSimpleName());
    }
    if (payload == null) {
      throw new MessagingException(
          ErrorCode.UNDECODABLE, "the body is the JSON null, not a " + type.getSimpleName());
    }
    return payload;
  }

  /** What kind of mistake, and where; without what stands there. */
  private static String reason(JsonProcessingException e) {
    String kind = e.getClass().getSimpleName();
    if (e instanceof ValueInstantiationException && e.getCause() != null) {
      kind += " (" + e.getCause().getClass().getSimpleName() + ")";
    }
    JsonLocation at = e.getLocation();
    return at == null
        ? kind
        : "%s at line %d, column %d".formatted(kind, at.getLineNr(), at.getColumnNr());
  }
}
