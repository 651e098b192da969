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
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

/** SQS that answers what it is told, for answers that no emulator gives. */
final class StubAws implements AutoCloseable {
  /** An answer: a status, and an error code with its text or, with 200, nothing. */
  record Answer(int status, String code, String text) {
    Answer(int status, String code) {
      this(status, code, "because");
    }
  }

  /** None until the end. */
  static final Answer NONE = new Answer(0, "none");

  /** The connection is cut instead. */
  static final Answer CUT = new Answer(0, "cut");

  private static final ObjectMapper JSON = new ObjectMapper();

  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, Queue<Answer>> scripts = new ConcurrentHashMap<>();
  private final Map<String, Answer> standing = new ConcurrentHashMap<>();
  private final Map<String, Queue<Answer>> entries = new ConcurrentHashMap<>();
  private final Queue<String> stored = new ConcurrentLinkedQueue<>();
  private final Queue<String> toReceive = new ConcurrentLinkedQueue<>();
  private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();
  private final CountDownLatch end = new CountDownLatch(1);
  private final AtomicInteger largestCall = new AtomicInteger();
  private final AtomicInteger longestCall = new AtomicInteger();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();

  StubAws() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::answer);
    server.start();
  }

  String uri() {
    return "aws://127.0.0.1:" + server.getAddress().getPort() + "?region=us-east-1";
  }

  /** The next answer to an operation; without one it succeeds. */
  StubAws then(String operation, int status, String code) {
    return then(operation, new Answer(status, code));
  }

  /** The next answer to an operation, in these words. */
  StubAws then(String operation, Answer answer) {
    scripts.computeIfAbsent(operation, name -> new ConcurrentLinkedQueue<>()).add(answer);
    return this;
  }

  /** The answer to an operation whenever there is no other. */
  StubAws always(String operation, int status, String code) {
    return always(operation, new Answer(status, code));
  }

  /** The answer to an operation whenever there is no other, in these words. */
  StubAws always(String operation, Answer answer) {
    standing.put(operation, answer);
    return this;
  }

  /** The next answer to one message of a batch, by its body; without one it is stored. */
  StubAws thenForEntry(String body, int status, String code) {
    entries
        .computeIfAbsent(body, name -> new ConcurrentLinkedQueue<>())
        .add(new Answer(status, code));
    return this;
  }

  /** Answers none of an operation until {@link #letGo}. */
  StubAws hold(String operation) {
    held.put(operation, new CountDownLatch(1));
    return this;
  }

  void letGo(String operation) {
    held.remove(operation).countDown();
  }

  /** The bodies of the messages that it has stored, in their order. */
  List<String> stored() {
    return List.copyOf(stored);
  }

  /** The most messages that one call had. */
  int largestCall() {
    return largestCall.get();
  }

  /** The most characters that the bodies of one call had together. */
  int longestCall() {
    return longestCall.get();
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
    awaitLetGo(operation, held.get(operation));
    Queue<Answer> script = scripts.get(operation);
    Answer scripted = script == null ? null : script.poll();
    Answer answer = scripted == null ? standing.get(operation) : scripted;
    if (NONE.equals(answer)) {
      awaitLetGo(operation, end);
    }
    if (CUT.equals(answer)) {
      exchange.close();
      return;
    }
    int status = answer == null ? 200 : answer.status();
    byte[] body =
        (status == 200 ? success(operation, request) : error(answer))
            .getBytes(StandardCharsets.UTF_8);
    exchange.getResponseHeaders().add("Content-Type", "application/x-amz-json-1.0");
    exchange.getResponseHeaders().add("x-amzn-RequestId", "r-1");
    exchange.sendResponseHeaders(status, body.length);
    exchange.getResponseBody().write(body);
    exchange.close();
  }

  private static void awaitLetGo(String operation, CountDownLatch latch) {
    try {
      if (latch != null && !latch.await(2, TimeUnit.MINUTES)) {
        throw new IllegalStateException(operation + " was held for ever");
      }
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  private String success(String operation, JsonNode request) throws IOException {
    return switch (operation) {
      case "GetQueueUrl" -> "{\"QueueUrl\":\"http://127.0.0.1/000000000000/q\"}";
      case "SendMessageBatch" -> stored(request);
      case "DeleteMessageBatch", "ChangeMessageVisibilityBatch" -> done(request);
      case "ReceiveMessage" -> received();
      case "GetQueueAttributes" -> "{\"Attributes\":{\"QueueArn\":\"arn:aws:sqs:us-east-1:0:q\"}}";
      case "CreateQueue" -> "{\"QueueUrl\":\"http://127.0.0.1/000000000000/q\"}";
      default -> "{}";
    };
  }

  /** With digests, which the SDKs check, and the failures that were asked for. */
  private String stored(JsonNode request) throws IOException {
    List<String> successful = new ArrayList<>();
    List<String> failed = new ArrayList<>();
    largestCall.accumulateAndGet(request.path("Entries").size(), Math::max);
    int length = 0;
    for (JsonNode entry : request.path("Entries")) {
      length += entry.path("MessageBody").asText().length();
    }
    longestCall.accumulateAndGet(length, Math::max);
    for (JsonNode entry : request.path("Entries")) {
      String body = entry.path("MessageBody").asText();
      Answer answer = entries.getOrDefault(body, new ConcurrentLinkedQueue<>()).poll();
      if (answer == null) {
        stored.add(body);
        successful.add(
            "{\"Id\":\"%s\",\"MessageId\":\"sqs-%s\",\"MD5OfMessageBody\":\"%s\",\"MD5OfMessageAttributes\":\"%s\"}"
                .formatted(
                    entry.path("Id").asText(),
                    body,
                    md5(body.getBytes(StandardCharsets.UTF_8)),
                    md5(attributes(entry.path("MessageAttributes")))));
      } else {
        failed.add(
            "{\"Id\":\"%s\",\"Code\":\"%s\",\"SenderFault\":%s,\"Message\":\"because\"}"
                .formatted(entry.path("Id").asText(), answer.code(), answer.status() < 500));
      }
    }
    return "{\"Successful\":[%s],\"Failed\":[%s]}"
        .formatted(String.join(",", successful), String.join(",", failed));
  }

  /** The next message to receive, once. */
  StubAws thenReceived(String body) {
    toReceive.add(body);
    return this;
  }

  private String received() {
    String body = toReceive.poll();
    return body == null
        ? "{}"
        : "{\"Messages\":[{\"MessageId\":\"%s\",\"ReceiptHandle\":\"r\",\"Body\":\"%s\",\"MD5OfBody\":\"%s\"}]}"
            .formatted(body, body, md5(body.getBytes(StandardCharsets.UTF_8)));
  }

  private static String done(JsonNode request) {
    List<String> successful = new ArrayList<>();
    for (JsonNode entry : request.path("Entries")) {
      successful.add("{\"Id\":\"%s\"}".formatted(entry.path("Id").asText()));
    }
    return "{\"Successful\":[%s],\"Failed\":[]}".formatted(String.join(",", successful));
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
    return "{\"__type\":\"com.amazonaws.sqs#%s\",\"message\":\"%s\"}"
        .formatted(answer.code(), answer.text());
  }

  @Override
  public void close() {
    held.values().forEach(CountDownLatch::countDown);
    end.countDown();
    server.stop(0);
    threads.shutdown();
  }
}
