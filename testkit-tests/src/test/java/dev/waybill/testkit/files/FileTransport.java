package dev.waybill.testkit.files;

import static java.nio.file.StandardOpenOption.CREATE;
import static java.nio.file.StandardOpenOption.WRITE;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The transport of docs/writing-a-transport.md: its broker is a folder that programs share. */
// tag::transport[]
record FileTransport(Path root, Duration lease) implements Transport {
  private static final Logger LOG = LoggerFactory.getLogger(FileTransport.class);
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Guards everything; between programs a file's lock does. */
  private static final Object LOCK = new Object();

  @Override
  public String name() {
    return "files";
  }

  @Override
  public String address() {
    return root.toUri().toString();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return Capabilities.builder()
        .natively(Feature.PUBLISH_SUBSCRIBE, "a copy in each subscription's folder")
        .natively(Feature.ORDER_PER_KEY, "only the first file of a key can be taken")
        .natively(Feature.AT_MOST_ONCE, "an accepted file is deleted at once")
        .nativelyUpTo(Feature.DELAY, Duration.ofDays(3650), "the file's time; its key waits, too")
        .natively(Feature.MANDATORY, "the queue's folder has to be there")
        .natively(Feature.CREATE_TOPOLOGY, "makes folders")
        .natively(Feature.VERIFY_TOPOLOGY, "looks for folders")
        .emulated(Feature.ATTEMPTS, "the library counts, within its process")
        .emulated(Feature.RETRY_AFTER, "the library waits with the file taken")
        .emulated(Feature.EXPIRY, "the library looks before handling")
        .emulated(Feature.DEAD_LETTER, "stored in the dead-letter queue, then deleted")
        .refused(Feature.CANCEL, "a file that waits looks like one that was taken; send later")
        .refused(Feature.ATOMIC_SEND, "each file is for itself; send one by one")
        .refused(Feature.ATOMIC_SETTLEMENT, "each file is for itself; use at-least-once")
        .refused(Feature.REQUEST_REPLY, "not made yet; answer with a command to a queue")
        .maxBodyBytes(1 << 20)
        .maxHeaderBytes(32_000)
        .leaseDuration(lease)
        .build();
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return alone(Connection::new);
  }

  // end::transport[]
  // tag::connection[]
  private final class Connection implements TransportConnection, Sender {
    private final Set<Receiver> receivers = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    @Override
    public List<String> prepare(Topology topology, Topology.Mode mode) {
      List<Path> needed = new ArrayList<>();
      topology.channels().forEach(channel -> needed.add(root.resolve(channel.name())));
      topology.sources().forEach(source -> needed.add(folderOf(source)));
      topology.deadLetterQueues().forEach(queue -> needed.add(folderOf(queue)));
      if (mode == Topology.Mode.CREATE) {
        needed.forEach(folder -> alone(() -> Files.createDirectories(folder)));
      }
      return needed.stream()
          .filter(folder -> mode == Topology.Mode.VERIFY && !Files.isDirectory(folder))
          .map("The folder %s is missing: make it."::formatted)
          .toList();
    }

    @Override
    public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
      Receiver receiver = new FileReceiver(source, maxUnsettled, listener);
      receivers.add(receiver);
      return receiver;
    }

    @Override
    public void close() {
      closed = true;
      receivers.forEach(Receiver::close);
    }

    // end::connection[]
    // tag::sender[]
    @Override
    public Sender sender() {
      return this;
    }

