package dev.waybill.transport.rabbitmq;

import com.rabbitmq.client.AMQP.BasicProperties;
import com.rabbitmq.client.Command;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.MetricsCollector;
import com.rabbitmq.client.impl.AMQConnection;
import com.rabbitmq.client.impl.AMQImpl.Basic;
import com.rabbitmq.client.impl.ChannelManager;
import com.rabbitmq.client.impl.ChannelN;
import com.rabbitmq.client.impl.ConnectionParams;
import com.rabbitmq.client.impl.ConsumerWorkService;
import com.rabbitmq.client.impl.FrameHandler;
import java.util.concurrent.ThreadFactory;

/**
 * Makes connections that give what is delivered to the consumer at once, on the thread that reads.
 * The client has a pool of work between the two, which for each message takes two locks and makes a
 * list of a kilobyte: for consumers that block, as ours never do. It extends the same classes for
 * its own recovery.
 */
final class DirectFactory extends ConnectionFactory {
  @Override
  protected AMQConnection createConnection(
      ConnectionParams parameters, FrameHandler frames, MetricsCollector metrics) {
    return new DirectConnection(parameters, frames);
  }

  private static final class DirectConnection extends AMQConnection {
    DirectConnection(ConnectionParams parameters, FrameHandler frames) {
      super(parameters, frames);
    }

    @Override
    protected ChannelManager instantiateChannelManager(int most, ThreadFactory threads) {
      ChannelManager made =
          new ChannelManager(_workService, most, threads) {
            @Override
            protected ChannelN instantiateChannel(
                AMQConnection connection, int number, ConsumerWorkService work) {
              return new DirectChannel(connection, number, work);
            }
          };
      configureChannelManager(made);
      return made;
    }
  }

  private static final class DirectChannel extends ChannelN {
    DirectChannel(AMQConnection connection, int number, ConsumerWorkService work) {
      super(connection, number, work);
    }

    @Override
    protected void processDelivery(Command command, Basic.Deliver deliver) {
      if (getDefaultConsumer() instanceof Handover consumer) {
        consumer.handleDelivery(
            deliver.getConsumerTag(),
            new Envelope(
                deliver.getDeliveryTag(),
                deliver.getRedelivered(),
                deliver.getExchange(),
                deliver.getRoutingKey()),
            (BasicProperties) command.getContentHeader(),
            command.getContentBody());
      } else {
        super.processDelivery(command, deliver);
      }
    }
  }
}
