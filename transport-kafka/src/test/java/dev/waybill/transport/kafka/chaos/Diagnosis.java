package dev.waybill.transport.kafka.chaos;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListOffsetsOptions;
import org.apache.kafka.clients.admin.ListOffsetsResult.ListOffsetsResultInfo;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.common.IsolationLevel;
import org.apache.kafka.common.KafkaFuture;
import org.apache.kafka.common.TopicPartition;

/**
 * What a cluster and the workers say of themselves when a run has failed: where the logs end and
 * where readers must stop, what the group has committed and who has which partition, which
 * transactions are open and for how long.
 */
final class Diagnosis {
  /** A question that gets no answer is part of the diagnosis. */
  private static final Duration ANSWER = Duration.ofSeconds(20);

  private static final String GROUP = Accounts.CHARGES;

  private final List<String> lines = new ArrayList<>();
  private final Admin admin;

  private interface Question {
    void ask() throws Exception;
  }

  private Diagnosis(Admin admin) {
    this.admin = admin;
  }

  /** Asks all, of the cluster and of the workers; several lines. */
  static String of(String servers, Workers workers) {
    try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
      Diagnosis diagnosis = new Diagnosis(admin);
      diagnosis.about("topics", diagnosis::topics);
      diagnosis.about("partitions", diagnosis::partitions);
      diagnosis.about("group " + GROUP, diagnosis::group);
      diagnosis.about("transactions", diagnosis::transactions);
      diagnosis.about("producers with an open transaction", diagnosis::producers);
      diagnosis.about("workers", () -> diagnosis.lines.addAll(workers.describe()));
      return String.join("\n", diagnosis.lines);
    }
  }

  private void about(String what, Question question) {
    lines.add("== " + what);
    try {
      question.ask();
    } catch (Exception e) {
      lines.add("no answer: " + e);
    }
  }

  private void topics() throws Exception {
    answer(admin.describeTopics(List.of(Accounts.CHARGES, Accounts.CHARGED)).allTopicNames())
        .values()
        .forEach(
            topic ->
                topic
                    .partitions()
                    .forEach(
                        partition ->
                            lines.add(
                                "%s-%d: leader %s, in sync %s"
                                    .formatted(
                                        topic.name(),
                                        partition.partition(),
                                        partition.leader(),
                                        partition.isr()))));
    lines.add("nodes: " + answer(admin.describeCluster().nodes()));
  }

  private void partitions() throws Exception {
    var ends = ends(IsolationLevel.READ_UNCOMMITTED);
    var stable = ends(IsolationLevel.READ_COMMITTED);
    var committed = answer(admin.listConsumerGroupOffsets(GROUP).partitionsToOffsetAndMetadata());
    ends.forEach(
        (partition, end) ->
            lines.add(
                "%s: stable up to %d of %d, committed %s"
                    .formatted(
                        partition,
                        stable.get(partition).offset(),
                        end.offset(),
                        committed.get(partition))));
  }

  private Map<TopicPartition, ListOffsetsResultInfo> ends(IsolationLevel level) throws Exception {
    Map<TopicPartition, OffsetSpec> latest =
        all().stream().collect(Collectors.toMap(Function.identity(), p -> OffsetSpec.latest()));
    var ends = answer(admin.listOffsets(latest, new ListOffsetsOptions(level)).all());
    Map<TopicPartition, ListOffsetsResultInfo> sorted =
        new TreeMap<>((one, other) -> one.toString().compareTo(other.toString()));
    sorted.putAll(ends);
    return sorted;
  }

  private static Collection<TopicPartition> all() {
    return Stream.of(Accounts.CHARGES, Accounts.CHARGED)
        .flatMap(
            topic ->
                IntStream.range(0, Accounts.PARTITIONS).mapToObj(i -> new TopicPartition(topic, i)))
        .toList();
  }

  private void group() throws Exception {
    var group = answer(admin.describeConsumerGroups(List.of(GROUP)).all()).get(GROUP);
    lines.add("%s, coordinator %s".formatted(group.groupState(), group.coordinator()));
    group
        .members()
        .forEach(
            member ->
                lines.add(
                    "%s: %s"
                        .formatted(member.consumerId(), member.assignment().topicPartitions())));
  }

  private void transactions() throws Exception {
    List<String> open =
        answer(admin.listTransactions().all()).stream()
            .filter(each -> each.state() != TransactionState.EMPTY)
            .filter(each -> each.state() != TransactionState.COMPLETE_COMMIT)
            .filter(each -> each.state() != TransactionState.COMPLETE_ABORT)
            .map(TransactionListing::transactionalId)
            .toList();
    lines.add("of %d open: %d".formatted(System.currentTimeMillis(), open.size()));
    answer(admin.describeTransactions(open).all())
        .forEach((id, transaction) -> lines.add(id + ": " + transaction));
  }

  private void producers() throws Exception {
    answer(admin.describeProducers(all()).all())
        .forEach(
            (partition, state) ->
                state.activeProducers().stream()
                    .filter(each -> each.currentTransactionStartOffset().isPresent())
                    .forEach(each -> lines.add(partition + ": " + each)));
  }

  private static <T> T answer(KafkaFuture<T> future) throws Exception {
    return future.get(ANSWER.toSeconds(), TimeUnit.SECONDS);
  }
}
