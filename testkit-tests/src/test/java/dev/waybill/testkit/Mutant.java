package dev.waybill.testkit;

import dev.waybill.error.MessagingException;
import dev.waybill.routing.Channel;
import dev.waybill.routing.Queue;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.transport.Delivery;
import dev.waybill.transport.Receiver;
import dev.waybill.transport.Sender;
import dev.waybill.transport.Settlement;
import dev.waybill.transport.Settlement.Result;
import dev.waybill.transport.Topology;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import dev.waybill.transport.WireMessage;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;

/** Transports that are wrong in one thing each. The suite has to tell every one of them. */
@SuppressWarnings("ImmutableEnumChecker") // what bends has no state of its own
enum Mutant {
  LOSES_A_NACK(
      "CHI",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return delivery.delegate.settle(
                  settlement instanceof Settlement.Release ? Settlement.accept() : settlement);
            }
          }),
  ACKNOWLEDGES_EARLY(
      "CIJ",
      right ->
          new DelegatingTransport(right) {
            @Override
            void delivered(Receiver.Listener listener, DelegatingDelivery delivery) {
              var unused = delivery.delegate.settle(Settlement.accept());
              listener.delivered(delivery);
            }

            @Override
            boolean owned(boolean owned) {
              return true;
            }
          }),
  FORGETS_THE_ORDER_OF_A_KEY(
      "F",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return sender.send(channel, withKey(message, null), deadline);
            }

            @Override
            WireMessage read(WireMessage message) {
              return withKey(message, message.attributes().get("partitionkey"));
            }
          }),
  SPREADS_A_KEY(
      "F",
      right ->
          new DelegatingTransport(right) {
            private final AtomicInteger sent = new AtomicInteger();

            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              String key = message.key();
              return sender.send(
                  channel,
                  key == null ? message : withKey(message, key + sent.getAndIncrement() % 2),
                  deadline);
            }
          }),
  DELIVERS_TWICE(
      "BCG",
      right ->
          new DelegatingTransport(right) {
            @Override
            void delivered(Receiver.Listener listener, DelegatingDelivery delivery) {
              listener.delivered(delivery);
              listener.delivered(delivery);
            }
          }),
  REPLAYS_TO_ALL_SUBSCRIPTIONS(
      "C",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> sendTo(
                Sender sender, Source source, WireMessage message, Duration deadline) {
              if (!(source instanceof Subscription subscription)) {
                return sender.sendTo(source, message, deadline);
              }
              Map<String, String> unmarked = new LinkedHashMap<>(message.headers());
              unmarked.remove("waybill-replay");
              return sender.send(
                  subscription.topic(),
                  with(message, message.body(), message.attributes(), unmarked),
                  deadline);
            }
          }),
  COUNTS_ONE_ATTEMPT_TOO_MANY(
      "C",
      right ->
          new DelegatingTransport(right) {
            @Override
            int attempt(int counted) {
              return counted + 1;
            }
          }),
  FORGETS_THE_ATTEMPTS(
      "C",
      right ->
          new DelegatingTransport(right) {
            @Override
            int attempt(int counted) {
              return 1;
            }
          }),
  COUNTS_A_RELEASE_AT_CLOSE(
      "C",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return delivery.delegate.settle(
                  settlement instanceof Settlement.Release release
                      ? new Settlement.Release(release.after(), release.attemptsMade() + 1)
                      : settlement);
            }
          }),
  IGNORES_DELAY(
      "E",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return sender.send(channel, withDelay(message, null), deadline);
            }
          }),
  DELAYS_TWICE_AS_LONG(
      "E",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              Duration delay = message.delay();
              return sender.send(
                  channel,
                  delay == null ? message : withDelay(message, delay.multipliedBy(2)),
                  deadline);
            }
          }),
  LOSES_WHAT_WAS_DELAYED(
      "E",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return message.delay() == null
                  ? sender.send(channel, message, deadline)
                  : CompletableFuture.completedFuture("gone/1");
            }
          }),
  FORGETS_THE_EXPIRY(
      "E",
      right ->
          new DelegatingTransport(right) {
            @Override
            WireMessage read(WireMessage message) {
              Map<String, String> attributes = new LinkedHashMap<>(message.attributes());
              attributes.remove("expirytime");
              return with(message, message.body(), attributes, message.headers());
            }
          }),
  HOT_LOOPS(
      "C",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return delivery.delegate.settle(
                  settlement instanceof Settlement.Release release
                      ? new Settlement.Release(Duration.ZERO, release.attemptsMade())
                      : settlement);
            }
          }),
  DROPS_A_HEADER(
      "A",
      right ->
          new DelegatingTransport(right) {
            @Override
            WireMessage read(WireMessage message) {
              Map<String, String> headers = new LinkedHashMap<>(message.headers());
              headers.keySet().stream().reduce((a, b) -> b).ifPresent(headers::remove);
              return with(message, message.body(), message.attributes(), headers);
            }
          }),
  DROPS_EMPTY_HEADERS(
      "A",
      right ->
          new DelegatingTransport(right) {
            @Override
            WireMessage read(WireMessage message) {
              Map<String, String> headers = new LinkedHashMap<>(message.headers());
              headers.values().removeIf(String::isEmpty);
              return with(message, message.body(), message.attributes(), headers);
            }
          }),
  TAKES_BODIES_FOR_TEXT(
      "AJ",
      right ->
          new DelegatingTransport(right) {
            @Override
            WireMessage read(WireMessage message) {
              byte[] text =
                  new String(message.body(), StandardCharsets.UTF_8)
                      .getBytes(StandardCharsets.UTF_8);
              return with(message, text, message.attributes(), message.headers());
            }
          }),
  LOSES_AN_ATTRIBUTE(
      "AM",
      right ->
          new DelegatingTransport(right) {
            @Override
            WireMessage read(WireMessage message) {
              Map<String, String> attributes = new LinkedHashMap<>(message.attributes());
              attributes.remove("causationid");
              return with(message, message.body(), attributes, message.headers());
            }
          }),
  LEAKS_A_THREAD(
      "H",
      right ->
          new DelegatingTransport(right) {
            private final CountDownLatch never = new CountDownLatch(1);

            @Override
            void close(TransportConnection connection) {
              connection.close();
              Thread leak =
                  new Thread(
                      () -> {
                        try {
                          never.await();
                        } catch (InterruptedException e) {
                          Thread.currentThread().interrupt();
                        }
                      },
                      "waybill-inmemory-leak");
              leak.setDaemon(true);
              leak.start();
            }
          }),
  ACKNOWLEDGES_PAST_AN_OPEN_DELIVERY(
      "C",
      right ->
          new DelegatingTransport(right) {
            private final Map<Object, List<Delivery>> open = new ConcurrentHashMap<>();

            @Override
            void delivered(Receiver.Listener listener, DelegatingDelivery delivery) {
              List<Delivery> all =
                  open.computeIfAbsent(delivery.receiver, receiver -> new ArrayList<>());
              synchronized (all) {
                all.add(delivery.delegate);
              }
              listener.delivered(delivery);
            }

            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              List<Delivery> all = open.getOrDefault(delivery.receiver, new ArrayList<>());
              if (settlement instanceof Settlement.Accept) {
                synchronized (all) {
                  int upTo = all.indexOf(delivery.delegate);
                  all.subList(0, Math.max(0, upTo))
                      .forEach(
                          earlier -> {
                            var unused = earlier.settle(settlement);
                          });
                }
              }
              return delivery.delegate.settle(settlement);
            }
          }),
  SWALLOWS_A_SEND_FAILURE(
      "BD",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return sender.send(channel, message, deadline).exceptionally(failure -> "fine/1");
            }
          }),
  CONFIRMS_WHAT_IS_NOT_STORED(
      "BDG",
      right ->
          new DelegatingTransport(right) {
            private final AtomicInteger sent = new AtomicInteger();

            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return sent.incrementAndGet() % 20 == 0
                  ? CompletableFuture.completedFuture("fine/1")
                  : sender.send(channel, message, deadline);
            }
          }),
  SENDS_AGAIN(
      "BDG",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              var unused = sender.send(channel, message, deadline);
              return sender.send(channel, message, deadline);
            }
          }),
  GIVES_NO_ANSWER_WHEN_A_SEND_FAILS(
      "BD",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              CompletableFuture<String> answer = new CompletableFuture<>();
              var unused = sender.send(channel, message, deadline).thenAccept(answer::complete);
              return answer;
            }
          }),
  SENDS_TOGETHER_ONE_BY_ONE(
      "D",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<List<String>> sendTogether(
                Sender sender, List<Sender.Addressed> messages, Duration deadline) {
              List<CompletableFuture<String>> sends =
                  messages.stream()
                      .map(each -> sender.send(each.channel(), each.message(), deadline))
                      .toList();
              return CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new))
                  .thenApply(done -> sends.stream().map(CompletableFuture::join).toList());
            }
          }),
  SETTLES_WITHOUT_THE_MESSAGES(
      "D",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settleTogether(
                DelegatingDelivery delivery,
                Settlement settlement,
                List<Sender.Addressed> messages) {
              return delivery.delegate.settle(settlement);
            }
          }),
  STORES_THE_MESSAGES_OF_A_SETTLEMENT_THAT_IS_NOT_OWNED(
      "D",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settleTogether(
                DelegatingDelivery delivery,
                Settlement settlement,
                List<Sender.Addressed> messages) {
              return delivery
                  .sender
                  .sendTogether(messages, Duration.ofSeconds(5))
                  .thenCompose(stored -> delivery.delegate.settle(settlement));
            }
          }),
  STORES_WHAT_IT_CAN_OF_A_SETTLEMENT(
      "D",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settleTogether(
                DelegatingDelivery delivery,
                Settlement settlement,
                List<Sender.Addressed> messages) {
              if (!delivery.delegate.isOwned()) {
                return delivery.delegate.settle(settlement);
              }
              List<CompletableFuture<String>> sends =
                  messages.stream()
                      .map(
                          each ->
                              delivery.sender.send(
                                  each.channel(), each.message(), Duration.ofSeconds(5)))
                      .toList();
              return CompletableFuture.allOf(sends.toArray(CompletableFuture[]::new))
                  .thenCompose(stored -> delivery.delegate.settle(settlement));
            }
          }),
  DROPS_THE_MESSAGES_OF_A_DEAD_LETTER(
      "D",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settleTogether(
                DelegatingDelivery delivery,
                Settlement settlement,
                List<Sender.Addressed> messages) {
              return settlement instanceof Settlement.Reject
                  ? delivery.delegate.settle(settlement)
                  : delivery.delegate.settleTogether(settlement, messages);
            }
          }),
  ONLY_SAYS_THAT_IT_CANCELS(
      "E",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletableFuture<Boolean> cancel(
                Sender sender, Channel channel, String brokerId, Duration deadline) {
              return CompletableFuture.completedFuture(true);
            }
          }),
  IGNORES_THE_CREDIT(
      "G",
      right ->
          new DelegatingTransport(right) {
            @Override
            Receiver receive(
                TransportConnection connection,
                Source source,
                int credit,
                Receiver.Listener listener) {
              return connection.receive(source, credit * 50, listener);
            }
          }),
  DEAD_LETTERS_WITHOUT_EVIDENCE(
      "CJ",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return delivery.delegate.settle(
                  settlement instanceof Settlement.Reject reject
                      ? new Settlement.Reject(reject.reason(), Map.of())
                      : settlement);
            }
          }),
  DROPS_DEAD_LETTERS(
      "CJ",
      right ->
          new DelegatingTransport(right) {
            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return delivery.delegate.settle(
                  settlement instanceof Settlement.Reject ? Settlement.accept() : settlement);
            }
          }),
  IGNORES_PAUSE(
      "H",
      right ->
          new DelegatingTransport(right) {
            @Override
            void pause(Receiver receiver) {}
          }),
  CREATES_WHEN_IT_SHOULD_VERIFY(
      "K",
      right ->
          new DelegatingTransport(right) {
            @Override
            List<String> prepare(
                TransportConnection connection, Topology topology, Topology.Mode mode) {
              return connection.prepare(topology, Topology.Mode.CREATE);
            }
          }),
  FORGETS_A_SETTLEMENT(
      "C",
      right ->
          new DelegatingTransport(right) {
            private final AtomicInteger settled = new AtomicInteger();

            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              return settlement instanceof Settlement.Accept && settled.incrementAndGet() % 5 == 0
                  ? CompletableFuture.completedFuture(Result.SETTLED)
                  : delivery.delegate.settle(settlement);
            }
          }),
  THROWS_WHEN_SETTLED_TWICE(
      "C",
      right ->
          new DelegatingTransport(right) {
            private final Map<Delivery, Boolean> settled = new ConcurrentHashMap<>();

            @Override
            CompletionStage<Result> settle(DelegatingDelivery delivery, Settlement settlement) {
              if (settled.put(delivery.delegate, true) != null) {
                throw new IllegalStateException("settled twice");
              }
              return delivery.delegate.settle(settlement);
            }
          }),
  HIDES_A_LOST_CONNECTION(
      "H",
      right ->
          new DelegatingTransport(right) {
            @Override
            void failed(Receiver.Listener listener, MessagingException problem) {}
          }),
  OWNS_FOR_EVER(
      "CI",
      right ->
          new DelegatingTransport(right) {
            @Override
            boolean owned(boolean owned) {
              return true;
            }
          }),
  MIXES_UP_REPLIES(
      "L",
      right ->
          new DelegatingTransport(right) {
            private final Map<String, ReplyQueue> first = new ConcurrentHashMap<>();

            @Override
            CompletableFuture<String> send(
                Sender sender, Channel channel, WireMessage message, Duration deadline) {
              return channel instanceof ReplyQueue replies
                  ? sender.send(
                      first.computeIfAbsent(replies.requester(), name -> replies),
                      message,
                      deadline)
                  : sender.send(channel, message, deadline);
            }
          }),
  MIXES_UP_SUBSCRIPTIONS(
      "B",
      right ->
          new DelegatingTransport(right) {
            @Override
            Receiver receive(
                TransportConnection connection,
                Source source,
                int credit,
                Receiver.Listener listener) {
              return connection.receive(
                  source instanceof Queue ? source : source.deadLetterQueue(), credit, listener);
            }
          });

  private final String groups;
  private final UnaryOperator<Transport> bend;

  Mutant(String groups, UnaryOperator<Transport> bend) {
    this.groups = groups;
    this.bend = bend;
  }

  /** Whether a case of this number is one that should tell. */
  boolean suspectedBy(String caseId) {
    return groups.indexOf(caseId.charAt(0)) >= 0;
  }

  String inWords() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  /** A good transport, made wrong. */
  Transport of(Transport right) {
    return bend.apply(right);
  }

  private static WireMessage withKey(
      WireMessage message, @org.jspecify.annotations.Nullable String key) {
    return new WireMessage(
        message.body(),
        message.contentType(),
        message.attributes(),
        message.headers(),
        key,
        message.delay());
  }

  private static WireMessage withDelay(
      WireMessage message, @org.jspecify.annotations.Nullable Duration delay) {
    return new WireMessage(
        message.body(),
        message.contentType(),
        message.attributes(),
        message.headers(),
        message.key(),
        delay);
  }

  private static WireMessage with(
      WireMessage message,
      byte[] body,
      Map<String, String> attributes,
      Map<String, String> headers) {
    return new WireMessage(
        body, message.contentType(), attributes, headers, message.key(), message.delay());
  }
}
