package dev.waybill.testkit.files;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The shared folder: a folder per queue and subscription, a file per message. A file is called
 * {@code <number>,<key's hash>,<attempt>}, with {@code ,open} behind it while somebody has it.
 * Everything is done under one lock, held against other threads and other processes.
 */
record Folder(Path root) {
  private static final ReentrantLock LOCK = new ReentrantLock();
  private static final ObjectMapper JSON = new ObjectMapper();

  /** What is in a file. */
  record Content(
      @Nullable String contentType,
      @Nullable String key,
      Map<String, String> attributes,
      Map<String, String> headers,
      String base64) {}

  /** Something done with files. */
  interface Action<T> {
    T run() throws IOException;
  }

  <T> T locked(Action<T> action) {
    LOCK.lock();
    try (FileChannel file =
            FileChannel.open(
                Files.createDirectories(root).resolve(".lock"),
                StandardOpenOption.CREATE,
                StandardOpenOption.WRITE);
        FileLock unused = file.lock()) {
      return action.run();
    } catch (IOException e) {
      throw new UncheckedIOException("The folder " + root + " can't be used", e);
    } finally {
      LOCK.unlock();
    }
  }

  Path of(String source) {
    return root.resolve(source);
  }

  /** The files of a source in their order. */
  static List<Path> files(Path source) throws IOException {
    try (Stream<Path> all = Files.list(source)) {
      return all.sorted().toList();
    }
  }

  /** Stores a message as the last of a source; returns its number. */
  String store(Path source, WireMessage message) throws IOException {
    Path counter = root.resolve(".count");
    long number = Files.exists(counter) ? Long.parseLong(Files.readString(counter)) + 1 : 1;
    Files.writeString(counter, Long.toString(number));
    String key = message.key() == null ? "" : Integer.toHexString(message.key().hashCode());
    Content content =
        new Content(
            message.contentType(),
            message.key(),
            message.attributes(),
            message.headers(),
            Base64.getEncoder().encodeToString(message.body()));
    Path file = Files.write(root.resolve(".new"), JSON.writeValueAsBytes(content));
    Files.move(file, source.resolve("%019d,%s,1".formatted(number, key)));
    return Long.toString(number);
  }

  static WireMessage read(Path file) throws IOException {
    Content content = JSON.readValue(Files.readAllBytes(file), Content.class);
    return new WireMessage(
        Base64.getDecoder().decode(content.base64()),
        content.contentType(),
        content.attributes(),
        content.headers(),
        content.key(),
        null);
  }
}
