package dev.waybill;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Random UUIDs (RFC 9562, version 4) from the generator that {@link UUID#randomUUID} uses, which is
 * asked for many at a time: one by one they would cost more than the rest of many a send.
 * Thread-safe.
 *
 * <p>What is drawn ahead is soon forgotten, so that two processes which begin from one image of a
 * process do not go on with the same ids.
 */
final class RandomIds {
  private static final int BATCH = 64;
  private static final long FRESH_NANOS = 100_000_000;
  private static final long VERSION_4 = 0x4000L;
  private static final long IETF_VARIANT = 0x8000_0000_0000_0000L;

  private static final RandomIds SHARED = new RandomIds(System::nanoTime);

  private final SecureRandom random = new SecureRandom();
  private final LongSupplier nanoTime;
  private volatile Batch batch;

  RandomIds(LongSupplier nanoTime) {
    this.nanoTime = nanoTime;
    this.batch = new Batch();
  }

  static String next() {
    return SHARED.draw();
  }

  String draw() {
    while (true) {
      Batch current = batch;
      int index = current.given.getAndIncrement();
      if (index < BATCH && nanoTime.getAsLong() - current.drawn < FRESH_NANOS) {
        return current.id(index);
      }
      replace(current);
    }
  }

  private synchronized void replace(Batch used) {
    if (batch == used) {
      batch = new Batch();
    }
  }

  /** So many ids, each of which is given once. */
  private final class Batch {
    final AtomicInteger given = new AtomicInteger();
    final long drawn;
    private final ByteBuffer bits = ByteBuffer.allocate(BATCH * 2 * Long.BYTES);

    Batch() {
      random.nextBytes(bits.array());
      drawn = nanoTime.getAsLong(); // at the end: however long it takes, it is fresh then
    }

    String id(int index) {
      int at = index * 2 * Long.BYTES;
      long most = (bits.getLong(at) & ~0xf000L) | VERSION_4;
      long least = (bits.getLong(at + Long.BYTES) & ~(3L << 62)) | IETF_VARIANT;
      return new UUID(most, least).toString();
    }
  }
}
