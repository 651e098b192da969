package dev.waybill;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/**
 * Random UUIDs (RFC 9562, version 4), made many at a time: one by one from the generator of {@link
 * UUID#randomUUID} they would cost more than the rest of many a send. Thread-safe.
 *
 * <p>Unique, and no secrets: each batch is two sequences that begin at 128 bits of that generator,
 * so that two batches have an id in common no more likely than two such UUIDs are the same; who
 * knows one id can find out the others of its batch.
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
    private final long[] most;
    private final long[] least;

    Batch() {
      byte[] seeds = new byte[2 * Long.BYTES];
      random.nextBytes(seeds);
      ByteBuffer bits = ByteBuffer.wrap(seeds);
      most = new SplittableRandom(bits.getLong()).longs(BATCH).toArray();
      least = new SplittableRandom(bits.getLong()).longs(BATCH).toArray();
      drawn = nanoTime.getAsLong(); // at the end: however long it takes, it is fresh then
    }

    String id(int index) {
      return new UUID(
              (most[index] & ~0xf000L) | VERSION_4, (least[index] & ~(3L << 62)) | IETF_VARIANT)
          .toString();
    }
  }
}
