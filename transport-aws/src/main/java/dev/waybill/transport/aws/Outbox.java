package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Source;
import dev.waybill.routing.Topic;
import dev.waybill.transport.aws.AwsPort.Answer;
import dev.waybill.transport.aws.Batcher.Again;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * What is to be sent to one queue or topic, put together into calls. A message to which nothing was
 * said but that it did nothing, for now, is sent again until its deadline; none is ever sent again
 * if it may have been stored, or if a later one of its message group may have been.
 */
final class Outbox {
  /** Enough for the slowest answers; with more, throttling would only begin earlier. */
  static final int MAX_CALLS = 16;

  /** With less time left no call is begun again: its answer would come too late to be known. */
  private static final Duration LAST_CALL = Duration.ofMillis(200);

  private final AwsPort port;
  private final Addresses addresses;
  private final Channel channel;
  private final Batcher<SendTask> batches;
  private final Backoff backoff = new Backoff(Duration.ofMillis(100), Duration.ofSeconds(2));

  Outbox(AwsPort port, Addresses addresses, Channel channel, Timer timer, Duration linger) {
    this.port = port;
    this.addresses = addresses;
    this.channel = channel;
    this.batches =
        new Batcher<>(
            new Batcher.Rules(
                MAX_CALLS,
                Limits.MAX_MESSAGE_BYTES,
                Batcher.MAX_ENTRIES,
                linger,
                callsUnderWay -> callsUnderWay == 0),
            timer,
            this::call);
  }

  void add(SendTask task) {
    batches.add(task);
  }

  private CompletableFuture<Again<SendTask>> call(List<SendTask> all) {
    List<SendTask> tasks = all.stream().filter(SendTask::begin).toList();
    if (tasks.isEmpty()) {
      return CompletableFuture.completedFuture(Again.nothing());
    }
    Duration timeout = Collections.max(tasks.stream().map(SendTask::remaining).toList());
    return send(tasks.stream().map(SendTask::message).toList(), Deadline.in(timeout))
        .handle((answers, e) -> e == null ? answered(tasks, answers, false) : failed(tasks, e));
  }

  private CompletableFuture<List<Answer>> send(List<OutgoingMessage> messages, Deadline until) {
    return channel instanceof Source queue
        ? addresses.queueUrl(queue, until).thenCompose(url -> port.send(url, messages, until))
        : addresses
            .topicArn((Topic) channel, until)
            .thenCompose(arn -> port.publish(arn, messages, until));
  }

  private Again<SendTask> failed(List<SendTask> tasks, Throwable e) {
    AwsFailure failure = AwsFailure.of(e);
    return answered(tasks, Collections.nCopies(tasks.size(), Answer.failed(failure)), true);
  }

  /** From the last to the first, so that it is known what of the group has overtaken. */
  private Again<SendTask> answered(List<SendTask> tasks, List<Answer> answers, boolean wholeCall) {
    Set<Object> overtaken = new HashSet<>();
    List<SendTask> again = new ArrayList<>();
    Duration pause = null;
    for (int i = tasks.size() - 1; i >= 0; i--) {
      SendTask task = tasks.get(i);
      AwsFailure failure = answers.get(i).failure();
      if (failure == null) {
        overtaken.add(task.lane());
        continue;
      }
      if (failure.fate() == AwsFailure.Fate.UNKNOWN) {
        overtaken.add(task.lane());
      }
      pause = pause == null && failure.isPassing() ? beginPause(failure) : pause;
      if (pause != null
          && failure.isPassing()
          && !overtaken.contains(task.lane())
          && task.remaining().compareTo(pause.plus(LAST_CALL)) > 0) {
        task.putBack(failure);
        again.add(0, task);
      }
    }
    if (pause == null) {
      backoff.reset();
    }
    tell(tasks, answers, again);
    return again.isEmpty() || pause == null
        ? Again.nothing()
        : new Again<>(again, pause, wholeCall);
  }

  private void tell(List<SendTask> tasks, List<Answer> answers, List<SendTask> again) {
    for (int i = 0; i < tasks.size(); i++) {
      SendTask task = tasks.get(i);
      AwsFailure failure = answers.get(i).failure();
      if (failure == null) {
        task.sent(String.valueOf(answers.get(i).id()));
      } else if (!again.contains(task)) {
        if (failure.code() == ErrorCode.NOT_FOUND) {
          addresses.forget(channel);
        }
        task.fail(failure);
      }
    }
  }

  private Duration beginPause(AwsFailure failure) {
    if (failure.isAboutExpiredCredentials()) {
      port.renewCredentials();
    }
    return backoff.next();
  }
}
