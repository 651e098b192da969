package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class MailboxTest {
  private final RabbitThreads threads = new RabbitThreads();
  private final Mailbox mailbox = new Mailbox(threads, "test");

  @AfterEach
  void close() {
    mailbox.close();
    threads.awaitEnd(Recording.LIMIT);
  }

  @Test
  void whatOneThreadTellsIsDoneInOrderOnOneThread() {
    List<Integer> done = new ArrayList<>();
    List<Integer> told = new ArrayList<>();
    List<Thread> by = new CopyOnWriteArrayList<>();

    for (int i = 0; i < 5_000; i++) {
      int each = i;
      told.add(each);
      mailbox.tell(
          () -> {
            done.add(each);
            by.add(Thread.currentThread());
          });
    }
    mailbox.ask(Recording.LIMIT, () -> {});

    assertThat(done).isEqualTo(told);
    assertThat(by).containsOnly(by.get(0));
  }

  @Test
  void nothingIsLostThatManyTell() throws Exception {
    CountDownLatch done = new CountDownLatch(4_000);
    List<Thread> tellers = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      Thread teller =
          new Thread(
              () -> {
                for (int j = 0; j < 1_000; j++) {
                  mailbox.tell(done::countDown);
                }
              });
      teller.start();
      tellers.add(teller);
    }
    for (Thread teller : tellers) {
      teller.join();
    }

    await().atMost(Recording.LIMIT).until(() -> done.getCount() == 0);
  }

  @Test
  void whatIsToBeDoneNowIsDoneByTheCallerWhenNothingElseIs() {
    List<String> done = new ArrayList<>();

    mailbox.doNow(
        () -> {
          mailbox.tell(() -> done.add("told meanwhile"));
          mailbox.ask(Recording.LIMIT, () -> done.add("asked meanwhile"));
          done.add("by " + Thread.currentThread().getName());
        });
    mailbox.ask(Recording.LIMIT, () -> done.add("asked"));

    assertThat(done)
        .containsExactly(
            "asked meanwhile", "by " + Thread.currentThread().getName(), "told meanwhile", "asked");
  }

  @Test
  void whatIsToBeDoneNowIsDoneInItsTurnWhenSomethingElseIs() throws Exception {
    List<String> done = new ArrayList<>();
    CountDownLatch goOn = new CountDownLatch(1);
    mailbox.tell(() -> await().atMost(Recording.LIMIT).until(() -> goOn.getCount() == 0));
    mailbox.tell(() -> done.add("told"));

    mailbox.doNow(() -> done.add("now"));
    assertThat(done).isEmpty();
    goOn.countDown();
    mailbox.ask(Recording.LIMIT, () -> done.add("asked"));

    assertThat(done).containsExactly("told", "now", "asked");
  }

  @Test
  void oneThingIsDoneAtATimeWhoeverDoesIt() throws Exception {
    int[] counted = new int[1];
    List<Thread> tellers = new ArrayList<>();
    Runnable count = () -> counted[0]++;
    List<Consumer<Runnable>> ways =
        List.of(mailbox::doNow, mailbox::doNow, mailbox::tell, work -> mailbox.tellLater(0, work));
    for (Consumer<Runnable> way : ways) {
      Thread teller =
          new Thread(
              () -> {
                for (int j = 0; j < 20_000; j++) {
                  way.accept(count);
                }
              });
      teller.start();
      tellers.add(teller);
    }
    for (Thread teller : tellers) {
      teller.join();
    }
    AtomicInteger seen = new AtomicInteger();

    await()
        .atMost(Recording.LIMIT)
        .until(
            () -> mailbox.ask(Recording.LIMIT, () -> seen.set(counted[0])) && seen.get() == 80_000);
  }

  @Test
  void aTimerWaitsForWhatTheCallerDoes() {
    AtomicBoolean rung = new AtomicBoolean();
    AtomicBoolean waited = new AtomicBoolean();

    mailbox.doNow(
        () -> {
          Runnable unused = mailbox.tellLater(0, () -> rung.set(true));
          await()
              .during(Duration.ofMillis(200))
              .atMost(Duration.ofSeconds(10))
              .until(() -> !rung.get());
          waited.set(true);
        });

    assertThat(waited).isTrue();
    await().atMost(Recording.LIMIT).untilTrue(rung);
  }

  @Test
  void aTimerHasItsTurnHoweverMuchThereIsToDo() {
    AtomicBoolean rung = new AtomicBoolean();
    mailbox.tell(() -> goOn(rung));
    Runnable unused = mailbox.tellLater(1, () -> rung.set(true));

    await().atMost(Recording.LIMIT).untilTrue(rung);
  }

  private void goOn(AtomicBoolean rung) {
    if (!rung.get()) {
      mailbox.tell(() -> goOn(rung));
    }
  }

  @Test
  void aDefectDoesNotEndIt() {
    AtomicBoolean done = new AtomicBoolean();
    mailbox.tell(
        () -> {
          throw new IllegalStateException("on purpose");
        });

    mailbox.ask(Recording.LIMIT, () -> done.set(true));

    assertThat(done).isTrue();
  }

  @Test
  void nothingIsTakenAfterTheClose() {
    mailbox.close();

    AtomicBoolean done = new AtomicBoolean();
    mailbox.doNow(() -> done.set(true));

    assertThat(mailbox.tell(() -> done.set(true))).isFalse();
    assertThat(done).isFalse();
  }
}
