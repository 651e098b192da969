package dev.waybill.testkit.files;

import dev.waybill.routing.Queue;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The example of docs/writing-a-transport.md: messages are files in a folder that programs share.
 */
public final class FileTransport implements Transport {
  static final int MAX_BODY = 1024 * 1024;

  private final Path folder;

  public FileTransport(Path folder) {
    this.folder = folder;
  }

  @Override
  public String name() {
    return "files";
  }

  @Override
  public String address() {
    return folder.toUri().toString();
  }

  @Override
  public Capabilities capabilities(boolean keyed) {
    return Capabilities.builder()
        .natively(Feature.PUBLISH_SUBSCRIBE, "a file in each subscription's folder")
        .natively(Feature.ORDER_PER_KEY, "one file per key is open at a time")
        .natively(Feature.ATTEMPTS, "in the file's name")
        .natively(Feature.AT_MOST_ONCE, "an accepted file is deleted at once")
        .emulated(Feature.RETRY_AFTER, "the library waits with the file open")
        .refused(Feature.DELAY, "a file can be taken as soon as it is there; send it later")
        .refused(Feature.CANCEL, "there are no delayed messages")
        .emulated(Feature.EXPIRY, "looked at before handling")
        .emulated(Feature.DEAD_LETTER, "a file in the dead-letter queue's folder")
        .refused(Feature.ATOMIC_SEND, "each file is for itself; make the receiver idempotent")
        .refused(Feature.ATOMIC_SETTLEMENT, "each file is for itself; make the receiver idempotent")
        .natively(Feature.REQUEST_REPLY, "a folder per instance")
        .natively(Feature.MANDATORY, "the queue's folder must exist")
        .natively(Feature.CREATE_TOPOLOGY, "folders")
        .natively(Feature.VERIFY_TOPOLOGY, "that the folders exist")
        .maxBodyBytes(MAX_BODY)
        .maxHeaderBytes(32_000)
        .build();
  }

  @Override
  public List<String> check(Topology topology) {
    return List.of(); // every name that the library allows is good for a folder
  }

  @Override
  public Map<String, String> nativeNames(Topology topology) {
    Map<String, String> names = new TreeMap<>();
    topology.channels().forEach(channel -> names.put(channel.name(), channel.name()));
    topology.sources().forEach(source -> names.put(source.name(), source.name()));
    for (Queue queue : topology.deadLetterQueues()) {
      names.put(queue.name(), queue.name());
    }
    return names;
  }

  @Override
  public TransportConnection connect(Duration deadline) {
    return new FileConnection(new Folder(folder));
  }
}
