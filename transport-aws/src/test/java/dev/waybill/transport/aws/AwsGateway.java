package dev.waybill.transport.aws;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Stands in front of an emulator, counts calls, and spoils some as AWS may. */
final class AwsGateway implements AutoCloseable {
  /** What happens to a call. */
  enum Fault {
    /** Nothing: it is passed on. */
    NONE(200, ""),
    /** Refused, as there were too many. */
    THROTTLED(400, "ThrottlingException"),
    /** Refused, as the credentials are too old. */
    EXPIRED(403, "ExpiredToken"),
    /** An error of the service's own, before it did anything. */
    FAILED(503, "ServiceUnavailable"),
    /** An error of the service's own, after it was done. */
    DONE_AND_FAILED(500, "InternalFailure"),
    /** Done, and the connection cut without an answer. */
    DONE_AND_CUT(0, "");

    private final int status;
    private final String code;

    Fault(int status, String code) {
      this.status = status;
      this.code = code;
    }

    private boolean isPassedOn() {
      return this == NONE || this == DONE_AND_FAILED || this == DONE_AND_CUT;
    }
  }

  /**
   * A call as IAM sees it: the form with many entries needs the right of that with one.
   *
   * @param action {@code sqs:SendMessage}
   * @param resource the name of the queue or topic
   */
  record Call(String action, String resource) {}

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Pattern TOPIC = Pattern.compile("(?:^|&)(?:TopicArn|Name)=([^&]+)");
  private static final Pattern ACTION = Pattern.compile("(?:^|&)Action=([A-Za-z]+)");

  private final URI broker;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final HttpClient client;
  private final Queue<Call> recorded = new ConcurrentLinkedQueue<>();
  private final Map<String, AtomicInteger> calls = new ConcurrentHashMap<>();
  private final Map<String, Queue<Fault>> scripts = new ConcurrentHashMap<>();
  private final Map<String, CountDownLatch> held = new ConcurrentHashMap<>();
  private final Map<String, AtomicInteger> entries = new ConcurrentHashMap<>();
  private volatile @Nullable LongestLease longestLease;
  private volatile Supplier<Fault> chaos = () -> Fault.NONE;

