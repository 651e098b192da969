package dev.waybill.transport.kafka;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.DescribeClusterOptions;
import org.apache.kafka.clients.admin.DescribeFeaturesOptions;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Connects: makes the clients, and proves that a broker answers them. */
final class KafkaConnector {
  private static final Logger log = LoggerFactory.getLogger(KafkaConnector.class);
  private static final AtomicInteger CONNECTIONS = new AtomicInteger();

  private KafkaConnector() {}

  static KafkaConnection connect(KafkaSettings settings, Duration deadline) {
    ClientProperties properties =
        new ClientProperties(settings, "waybill-kafka-" + CONNECTIONS.incrementAndGet());
    settings
        .properties()
        .forEach(
            (name, value) -> {
              if (name.substring(PropertyRules.client(name).length()).equals("security.protocol")
                  && value.strip().equalsIgnoreCase("SASL_PLAINTEXT")) {
                log.warn(
                    "The login at Kafka at {} is not encrypted: leave out the property {} for TLS",
                    settings.bootstrapServers(),
                    name);
              }
            });
    Admin admin;
    try {
      admin = Admin.create(properties.admin());
    } catch (KafkaException e) {
      throw KafkaErrors.making(settings, e);
    }
    try {
      Deadline end = Deadline.in(deadline);
      prove(settings, admin, deadline, end);
      BrokerFeatures features = features(admin, end);
      DelayTopics delayTopics = new DelayTopics(settings, admin);
      KafkaSender sender =
          new KafkaSender(
              new CurrentProducer(() -> producer(settings, properties)),
              new ReplyTopics(admin),
              settings.delays().levels(),
              delayTopics);
      Delays delays = new Delays(settings, properties, admin, sender, delayTopics);
      return new KafkaConnection(
          settings, properties, admin, sender, delayTopics, delays, features);
    } catch (RuntimeException e) {
      admin.close(Duration.ZERO);
      throw e;
    }
  }

  private static KafkaProducer<byte[], byte[]> producer(
      KafkaSettings settings, ClientProperties properties) {
    try {
      return new KafkaProducer<>(properties.producer());
    } catch (KafkaException e) {
      throw KafkaErrors.making(settings, e);
    }
  }

  private static void prove(KafkaSettings settings, Admin admin, Duration deadline, Deadline end) {
    try {
      var options = new DescribeClusterOptions().timeoutMs(end.remainingMillis());
      var unused =
          admin.describeCluster(options).nodes().get(end.remainingNanos(), TimeUnit.NANOSECONDS);
    } catch (ExecutionException | TimeoutException e) {
      throw KafkaErrors.connecting(settings, deadline, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new MessagingException(
          ErrorCode.CONNECTION_FAILED, "Interrupted while connecting to Kafka.", e);
    }
  }

  private static BrokerFeatures features(Admin admin, Deadline end) {
    try {
      var options = new DescribeFeaturesOptions().timeoutMs(end.remainingMillis());
      return BrokerFeatures.of(
          admin
              .describeFeatures(options)
              .featureMetadata()
              .get(end.remainingMillis(), TimeUnit.MILLISECONDS)
              .finalizedFeatures());
    } catch (ExecutionException | TimeoutException e) {
      log.debug("The broker does not tell its version", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return BrokerFeatures.UNKNOWN;
  }
}