    @Override
    public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
      return CompletableFuture.supplyAsync(
          () -> alone(() -> store(channel, message)), Runnable::run);
    }

    @Override
    public CompletableFuture<String> sendTo(Source source, WireMessage message, Duration deadline) {
      return CompletableFuture.supplyAsync(
          () -> alone(() -> store(List.of(folderOf(source)), message)), Runnable::run);
    }

    private String store(Channel channel, WireMessage message) throws IOException {
      Path there = root.resolve(channel.name());
      return store(channel instanceof Topic ? files(there) : List.of(there), message);
    }

    private String store(List<Path> folders, WireMessage message) throws IOException {
      if (closed) {
        throw SendException.rejected(ErrorCode.CLOSED, "The connection is closed.", null);
      }
      String name = "a topic without subscriptions";
      for (Path folder : folders) {
        name = write(folder, message);
      }
      return name;
    }

    @Override
    public boolean flush(Duration deadline) {
      return true; // each send has its answer when it returns
    }

    // end::sender[]
  }

  // tag::receiver[]
  private final class FileReceiver implements Receiver {
    private final Source source;
    private final int maxUnsettled;
    private final Listener listener;
    private final Thread thread;
    private final Set<FileDelivery> open = ConcurrentHashMap.newKeySet();
    private volatile boolean paused;
    private volatile boolean stopped;

    FileReceiver(Source source, int maxUnsettled, Listener listener) {
      this.source = source;
      this.maxUnsettled = maxUnsettled;
      this.listener = listener;
      this.thread = new Thread(this::receive, "waybill-files-" + source.name());
      thread.setDaemon(true);
      thread.start();
    }

    private void receive() {
      boolean failing = false;
      while (!stopped) {
        try {
          alone(this::take).forEach(listener::delivered);
          if (failing) {
            failing = false;
            listener.recovered();
          }
        } catch (MessagingException e) {
          if (!failing) {
            failing = true;
            listener.failed(e);
          }
        }
        LockSupport.parkNanos(Duration.ofMillis(failing ? 500 : 5).toNanos());
      }
    }

    /** Files whose time has come, in their order; of each key none but its first. */
    private List<FileDelivery> take() throws IOException {
      open.removeIf(delivery -> !delivery.isOwned()); // settled, or lost
      List<FileDelivery> taken = new ArrayList<>();
      Set<String> keys = new HashSet<>();
      for (Path file : paused ? List.<Path>of() : files(folderOf(source))) {
        String key = file.getFileName().toString().replaceFirst(".*,", "");
        boolean first = key.isEmpty() || keys.add(key);
        boolean due = file.toFile().lastModified() < System.currentTimeMillis();
        if (first && due && open.size() < maxUnsettled) {
          FileDelivery delivery = new FileDelivery(source, file);
          open.add(delivery);
          taken.add(delivery);
        }
      }
      return taken;
    }

    @Override
    public void pause() {
      paused = true;
    }

    @Override
    public void resume() {
      paused = false;
    }

    @Override
    public void stop() {
      stopped = true;
      LockSupport.unpark(thread);
      try {
        thread.join(2_000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    @Override
    public void close() {
      stop();
      open.forEach(FileDelivery::giveBack);
    }
  }

  // end::receiver[]
  // tag::delivery[]
  private final class FileDelivery implements Delivery {
    private final Source source;
    private final Path file;
    private final WireMessage message;
    private long until;
    private @Nullable CompletableFuture<Settlement.Result> settled;

    FileDelivery(Source source, Path file) throws IOException {
      this.source = source;
      this.file = file;
      this.message = read(file);
      this.until = putOff(file, lease);
    }

    @Override
    public WireMessage message() {
      return message;
    }

    @Override
    public String brokerId() {
      return root.relativize(file).toString();
    }

    /** The file's time is the one that this delivery gave it, so nobody has taken it since. */
    @Override
    public boolean isOwned() {
      synchronized (LOCK) {
        return file.toFile().lastModified() == until;
      }
    }

    @Override
    public void renewLease() {
      alone(() -> until = isOwned() ? putOff(file, lease) : until);
    }

    @Override
    public CompletionStage<Settlement.Result> settle(Settlement settlement) {
      synchronized (LOCK) {
        if (settled == null || settled.isCompletedExceptionally()) {
          settled =
              CompletableFuture.supplyAsync(() -> alone(() -> end(settlement)), Runnable::run);
        }
        return settled;
      }
    }

    private Settlement.Result end(Settlement settlement) throws IOException {
      if (!isOwned()) {
        return Settlement.Result.NOT_OWNED;
      }
      if (settlement instanceof Settlement.Release release) {
        putOff(file, release.after());
        return Settlement.Result.SETTLED;
      }
      if (settlement instanceof Settlement.Reject reject) {
        write(folderOf(source.deadLetterQueue()), message.withHeaders(reject.evidence()));
      }
      Files.delete(file);
      return Settlement.Result.SETTLED;
    }

    private void giveBack() {
      try {
        alone(() -> isOwned() ? putOff(file, Duration.ZERO) : until);
      } catch (MessagingException e) {
        LOG.info("{} comes back when its lease is over", brokerId(), e);
      }
    }
  }

  // end::delivery[]
  // tag::files[]
  private record Content(
      @Nullable String contentType,
      @Nullable String key,
      Map<String, String> attributes,
      Map<String, String> headers,
      String base64) {}

  private interface Action<T> {
    T run() throws IOException;
  }

  /** Does something while no other thread or program does. */
  private <T> T alone(Action<T> action) {
    synchronized (LOCK) {
      try (FileChannel channel = FileChannel.open(root.resolve(".lock"), CREATE, WRITE);
          FileLock unused = channel.lock()) {
        return action.run();
      } catch (NoSuchFileException e) {
        throw SendException.rejected(ErrorCode.NOT_FOUND, e.getFile() + " is missing", e);
      } catch (IOException e) {
        throw SendException.unknown(ErrorCode.BROKER_UNAVAILABLE, root + " fails: " + e, e);
      }
    }
  }

  private Path folderOf(Source source) {
    return source instanceof Subscription subscription
        ? root.resolve(subscription.topic().name()).resolve(source.name())
        : root.resolve(source.name());
  }

  private static List<Path> files(Path folder) throws IOException {
    try (Stream<Path> all = Files.list(folder)) {
      return all.sorted().toList();
    }
  }

  /** Sets from when on a file can be taken. */
  private static long putOff(Path file, Duration time) throws IOException {
    long due = System.currentTimeMillis() + time.toMillis();
    Files.setLastModifiedTime(file, FileTime.fromMillis(due));
    return due;
  }

  /** Writes a file, called {@code <number>,<hash of the key>}. */
  private String write(Path folder, WireMessage message) throws IOException {
    if (!Files.isDirectory(folder)) {
      throw new NoSuchFileException(folder.toString());
    }
    Path counter = root.resolve(".count");
    long number = Files.exists(counter) ? Long.parseLong(Files.readString(counter)) + 1 : 1;
    Files.writeString(counter, Long.toString(number));
    String body = Base64.getEncoder().encodeToString(message.body());
    Content content =
        new Content(
            message.contentType(), message.key(), message.attributes(), message.headers(), body);
    Path written = Files.write(root.resolve(".new"), JSON.writeValueAsBytes(content));
    putOff(written, Objects.requireNonNullElse(message.delay(), Duration.ZERO));
    String key = message.key() == null ? "" : Integer.toHexString(message.key().hashCode());
    Path file = folder.resolve("%019d,%s".formatted(number, key));
    return root.relativize(Files.move(written, file)).toString();
  }

  private static WireMessage read(Path file) throws IOException {
    Content content = JSON.readValue(Files.readAllBytes(file), Content.class);
    byte[] body = Base64.getDecoder().decode(content.base64());
    return new WireMessage(
        body, content.contentType(), content.attributes(), content.headers(), content.key(), null);
  }
  // end::files[]
}
