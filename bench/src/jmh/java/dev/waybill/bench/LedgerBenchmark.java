package dev.waybill.bench;

import dev.waybill.transport.support.SettledPrefix;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** The ledger of what is settled, with 1,000 open: settled as they came, or in any order. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class LedgerBenchmark {
  private static final int OPEN = 1_000;
  private static final long SEED = 17;

  @Param({"as-they-came", "any"})
  public String order;

  private final int[] settled = new int[OPEN];

  @Setup
  public void shuffle() {
    List<Integer> ids = new ArrayList<>(IntStream.range(0, OPEN).boxed().toList());
    if (order.equals("any")) {
      Collections.shuffle(ids, new Random(SEED));
    }
    for (int i = 0; i < OPEN; i++) {
      settled[i] = ids.get(i);
    }
  }

  @Benchmark
  @OperationsPerInvocation(OPEN)
  public long addAndSettle() {
    SettledPrefix ledger = new SettledPrefix(0);
    for (int id = 0; id < OPEN; id++) {
      ledger.add(id);
    }
    long ends = 0;
    for (int id : settled) {
      ledger.settle(id);
      ends += ledger.end();
    }
    return ends;
  }
}
