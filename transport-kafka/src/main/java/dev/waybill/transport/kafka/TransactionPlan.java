package dev.waybill.transport.kafka;

import dev.waybill.transport.kafka.TransactionalSettlement.Outgoing;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.common.TopicPartition;

/** What one transaction does, and what it leaves to the next. */
final class TransactionPlan {
  /**
   * What one transaction takes: keeps it far below its timeout, and what an abort repeats small.
   */
  private static final int MAX_SETTLEMENTS = 500;

  /** Of one transaction's messages; at least one settlement is taken, however large. */
  private static final long MAX_BYTES = 4 * 1024 * 1024;

  private final List<TransactionalSettlement> settlements = new ArrayList<>();
  private final List<TransactionalSettlement> lost = new ArrayList<>();
  private final List<TransactionalSettlement> held = new ArrayList<>();
  private final List<TransactionalSettlement> later = new ArrayList<>();
  private final Map<PartitionWork, OffsetAndMetadata> commits = new LinkedHashMap<>();

  private TransactionPlan() {}

  /**
   * A plan.
   *
   * @param works what is owned; their offsets are stored also without a settlement
   * @param maxMetadata how long a commit's metadata may be
   */
  static TransactionPlan of(
      List<TransactionalSettlement> ready, Collection<PartitionWork> works, int maxMetadata) {
    TransactionPlan plan = new TransactionPlan();
    plan.group(ready).forEach((work, mine) -> plan.fit(work, mine, maxMetadata));
    for (PartitionWork work : works) {
      OffsetAndMetadata news = plan.commits.containsKey(work) ? null : work.news(maxMetadata);
      if (news != null) {
        plan.commits.put(work, news);
      }
    }
    return plan;
  }

  /** Settlements that are done by the transaction. */
  List<TransactionalSettlement> settlements() {
    return settlements;
  }

  /** Settlements of partitions that are not owned any more. */
  List<TransactionalSettlement> lost() {
    return lost;
  }

  /**
   * Settlements so far beyond an open record that a commit could not say that they are done: they
   * wait for it. By partition, the farthest last.
   */
  List<TransactionalSettlement> held() {
    return held;
  }

  /** Settlements that are too many for one transaction. */
  List<TransactionalSettlement> later() {
    return later;
  }

  boolean isEmpty() {
    return commits.isEmpty();
  }

  List<Outgoing> messages() {
    return settlements.stream().flatMap(each -> each.outgoing().stream()).toList();
  }

  Map<TopicPartition, OffsetAndMetadata> offsets() {
    Map<TopicPartition, OffsetAndMetadata> offsets = new HashMap<>();
    commits.forEach((work, offset) -> offsets.put(work.partition(), offset));
    return offsets;
  }

  int longestMetadata() {
    return commits.values().stream().mapToInt(each -> each.metadata().length()).max().orElse(0);
  }

  /** Notes that all of it is stored. */
  void stored(Credit credit) {
    int free = 0;
    for (TransactionalSettlement each : settlements) {
      free += each.work().accept(each.held()) ? 1 : 0; // lost: its credit is given back already
    }
    commits.forEach(PartitionWork::committed);
    credit.giveBack(free);
    settlements.forEach(TransactionalSettlement::settled);
  }

  /** Notes that nothing of it is stored. */
  void notStored() {
    commits.keySet().forEach(PartitionWork::notCommitted);
  }

  /** Gives all that it concerns up, since nobody knows. */
  void lose(Credit credit) {
    commits.keySet().forEach(work -> credit.giveBack(work.lose()));
    settlements.forEach(TransactionalSettlement::notOwned);
  }

  private Map<PartitionWork, List<TransactionalSettlement>> group(
      List<TransactionalSettlement> ready) {
    Map<PartitionWork, List<TransactionalSettlement>> groups = new LinkedHashMap<>();
    int count = 0;
    long bytes = 0;
    for (TransactionalSettlement each : ready) {
      if (!each.work().isOwned()) {
        lost.add(each);
      } else if (count == 0 || (count < MAX_SETTLEMENTS && bytes < MAX_BYTES)) {
        groups.computeIfAbsent(each.work(), work -> new ArrayList<>()).add(each);
        count++;
        bytes += each.bytes();
      } else {
        later.add(each);
      }
    }
    return groups;
  }

  private void fit(PartitionWork work, List<TransactionalSettlement> mine, int maxMetadata) {
    List<TransactionalSettlement> fitting = new ArrayList<>(mine);
    fitting.sort(Comparator.comparingLong(each -> each.held().offset()));
    List<TransactionalSettlement> beyond = new ArrayList<>();
    OffsetAndMetadata commit = work.committing(offsets(fitting), maxMetadata);
    while (commit == null && !fitting.isEmpty()) {
      beyond.add(0, fitting.remove(fitting.size() - 1));
      commit = work.committing(offsets(fitting), maxMetadata);
    }
    if (!work.isOwned()) {
      lost.addAll(mine);
    } else {
      held.addAll(beyond);
      if (commit != null && !fitting.isEmpty()) {
        commits.put(work, commit);
        mine.removeAll(beyond);
        settlements.addAll(mine);
      }
    }
  }

  private static List<Long> offsets(List<TransactionalSettlement> settlements) {
    return settlements.stream().map(each -> each.held().offset()).toList();
  }
}
