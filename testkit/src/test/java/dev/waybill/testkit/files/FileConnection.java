package dev.waybill.testkit.files;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.SendException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Topology;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import org.jspecify.annotations.Nullable;

/** Sends by writing files; a topic is a folder whose folders are its subscriptions' names. */
final class FileConnection implements TransportConnection, Sender {
  private final Folder folder;
  private final List<FileReceiver> receivers = new CopyOnWriteArrayList<>();
  private @Nullable ReplyQueue replies;
  private volatile boolean closed;

  FileConnection(Folder folder) {
    this.folder = folder;
  }

  @Override
  public List<String> prepare(Topology topology, Topology.Mode mode) {
    replies = topology.replies();
    if (replies != null) {
      create(Set.of(folder.of(replies.name())));
    }
    Set<Path> needed = new LinkedHashSet<>();
    topology.channels().forEach(channel -> needed.add(folder.of(channel.name())));
    for (Source source : topology.sources()) {
      needed.add(folder.of(source.name()));
      if (source.channel() instanceof Topic topic) {
        needed.add(folder.of(topic.name()).resolve(source.name()));
      }
    }
    topology.deadLetterQueues().forEach(queue -> needed.add(folder.of(queue.name())));
    List<String> missing = new ArrayList<>();
    if (mode == Topology.Mode.CREATE) {
      create(needed);
    } else if (mode == Topology.Mode.VERIFY) {
      needed.stream()
          .filter(path -> !Files.isDirectory(path))
          .forEach(path -> missing.add("The folder %s is missing: make it.".formatted(path)));
    }
    return missing;
  }

  private void create(Set<Path> needed) {
    folder.locked(
        () -> {
          for (Path path : needed) {
            Files.createDirectories(path);
          }
          return null;
        });
  }

  @Override
  public CompletableFuture<String> send(Channel channel, WireMessage message, Duration deadline) {
    if (closed) {
      return rejected(ErrorCode.CLOSED, "The connection to the folder is closed.");
    }
    return folder.locked(
        () -> {
          Path there = folder.of(channel.name());
          if (!Files.isDirectory(there)) {
            return rejected(
                ErrorCode.NOT_FOUND, "There is no folder for the %s: make it.".formatted(channel));
          }
          return CompletableFuture.completedFuture(
              channel.name() + "/" + storeIn(channel, there, message));
        });
  }

  private String storeIn(Channel channel, Path there, WireMessage message) throws IOException {
    if (!(channel instanceof Topic)) {
      return folder.store(there, message);
    }
    String number = "0";
    for (Path subscription : Folder.files(there)) {
      number = folder.store(folder.of(subscription.getFileName().toString()), message);
    }
    return number;
  }

  private static CompletableFuture<String> rejected(ErrorCode code, String message) {
    return CompletableFuture.failedFuture(SendException.rejected(code, message, null));
  }

  @Override
  public boolean flush(Duration deadline) {
    return true; // every send has its answer when it returns
  }

  @Override
  public Sender sender() {
    return this;
  }

  @Override
  public Receiver receive(Source source, int maxUnsettled, Receiver.Listener listener) {
    Queue deadLetters = source.deadLetterQueue();
    FileReceiver receiver =
        new FileReceiver(folder, source.name(), deadLetters.name(), maxUnsettled, listener);
    receivers.add(receiver);
    return receiver;
  }

  @Override
  public <T> Optional<T> unwrap(Class<T> nativeType) {
    return Optional.empty();
  }

  @Override
  public String brokerVersion() {
    return "files";
  }

  @Override
  public void close() {
    closed = true;
    receivers.forEach(FileReceiver::close);
    if (replies != null) {
      Path own = folder.of(replies.name());
      folder.locked(
          () -> {
            if (Files.isDirectory(own)) {
              for (Path file : Folder.files(own)) {
                Files.delete(file);
              }
              Files.delete(own);
            }
            return null;
          });
    }
  }
}
