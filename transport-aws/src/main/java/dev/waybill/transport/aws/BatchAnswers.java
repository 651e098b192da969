package dev.waybill.transport.aws;

import dev.waybill.transport.aws.AwsPort.Answer;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiFunction;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * Calls with several entries: an entry's id is its place, by which the answers, which come in any
 * order and may leave one out, are put back into ours.
 */
final class BatchAnswers {
  /**
   * An SDK's answer to one entry.
   *
   * @param id the entry's
   */
  record Entry(String id, Answer answer) {
    /** That it was done; {@code messageId} of one that was sent. */
    static Entry done(String id, @Nullable String messageId) {
      return new Entry(id, Answer.done(messageId));
    }

    /** That it was not, as AWS says why. */
    static Entry failed(
        String id, @Nullable String code, @Nullable Boolean senderFault, @Nullable String text) {
      return new Entry(
          id, Answer.failed(AwsErrors.entry(code, Boolean.TRUE.equals(senderFault), text)));
    }
  }

  private BatchAnswers() {}

  /** An SDK's entries for ours, each with its id. */
  static <T, E> List<E> entries(List<T> ours, BiFunction<String, T, E> entry) {
    List<E> entries = new ArrayList<>(ours.size());
    for (T one : ours) {
      entries.add(entry.apply(String.valueOf(entries.size()), one));
    }
    return entries;
  }

  /**
   * An answer to each entry, in their order; what AWS left out may have been done.
   *
   * @param entries how many there were
   */
  static <S, F> List<Answer> inOrder(
      int entries,
      List<S> successful,
      Function<S, Entry> done,
      List<F> failed,
      Function<F, Entry> refused) {
    @Nullable Answer[] answers = new @Nullable Answer[entries];
    successful.forEach(one -> put(done.apply(one), answers));
    failed.forEach(one -> put(refused.apply(one), answers));
    List<Answer> all = new ArrayList<>(entries);
    for (Answer answer : answers) {
      all.add(answer == null ? Answer.failed(AwsErrors.silent()) : answer);
    }
    return all;
  }

  private static void put(Entry entry, @Nullable Answer[] answers) {
    answers[Integer.parseInt(entry.id())] = entry.answer();
  }
}
