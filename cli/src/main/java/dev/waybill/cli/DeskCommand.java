package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;
import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** What all commands at the desk have in common: which broker, whose dead letters. */
abstract class DeskCommand implements Callable<Integer> {
  private static final String TRANSPORT = "WAYBILL_TRANSPORT";
  private static final Duration CONNECT = Duration.ofSeconds(15);

  @Spec private @Nullable CommandSpec spec;

  @Option(
      names = {"-t", "--transport"},
      paramLabel = "URI",
      description =
          "The broker: kafka://HOST:PORT, amqp://HOST/VHOST, aws://REGION, memory:NAME. By default the environment"
              + " variable WAYBILL_TRANSPORT, which other users of the machine don't see.")
  private @Nullable String transport;

  @Option(
      names = {"-q", "--queue"},
      paramLabel = "QUEUE",
      description = "The queue whose dead letters are meant.")
  private List<String> queues = new ArrayList<>();

  @Option(
      names = {"-s", "--subscription"},
      paramLabel = "TOPIC/NAME",
      description =
          "The subscription whose dead letters are meant. TOPIC.NAME will do where that has one dot.")
  private List<String> subscriptions = new ArrayList<>();

  @Option(
      names = "--keyed",
      description = "Its routes have keys. Needed to replay on AWS, where such queues are FIFO.")
  private boolean keyed;

  @Option(
      names = "--limit",
      paramLabel = "COUNT",
      defaultValue = "10000",
      description = "How many to take in hand at most. By default ${DEFAULT-VALUE}.")
  private int limit;

  @Option(
      names = "--patience",
      paramLabel = "SECONDS",
      defaultValue = "90",
      description =
          "How long it may take to learn what is there. By default ${DEFAULT-VALUE}, which is longer than a broker"
              + " needs to miss a consumer that was killed.")
  private int patience;

  private final Terminal terminal;
  private final Map<String, String> environment;

  DeskCommand(Terminal terminal, Map<String, String> environment) {
    this.terminal = terminal;
    this.environment = environment;
  }

  /**
   * Looks at what it was called with, before anything is connected.
   *
   * @throws ParameterException if that is wrong
   * @throws java.io.UncheckedIOException if a file can't be read
   */
  void prepare(List<Source> sources) {}

  /** Does the work; gives the exit code. */
  abstract int work(DeadLetterDesk desk, List<Source> sources);

  Terminal terminal() {
    return terminal;
  }

  @Override
  public Integer call() {
    if (limit < 1 || patience < 1) {
      throw wrong("--limit and --patience take numbers from 1 on.");
    }
    List<Source> sources = sources();
    String uri = transport != null ? transport : environment.get(TRANSPORT);
    if (uri == null || uri.isBlank()) {
      throw wrong(
          "No broker is named: give --transport URI, for example kafka://localhost:9092, or set "
              + TRANSPORT
              + ".");
    }
    prepare(sources);
    try (DeadLetterDesk desk = DeadLetterDesk.open(Transport.at(uri), sources, CONNECT)) {
      return work(desk, sources);
    }
  }

  DeadLetterBatch take(DeadLetterDesk desk, Source source) {
    DeadLetterBatch batch = desk.take(source, limit, Duration.ofSeconds(patience));
    if (!batch.isAll()) {
      terminal
          .err()
          .printf(
              "Only %d of %s dead letters of the %s are in hand: others can be when these are decided about, or with a larger --limit if the transport can.%n",
              batch.entries().size(),
              batch.total() > batch.entries().size()
                  ? String.valueOf(batch.total())
                  : "an unknown number of",
              source);
    }
    return batch;
  }

  /** For commands that are about one. */
  Source only(List<Source> sources) {
    if (sources.size() != 1) {
      throw wrong("One queue or subscription at a time: give one --queue or --subscription.");
    }
    return sources.get(0);
  }

  ParameterException wrong(String message) {
    return new ParameterException(commandLine(), message);
  }

  private CommandLine commandLine() {
    if (spec == null) {
      throw new IllegalStateException("a command that picocli has not made");
    }
    return spec.commandLine();
  }

  private List<Source> sources() {
    List<Source> sources = new ArrayList<>();
    for (String name : queues) {
      sources.add(new Queue(legal(name), keyed));
    }
    for (String name : subscriptions) {
      sources.add(subscription(name));
    }
    if (sources.isEmpty()) {
      throw wrong("Whose dead letters? Give --queue payments, or --subscription orders/billing.");
    }
    return sources;
  }

  /** By its name as it is printed, too, if that can be only one. */
  private Subscription subscription(String name) {
    int slash = name.indexOf('/');
    int dot = name.indexOf('.');
    if (slash < 0 && dot < 0) {
      throw wrong(
          "'%s' is not a subscription: write TOPIC/NAME, for example orders/billing."
              .formatted(Text.line(name)));
    }
    if (slash < 0 && dot != name.lastIndexOf('.')) {
      throw wrong(
          "'%s' can be the subscription '%s' or another one: write a '/' between the topic and its subscription."
              .formatted(
                  Text.line(name),
                  Text.line(name.substring(0, dot) + "/" + name.substring(dot + 1))));
    }
    int end = slash < 0 ? dot : slash;
    return new Subscription(
        new Topic(legal(name.substring(0, end)), keyed), legal(name.substring(end + 1)));
  }

  private String legal(String name) {
    if (!Channel.isLegalName(name)) {
      throw wrong(
          "'%s' is not a name: a channel's has 1 to %d ASCII letters, digits, '.', '_' or '-', as the routes give it."
              .formatted(Text.line(name), Channel.MAX_NAME_LENGTH));
    }
    return name;
  }
}
