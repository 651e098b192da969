package dev.waybill.transport.rabbitmq;

import static org.assertj.core.api.Assertions.assertThat;
import static org.mockito.ArgumentMatchers.any;
import static org.mockito.ArgumentMatchers.anyBoolean;
import static org.mockito.ArgumentMatchers.anyLong;
import static org.mockito.Mockito.doAnswer;
import static org.mockito.Mockito.doThrow;
import static org.mockito.Mockito.mock;
import static org.mockito.Mockito.verify;
import static org.mockito.Mockito.when;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.Consumer;
import com.rabbitmq.client.Envelope;
import dev.waybill.routing.Queue;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.mockito.ArgumentCaptor;
import org.mockito.stubbing.Answer;

/** With a thread whose timers a test runs, for what happens within milliseconds. */
class QueueConsumerTest {
  private final Mailbox mailbox = mock();
  private final Channel channel = mock();
  private final RabbitReceiver receiver = mock();
  private final List<Runnable> timers = new ArrayList<>();

  @Test
  void a_stop_during_a_move_that_fails_goes_on_acknowledging_at_once() throws Exception {
    QueueConsumer consumer = consuming();
    RabbitDelivery delivery = delivered(consumer);
    timers.clear();

    consumer.moveOn();
    when(receiver.isStopped()).thenReturn(true);
    consumer.adjust();
    timers.remove(0).run(); // the move has taken too long

    assertThat(delivery.session().acknowledge(delivery)).isTrue();
    verify(channel).basicAck(1, false);
    assertThat(timers).isEmpty();
  }

  @Test
  void what_could_not_be_acknowledged_is_told_to_the_receiver() throws Exception {
    QueueConsumer consumer = consuming();
    RabbitDelivery delivery = delivered(consumer);
    doThrow(new IOException("cut")).when(channel).basicAck(anyLong(), anyBoolean());
    timers.clear();
    assertThat(delivery.session().acknowledge(delivery)).isTrue();

    timers.remove(0).run();

    verify(receiver).forgotten(any());
  }

  private QueueConsumer consuming() throws Exception {
    Answer<Boolean> atOnce =
        call -> {
          call.<Runnable>getArgument(0).run();
          return true;
        };
    when(mailbox.tell(any())).thenAnswer(atOnce);
    doAnswer(atOnce).when(mailbox).doNow(any());
    when(mailbox.tellLater(anyLong(), any()))
        .thenAnswer(
            call -> {
              timers.add(call.getArgument(1));
              return (Runnable) () -> {};
            });
    when(mailbox.isOpen()).thenReturn(true);
    Command began = mock();
    when(began.getMethod())
        .thenReturn(new AMQP.Basic.ConsumeOk.Builder().consumerTag("tag").build());
    when(channel.asyncCompletableRpc(any())).thenReturn(CompletableFuture.completedFuture(began));
    Connection connection = mock();
    when(connection.isOpen()).thenReturn(true);
    when(connection.createChannel()).thenReturn(channel);
    QueueConsumer consumer =
        new QueueConsumer(
            new Queue("q", true),
            "q",
            100,
            new Credit(100),
            mailbox,
            new Calls(Runnable::run),
            receiver);
    consumer.connected(connection);
    return consumer;
  }

  private RabbitDelivery delivered(QueueConsumer consumer) throws Exception {
    ArgumentCaptor<Consumer> handover = ArgumentCaptor.captor();
    verify(channel).setDefaultConsumer(handover.capture());
    handover
        .getValue()
        .handleDelivery(
            "tag",
            new Envelope(1, false, "", "q"),
            new BasicProperties.Builder().build(),
            new byte[0]);
    RabbitDelivery delivery = consumer.next();
    assertThat(delivery).isNotNull();
    return delivery;
  }
}
