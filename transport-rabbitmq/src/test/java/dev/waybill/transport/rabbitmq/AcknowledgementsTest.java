package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.transport.rabbitmq.Acknowledgements.Ack;
import dev.waybill.transport.rabbitmq.Acknowledgements.Beyond;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AcknowledgementsTest {
  private final Acknowledgements acknowledgements = new Acknowledgements();

  @Test
  void whatHasNothingOpenBeforeItIsAcknowledgedWithOneCall() {
    arrive(4);
    add(2, 1, 3);
    assertThat(acknowledgements.due()).isEqualTo(3);

    assertThat(acknowledgements.next(Beyond.NOTHING)).containsExactly(upTo(3));

    assertThat(acknowledgements.due()).isZero();
    assertThat(acknowledgements.ahead()).isZero();
  }

  @Test
  void oneCallIsForAtMostFifty() {
    arrive(130);
    for (long tag = 120; tag >= 1; tag--) {
      add(tag);
    }

    assertThat(acknowledgements.next(Beyond.NOTHING))
        .containsExactly(upTo(50), upTo(100), upTo(120));
    assertThat(acknowledgements.due()).isZero();
  }

  @Test
  void whatIsBeyondAnOpenDeliveryWaitsForThat() {
    arrive(6);
    add(1, 2, 4, 6);

    assertThat(acknowledgements.next(Beyond.WAITED)).containsExactly(upTo(2));
    assertThat(acknowledgements.due()).isEqualTo(2);
    assertThat(acknowledgements.ahead()).isEqualTo(2);

    add(3);
    assertThat(acknowledgements.next(Beyond.NOTHING)).containsExactly(upTo(4));
    assertThat(acknowledgements.due()).isEqualTo(1);
    assertThat(acknowledgements.ahead()).isEqualTo(1);
  }

  @Test
  void whatHasWaitedIsAcknowledgedByItself() {
    arrive(6);
    add(2);
    assertThat(acknowledgements.next(Beyond.WAITED)).isEmpty();
    add(4);
    assertThat(acknowledgements.next(Beyond.NOTHING)).isEmpty();
    add(6);

    assertThat(acknowledgements.next(Beyond.WAITED)).containsExactly(alone(2));
    assertThat(acknowledgements.next(Beyond.WAITED)).containsExactly(alone(4), alone(6));
    assertThat(acknowledgements.due()).isZero();
  }

  @Test
  void nothingWaitsIfAllIsAskedFor() {
    arrive(4);
    add(1, 2, 4);

    assertThat(acknowledgements.next(Beyond.ALL)).containsExactly(alone(4), upTo(2));
    assertThat(acknowledgements.due()).isZero();
  }

  @Test
  void whatWasGivenBackIsPassedOver() {
    arrive(3);

    acknowledgements.gone(2);
    add(1, 3);

    assertThat(acknowledgements.next(Beyond.NOTHING)).containsExactly(upTo(3));
  }

  @Test
  void whatIsAcknowledgedDoesNotGoBackAndWhatHasGoneBackIsNotAcknowledged() {
    arrive(2);

    assertThat(acknowledgements.gone(1)).isTrue();
    assertThat(acknowledgements.add(1)).isZero();
    assertThat(acknowledgements.add(2)).isEqualTo(1);
    assertThat(acknowledgements.gone(2)).isFalse();

    assertThat(acknowledgements.next(Beyond.ALL)).containsExactly(alone(2));
  }

  @Test
  void whatIsAddedIsCountedUntilItIsTaken() {
    arrive(4);

    assertThat(acknowledgements.add(1)).isEqualTo(1);
    assertThat(acknowledgements.add(3)).isEqualTo(2);
    assertThat(acknowledgements.taken()).isEqualTo(2);
    assertThat(acknowledgements.add(2)).isEqualTo(1);
    acknowledgements.close();
    assertThat(acknowledgements.add(4)).isZero();
    assertThat(acknowledgements.taken()).isEqualTo(1);
    assertThat(acknowledgements.next(Beyond.ALL)).containsExactly(upTo(3));
  }

  /** The broker's side: it closes the channel for a tag that it does not know any more. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4, 5})
  void noOrderOfSettlementsAcknowledgesWhatIsOpenOrWhatIsUnknown(long seed) {
    Random random = new Random(seed);
    TreeSet<Long> atBroker = new TreeSet<>();
    List<Long> open = new ArrayList<>();
    List<Beyond> kinds = List.of(Beyond.NOTHING, Beyond.WAITED, Beyond.ALL);
    long next = 1;
    for (int step = 0; step < 20_000; step++) {
      int choice = random.nextInt(10);
      if (choice < 4 && open.size() < 150) {
        atBroker.add(next);
        open.add(next);
        acknowledgements.arrived(next++);
      } else if (choice < 8 && !open.isEmpty()) {
        add(open.remove(random.nextInt(open.size())));
      } else if (choice == 8 && !open.isEmpty()) {
        long tag = open.remove(random.nextInt(open.size()));
        atBroker.remove(tag);
        acknowledgements.gone(tag);
      } else {
        Beyond beyond = kinds.get(random.nextInt(kinds.size()));
        acknowledgements.next(beyond).forEach(ack -> acknowledge(atBroker, open, ack));
        assertThat(atBroker).hasSize(open.size() + acknowledgements.due());
      }
    }
    acknowledgements.next(Beyond.ALL).forEach(ack -> acknowledge(atBroker, open, ack));
    assertThat(atBroker).containsExactlyInAnyOrderElementsOf(open);
  }

  private static void acknowledge(TreeSet<Long> atBroker, List<Long> open, Ack ack) {
    assertThat(atBroker).contains(ack.tag());
    if (ack.multiple()) {
      assertThat(open).noneMatch(each -> each <= ack.tag());
      atBroker.headSet(ack.tag(), true).clear();
    } else {
      atBroker.remove(ack.tag());
    }
  }

  private static Ack upTo(long tag) {
    return new Ack(tag, true);
  }

  private static Ack alone(long tag) {
    return new Ack(tag, false);
  }

  private void arrive(int count) {
    for (long tag = 1; tag <= count; tag++) {
      acknowledgements.arrived(tag);
    }
  }

  private void add(long... tags) {
    for (long tag : tags) {
      assertThat(acknowledgements.add(tag)).isPositive();
    }
  }
}