  AwsGateway(String brokerUri) throws IOException {
    broker = URI.create("http://" + URI.create(brokerUri).getAuthority());
    client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).executor(threads).build();
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.setExecutor(threads);
    server.createContext("/", this::handle);
    server.start();
  }

  String uri() {
    return "aws://127.0.0.1:" + server.getAddress().getPort() + "?region=us-east-1";
  }

  /** The next calls of an operation go this way. */
  AwsGateway then(String operation, Fault fault) {
    scripts.computeIfAbsent(operation, name -> new ConcurrentLinkedQueue<>()).add(fault);
    return this;
  }

  /** What happens to each call that has no script. */
  void chaos(Supplier<Fault> faults) {
    chaos = faults;
  }

  /** Refuses what goes beyond the longest lease that AWS has, by this clock. */
  void enforceLongestLease(LongSupplier nanoTime) {
    longestLease = new LongestLease(nanoTime);
  }

  int calls(String operation) {
    AtomicInteger count = calls.get(operation);
    return count == null ? 0 : count.get();
  }

  /** How many entries the calls of an operation of SQS had together. */
  int entries(String operation) {
    AtomicInteger count = entries.get(operation);
    return count == null ? 0 : count.get();
  }

  /** Passes none of an operation's calls on until {@link #letGo}. */
  void hold(String operation) {
    held.put(operation, new CountDownLatch(1));
  }

  void letGo(String operation) {
    held.remove(operation).countDown();
  }

  /** All calls, in their order. */
  List<Call> recorded() {
    return List.copyOf(recorded);
  }

  void forget() {
    recorded.clear();
    calls.clear();
    entries.clear();
  }

  private void handle(HttpExchange exchange) throws IOException {
    byte[] body = exchange.getRequestBody().readAllBytes();
    String operation = operation(exchange, body);
    LongestLease limit = longestLease;
    // before it is counted: whoever waits for the call may let time pass then
    byte[] refusal = limit == null ? null : limit.refusal(operation, body);
    calls.computeIfAbsent(operation, name -> new AtomicInteger()).incrementAndGet();
    recorded.add(call(exchange, operation, body));
    countEntries(exchange, operation, body);
    Queue<Fault> script = scripts.get(operation);
    Fault scripted = script == null ? null : script.poll();
    Fault fault = scripted == null ? chaos.get() : scripted;
    try {
      awaitLetGo(operation);
      if (refusal != null) {
        exchange.getResponseHeaders().set("Content-Type", "application/x-amz-json-1.0");
        answer(exchange, 200, refusal);
        return;
      }
      HttpResponse<byte[]> response = fault.isPassedOn() ? passOn(exchange, body) : null;
      if (limit != null && response != null) {
        limit.answered(operation, response.body());
      }
      if (fault == Fault.NONE && response != null) {
        response
            .headers()
            .firstValue("Content-Type")
            .ifPresent(type -> exchange.getResponseHeaders().set("Content-Type", type));
        answer(exchange, response.statusCode(), response.body());
      } else if (fault != Fault.DONE_AND_CUT) {
        answer(exchange, fault.status, error(exchange, fault).getBytes(StandardCharsets.UTF_8));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } finally {
      exchange.close(); // without an answer this cuts the connection
    }
  }

  private void awaitLetGo(String operation) throws InterruptedException {
    CountDownLatch latch = held.get(operation);
    if (latch != null && !latch.await(2, TimeUnit.MINUTES)) {
      throw new IllegalStateException(operation + " was held for ever");
    }
  }

  private void countEntries(HttpExchange exchange, String operation, byte[] body)
      throws IOException {
    if (exchange.getRequestHeaders().getFirst("X-Amz-Target") != null) {
      entries
          .computeIfAbsent(operation, name -> new AtomicInteger())
          .addAndGet(JSON.readTree(body).path("Entries").size());
    }
  }

  private static String operation(HttpExchange exchange, byte[] body) {
    String target = exchange.getRequestHeaders().getFirst("X-Amz-Target");
    if (target != null) {
      return target.substring(target.indexOf('.') + 1);
    }
    Matcher action = ACTION.matcher(new String(body, StandardCharsets.UTF_8));
    return action.find() ? action.group(1) : "unknown";
  }

  private static Call call(HttpExchange exchange, String operation, byte[] body)
      throws IOException {
    String action = operation.replaceAll("Batch$", "");
    if (exchange.getRequestHeaders().getFirst("X-Amz-Target") == null) {
      Matcher topic = TOPIC.matcher(new String(body, StandardCharsets.UTF_8));
      return new Call("sns:" + action, topic.find() ? lastPart(decoded(topic.group(1))) : "");
    }
    JsonNode request = JSON.readTree(body);
    String name = request.path("QueueName").asText(request.path("QueueUrl").asText());
    return new Call("sqs:" + action, lastPart(name));
  }

  private static String decoded(String text) {
    return URLDecoder.decode(text, StandardCharsets.UTF_8);
  }

  private static String lastPart(String address) {
    return address.substring(Math.max(address.lastIndexOf('/'), address.lastIndexOf(':')) + 1);
  }

  private HttpResponse<byte[]> passOn(HttpExchange exchange, byte[] body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(broker.resolve(exchange.getRequestURI().getPath()))
            .POST(HttpRequest.BodyPublishers.ofByteArray(body));
    for (String name : new String[] {"Content-Type", "X-Amz-Target", "Authorization"}) {
      String value = exchange.getRequestHeaders().getFirst(name);
      if (value != null) {
        request.header(name, value);
      }
    }
    return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
    exchange.getResponseBody().write(body);
  }

  private static String error(HttpExchange exchange, Fault fault) {
    boolean json = exchange.getRequestHeaders().getFirst("X-Amz-Target") != null;
    exchange
        .getResponseHeaders()
        .set("Content-Type", json ? "application/x-amz-json-1.0" : "text/xml");
    return json
        ? "{\"__type\":\"com.amazonaws.sqs#%s\",\"message\":\"on purpose\"}".formatted(fault.code)
        : ("<ErrorResponse><Error><Type>Sender</Type><Code>%s</Code><Message>on purpose</Message>"
                + "</Error><RequestId>r</RequestId></ErrorResponse>")
            .formatted(fault.code);
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
