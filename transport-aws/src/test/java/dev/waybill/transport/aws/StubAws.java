package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** SQS that answers what it is told, for answers that no emulator gives. */
final class StubAws implements AutoCloseable {
  /** An answer: a status, and an error code or, with 200, nothing. */
  record Answer(int status, String code) {}

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final Map<String, Queue<Answer>> scripts = new ConcurrentHashMap<>();
  private final Map<String, Answer> standing = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

  StubAws() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/", this::answer);
    server.start();
  }

  String uri() {
    return "aws://127.0.0.1:" + server.getAddress().getPort() + "?region=us-east-1";
  }

  /** The next answer to an operation; without one it succeeds. */
  StubAws then(String operation, int status, String code) {
    scripts
        .computeIfAbsent(operation, name -> new ConcurrentLinkedQueue<>())
        .add(new Answer(status, code));
    return this;
  }

  /** The answer to an operation whenever there is no other. */
  StubAws always(String operation, int status, String code) {
    standing.put(operation, new Answer(status, code));
    return this;
  }

  int calls(String operation) {
    AtomicInteger count = calls.get(operation);
    return count == null ? 0 : count.get();
  }

  private void answer(HttpExchange exchange) throws IOException {
    String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
    String operation = target.substring(target.indexOf('.') + 1);
    JsonNode request = JSON.readTree(exchange.getRequestBody().readAllBytes());
    calls.computeIfAbsent(operation, name -> new AtomicInteger()).incrementAndGet();
    Queue<Answer> script = scripts.get(operation);
    Answer scripted = script == null ? null : script.poll();
    Answer answer = scripted == null ? standing.get(operation) : scripted;
    int status = answer == null ? 200 : answer.status();
    byte[] body =
        (answer == null ? success(operation, request) : error(answer))
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
    exchange.getResponseHeaders().add("x-amzn-RequestId", "r-1");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static String success(String operation, JsonNode request) throws IOException {
    return switch (operation) {
      case "GetQueueUrl" -> "{\"QueueUrl\":\"http://127.0.0.1/000000000000/q\"}";
      // the SDK checks the digests
      case "SendMessage" ->
          "{\"MessageId\":\"sqs-1\",\"MD5OfMessageBody\":\"%s\",\"MD5OfMessageAttributes\":\"%s\"}"
              .formatted(
                  md5(request.path("MessageBody").asText().getBytes(StandardCharsets.UTF_8)),
                  md5(attributes(request.path("MessageAttributes"))));
      default -> "{}";
    };
  }

  /** Names, types and values in the order of names, each with its length, as SQS digests them. */
  private static byte[] attributes(JsonNode attributes) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    DataOutputStream out = new DataOutputStream(bytes);
    Map<String, JsonNode> sorted = new TreeMap<>();
    attributes.properties().forEach(entry -> sorted.put(entry.getKey(), entry.getValue()));
    for (Map.Entry<String, JsonNode> attribute : sorted.entrySet()) {
      write(out, attribute.getKey());
      write(out, attribute.getValue().path("DataType").asText());
      out.writeByte(1);
      write(out, attribute.getValue().path("StringValue").asText());
    }
    return bytes.toByteArray();
  }

  private static void write(DataOutputStream out, String text) throws IOException {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    out.writeInt(bytes.length);
    out.write(bytes);
  }

  private static String md5(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("MD5").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  private static String error(Answer answer) {
    return "{\"__type\":\"com.amazonaws.sqs#%s\",\"message\":\"because\"}".formatted(answer.code());
  }

  @Override
  public void close() {
    server.stop(0);
  }
}
