package dev.waybill.testkit;

import dev.waybill.serialization.Codec;
import dev.waybill.testkit.ContractCase.Refresh;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Sends given bodies, the refresh of number n the n-th, and keeps the bodies that arrive. */
final class RawCodec implements Codec {
  private final List<byte[]> bodies;
  final Recorder<byte[]> read = new Recorder<>();

  RawCodec(List<byte[]> bodies) {
    this.bodies = bodies;
  }

  @Override
  public String contentType() {
    return "application/vnd.raw; part=1";
  }

  @Override
  public boolean reads(@Nullable String contentType) {
    return true;
  }

  @Override
  public byte[] encode(Object payload) {
    return bodies.get(((Refresh) payload).number());
  }

  @Override
  public <T> T decode(byte[] body, Class<T> type) {
    read.add(body);
    return type.cast(new Refresh(0));
  }
}
