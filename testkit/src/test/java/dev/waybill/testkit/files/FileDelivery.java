package dev.waybill.testkit.files;

import dev.waybill.transport.Delivery;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.WireMessage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.jspecify.annotations.Nullable;

/** A file that somebody has: renamed, so that nobody else takes it. */
final class FileDelivery implements Delivery {
  private final FileReceiver receiver;
  private final String[] name;
  private final Path file;
  private final WireMessage message;
  private volatile boolean owned = true;
  private @Nullable CompletionStage<Settlement.Result> settled;

  FileDelivery(FileReceiver receiver, Path ready, String[] name) throws IOException {
    this.receiver = receiver;
    this.name = name;
    this.message = Folder.read(ready);
    this.file = Files.move(ready, ready.resolveSibling(ready.getFileName() + ",open"));
  }

  @Override
  public WireMessage message() {
    return message;
  }

  @Override
  public String brokerId() {
    return receiver.source.getFileName() + "/" + Long.parseLong(name[0]);
  }

  @Override
  public int attempt() {
    return Integer.parseInt(name[2]);
  }

  @Override
  public boolean isOwned() {
    return owned;
  }

  @Override
  public void renewLease() {} // a file is its owner's until the receiver closes

  @Override
  public synchronized CompletionStage<Settlement.Result> settle(Settlement settlement) {
    if (settled == null) {
      settled =
          CompletableFuture.completedFuture(receiver.folder.locked(() -> carryOut(settlement)));
    }
    return settled;
  }

  private Settlement.Result carryOut(Settlement settlement) throws IOException {
    if (!receiver.open.remove(this)) {
      return Settlement.Result.NOT_OWNED;
    }
    if (settlement instanceof Settlement.Release release) {
      giveBack(release.attemptsMade() + 1);
      return Settlement.Result.SETTLED;
    }
    if (settlement instanceof Settlement.Reject reject) {
      receiver.folder.store(receiver.deadLetters, message.withHeaders(reject.evidence()));
    }
    Files.delete(file);
    return Settlement.Result.SETTLED;
  }

  /** The receiver closes. */
  void lose() throws IOException {
    owned = false;
    receiver.open.remove(this);
    giveBack(attempt() + 1);
  }

  private void giveBack(int attempt) throws IOException {
    Files.move(file, receiver.source.resolve(name[0] + "," + name[1] + "," + attempt));
  }
}
