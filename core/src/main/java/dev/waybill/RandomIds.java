package dev.waybill;

import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Random UUIDs (RFC 9562, version 4) from the generator that {@link UUID#randomUUID} uses, which is
 * asked for many at a time: one by one they would cost more than the rest of many a send.
 * Thread-safe.
 */
final class RandomIds {
  private static final int BATCH = 256;
  private static final long VERSION_4 = 0x4000L;
  private static final long IETF_VARIANT = 0x8000_0000_0000_0000L;

  private static final SecureRandom RANDOM = new SecureRandom();
  private static volatile Batch batch = new Batch();

  private RandomIds() {}

  static String next() {
    Batch current = batch;
    int index = current.given.getAndIncrement();
    while (index >= BATCH) { // several threads may see this, and the last batch stays
      current = new Batch();
      batch = current;
      index = current.given.getAndIncrement();
    }
    return current.id(index);
  }

  /** So many ids, each of which is given once. */
  private static final class Batch {
    final AtomicInteger given = new AtomicInteger();
    private final ByteBuffer random = ByteBuffer.allocate(BATCH * 2 * Long.BYTES);

    Batch() {
      RANDOM.nextBytes(random.array());
    }

    String id(int index) {
      int at = index * 2 * Long.BYTES;
      long most = (random.getLong(at) & ~0xf000L) | VERSION_4;
      long least = (random.getLong(at + Long.BYTES) & ~(3L << 62)) | IETF_VARIANT;
      return new UUID(most, least).toString();
    }
  }
}
