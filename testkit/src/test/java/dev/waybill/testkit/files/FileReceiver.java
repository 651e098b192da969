package dev.waybill.testkit.files;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;

import dev.waybill.transport.Receiver;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;

/** Looks into a source's folder for what it may take, again and again, on a thread of its own. */
final class FileReceiver implements Receiver {
  final Folder folder;
  final Path source;
  final Path deadLetters;

  /** The deliveries that are this receiver's; touched under the folder's lock. */
  final Set<FileDelivery> open = new HashSet<>();

  private final int maxUnsettled;
  private final Listener listener;
  private final ScheduledExecutorService thread;
  private volatile boolean paused;

  FileReceiver(
      Folder folder, String source, String deadLetters, int maxUnsettled, Listener listener) {
    this.folder = folder;
    this.source = folder.of(source);
    this.deadLetters = folder.of(deadLetters);
    this.maxUnsettled = maxUnsettled;
    this.listener = listener;
    this.thread =
        Executors.newSingleThreadScheduledExecutor(
            task -> {
              Thread daemon = new Thread(task, "waybill-files-" + source);
              daemon.setDaemon(true);
              return daemon;
            });
    var unused = thread.scheduleWithFixedDelay(this::look, 0, 5, MILLISECONDS);
  }

  private void look() {
    folder.locked(this::take).forEach(listener::delivered);
  }

  /** Marks files as its own: the oldest first, and one of each key, if none of it is open. */
  private List<FileDelivery> take() throws IOException {
    List<FileDelivery> taken = new ArrayList<>();
    Set<String> busyKeys = new HashSet<>();
    for (Path file : paused ? List.<Path>of() : Folder.files(source)) {
      String[] name = file.getFileName().toString().split(",", -1);
      boolean first = name[1].isEmpty() || busyKeys.add(name[1]);
      if (first && name.length == 3 && open.size() < maxUnsettled) {
        FileDelivery delivery = new FileDelivery(this, file, name);
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
    thread.shutdown();
    try {
      if (!thread.awaitTermination(2, SECONDS)) {
        throw new IllegalStateException("The listener of " + source + " blocks, and must not");
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Override
  public void close() {
    stop();
    folder.locked(
        () -> {
          for (FileDelivery delivery : List.copyOf(open)) {
            delivery.lose();
          }
          return null;
        });
  }
}
