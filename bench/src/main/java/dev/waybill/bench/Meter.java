package dev.waybill.bench;

import com.sun.management.OperatingSystemMXBean;
import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/** Time, processor time and allocation of this JVM, from its making on. */
final class Meter {
  private static final OperatingSystemMXBean SYSTEM =
      (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final long allocated = allocated();
  private final long cpu = SYSTEM.getProcessCpuTime();
  private final long begun = System.nanoTime();

  /** What was used for a number of messages. */
  record Usage(long messages, long nanos, long cpuNanos, long allocatedBytes) {}

  /** What was used since the beginning. */
  Usage used(long messages) {
    long nanos = System.nanoTime() - begun;
    return new Usage(messages, nanos, SYSTEM.getProcessCpuTime() - cpu, allocated() - allocated);
  }

  /** Of all threads that live; those measured live to the end. */
  static long allocated() {
    long sum = 0;
    for (long bytes : THREADS.getThreadAllocatedBytes(THREADS.getAllThreadIds())) {
      sum += Math.max(0, bytes);
    }
    return sum;
  }
}
