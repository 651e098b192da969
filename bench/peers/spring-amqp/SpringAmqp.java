package dev.waybill.bench;

import java.net.URI;
import org.springframework.amqp.core.AcknowledgeMode;
import org.springframework.amqp.core.Message;
import org.springframework.amqp.core.MessageProperties;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory;
import org.springframework.amqp.rabbit.connection.CachingConnectionFactory.ConfirmType;
import org.springframework.amqp.rabbit.connection.CorrelationData;
import org.springframework.amqp.rabbit.core.RabbitTemplate;
import org.springframework.amqp.rabbit.listener.AbstractMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.DirectMessageListenerContainer;
import org.springframework.amqp.rabbit.listener.SimpleMessageListenerContainer;

/** Spring AMQP: either listener container without an application context, and its template. */
final class SpringAmqp implements Contender {
  private static final int PREFETCH = 1_000;

  private final Place place;
  private final boolean direct;

  SpringAmqp(Place place, String name) {
    this.place = place;
    this.direct = name.endsWith("-direct");
  }

  @Override
  public String version() {
    return Versions.of(RabbitTemplate.class);
  }

  @Override
  public String sendGuarantee() {
    return "confirmed by the broker, a return is noticed";
  }

  @Override
  public String receiveGuarantee() {
    return "at least once, each message acknowledged by itself, one that fails is put back at once"
        + " and without end; order per consumer";
  }

  @Override
  public String settings() {
    return (direct ? "DirectMessageListenerContainer" : "SimpleMessageListenerContainer")
        + ", AcknowledgeMode.AUTO, prefetch "
        + PREFETCH
        + ", one consumer; RabbitTemplate, correlated confirms, mandatory, persistent, the same"
        + " headers as Waybill's";
  }

  private CachingConnectionFactory connections() {
    CachingConnectionFactory factory = new CachingConnectionFactory(URI.create(place.uri()));
    factory.setPublisherConfirmType(ConfirmType.CORRELATED);
    factory.setPublisherReturns(true);
    return factory;
  }

  @Override
  public Outlet outlet() {
    CachingConnectionFactory connections = connections();
    RabbitTemplate template = new RabbitTemplate(connections);
    template.setMandatory(true);
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        MessageProperties properties = new MessageProperties(); // persistent, by default
        properties.setContentType("application/json");
        CloudEvents.of(order, "ce-").forEach(properties::setHeader);
        CorrelationData sent = new CorrelationData();
        sent.getFuture()
            .whenComplete(
                (confirm, failure) -> {
                  if (failure != null || !confirm.ack() || sent.getReturned() != null) {
                    Failure.end("a send", new IllegalStateException(String.valueOf(confirm)));
                  }
                  confirmed.run();
                });
        template.send("", place.queue(), new Message(Json.encode(order), properties), sent);
      }

      @Override
      public void close() {
        connections.destroy();
      }
    };
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    CachingConnectionFactory connections = connections();
    AbstractMessageListenerContainer container =
        direct
            ? new DirectMessageListenerContainer(connections)
            : new SimpleMessageListenerContainer(connections);
    container.setQueueNames(place.queue());
    container.setPrefetchCount(PREFETCH);
    container.setAcknowledgeMode(AcknowledgeMode.AUTO);
    container.setMessageListener(message -> handler.handle(Json.decode(message.getBody())));
    container.afterPropertiesSet();
    container.start();
    return () -> {
      container.stop();
      connections.destroy();
    };
  }
}
