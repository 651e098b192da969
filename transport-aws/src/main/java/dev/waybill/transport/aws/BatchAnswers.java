package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsPort.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import org.jspecify.annotations.Nullable;

/**
 * The answers to the entries of one call, put back into their order; an entry's id is its place.
 */
final class BatchAnswers {
  private final @Nullable Answer[] answers;

  BatchAnswers(int entries) {
    this.answers = new @Nullable Answer[entries];
  }

  /** An SDK's entries for ours, each with its id. */
  static <T, E> List<E> entries(List<T> ours, BiFunction<String, T, E> entry) {
    List<E> entries = new ArrayList<>(ours.size());
    for (T one : ours) {
      entries.add(entry.apply(String.valueOf(entries.size()), one));
    }
    return entries;
  }

  void done(String id, @Nullable String messageId) {
    answers[Integer.parseInt(id)] = Answer.done(messageId);
  }

  void failed(
      String id, @Nullable String code, @Nullable Boolean senderFault, @Nullable String text) {
    answers[Integer.parseInt(id)] =
        Answer.failed(AwsErrors.entry(code, Boolean.TRUE.equals(senderFault), text));
  }

  /** All answers; what AWS left out may have been done. */
  List<Answer> all() {
    List<Answer> all = new ArrayList<>(answers.length);
    for (Answer answer : answers) {
      all.add(answer == null ? Answer.failed(AwsErrors.silent()) : answer);
    }
    return all;
  }
}
