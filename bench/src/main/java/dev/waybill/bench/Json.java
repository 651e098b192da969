package dev.waybill.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.ObjectWriter;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Orders as JSON, the way an application with a bare client would write them. */
final class Json {
  private static final JsonMapper MAPPER = new JsonMapper();
  private static final ObjectWriter WRITER = MAPPER.writerFor(Order.class);
  private static final ObjectWriter SHIPMENTS = MAPPER.writerFor(Shipment.class);
  private static final ObjectReader READER = MAPPER.readerFor(Order.class);

  private Json() {}

  static byte[] encode(Order order) {
    return encode(WRITER, order);
  }

  static byte[] encode(Shipment shipment) {
    return encode(SHIPMENTS, shipment);
  }

  private static byte[] encode(ObjectWriter writer, Record record) {
    try {
      return writer.writeValueAsBytes(record);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As another class with the same components. */
  static <T> T decode(byte[] body, Class<T> type) {
    try {
      return MAPPER.readValue(body, type);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Order decode(byte[] body) {
    try {
      return READER.readValue(body);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
