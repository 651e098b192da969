package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.waybill.transport.Settlement.Result;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcknowledgementsTest {
  private final List<String> calls = new ArrayList<>();
  private final Acknowledgements acknowledgements =
      new Acknowledgements((tag, multiple) -> calls.add(tag + (multiple ? " and before" : "")));

  @Test
  void whatHasNothingOpenBeforeItIsAcknowledgedWithOneCall() throws Exception {
    arrive(4);

    assertThat(add(2)).isTrue();
    assertThat(add(1)).isFalse();
    assertThat(add(3)).isFalse();
    acknowledgements.write();

    assertThat(calls).containsExactly("3 and before");
    assertThat(acknowledgements.ahead()).isZero();
  }

  @Test
  void whatIsBeyondAnOpenDeliveryIsAcknowledgedByItself() throws Exception {
    arrive(6);

    List.of(1L, 2L, 4L, 6L).forEach(this::add);
    acknowledgements.write();
    acknowledgements.taken();

    assertThat(calls).containsExactly("2 and before", "4", "6");
    assertThat(acknowledgements.ahead()).isEqualTo(2);

    add(3);
    acknowledgements.write();

    assertThat(calls).endsWith("3");
    assertThat(acknowledgements.ahead()).isEqualTo(1);
  }

  @Test
  void whatWasGivenBackIsPassedOver() throws Exception {
    arrive(3);

    acknowledgements.gone(2);
    add(1);
    add(3);
    acknowledgements.write();

    assertThat(calls).containsExactly("3 and before");
  }

  @Test
  void resultsAreGivenOutOnceAlsoAfterAnError() {
    Acknowledgements broken =
        new Acknowledgements(
            (tag, multiple) -> {
              throw new IOException("lost");
            });
    broken.arrived(1);
    CompletableFuture<Result> result = new CompletableFuture<>();
    broken.add(1, result);

    assertThatThrownBy(broken::write).isInstanceOf(IOException.class);

    assertThat(broken.taken()).containsExactly(result);
    assertThat(broken.taken()).isEmpty();
  }

  /** The broker's side: it closes the channel for a tag that it does not know any more. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void noOrderOfSettlementsAcknowledgesWhatIsOpenOrWhatIsUnknown(long seed) throws Exception {
    Random random = new Random(seed);
    TreeSet<Long> atBroker = new TreeSet<>();
    List<Long> open = new ArrayList<>();
    Acknowledgements model =
        new Acknowledgements(
            (tag, multiple) -> {
              assertThat(atBroker).contains(tag);
              if (multiple) {
                assertThat(open).noneMatch(each -> each <= tag);
                atBroker.headSet(tag, true).clear();
              } else {
                atBroker.remove(tag);
              }
            });
    long next = 1;
    int due = 0;
    for (int step = 0; step < 20_000; step++) {
      int choice = random.nextInt(10);
      if (choice < 4 && open.size() < 50) {
        atBroker.add(next);
        open.add(next);
        model.arrived(next++);
      } else if (choice < 8 && !open.isEmpty()) {
        model.add(open.remove(random.nextInt(open.size())), new CompletableFuture<>());
        due++;
      } else if (choice == 8 && !open.isEmpty()) {
        long tag = open.remove(random.nextInt(open.size()));
        atBroker.remove(tag);
        model.gone(tag);
      } else {
        model.write();
        assertThat(model.taken()).hasSize(due);
        due = 0;
        assertThat(atBroker).containsExactlyInAnyOrderElementsOf(open);
      }
    }
  }

  private void arrive(int count) {
    for (long tag = 1; tag <= count; tag++) {
      acknowledgements.arrived(tag);
    }
  }

  private boolean add(long tag) {
    return acknowledgements.add(tag, new CompletableFuture<>());
  }
}
