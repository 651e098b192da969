package dev.waybill.testkit.broker;

/**
 * One shared broker of each kind for all tests of this JVM: started on first use, ended with the
 * JVM. Tests keep apart by the names of their topics and queues.
 *
 * <p>Where the environment variable {@code WAYBILL_TEST_KAFKA}, {@code WAYBILL_TEST_RABBITMQ} or
 * {@code WAYBILL_TEST_AWS} has the URI of a running broker, that one is used instead.
 *
 * <p>{@link TestBroker#close()} spares a shared broker. A test that pauses one lets it go on again;
 * one that was killed or stopped is started again for its next user.
 */
public final class TestBrokers {

  private static final SharedBroker KAFKA =
      new SharedBroker(BrokerKind.KAFKA, KafkaTestBroker::start);
  private static final SharedBroker RABBITMQ =
      new SharedBroker(BrokerKind.RABBITMQ, RabbitTestBroker::start);
  private static final SharedBroker AWS = new SharedBroker(BrokerKind.AWS, AwsTestBroker::start);

  private TestBrokers() {}

  /**
   * The shared Kafka broker.
   *
   * @return the broker, as {@link KafkaTestBroker#start()} makes it, or the one found running
   * @throws BrokerUnavailableException if Kafka is not installed or does not start
   */
  public static TestBroker kafka() {
    return KAFKA.get(System.getenv());
  }

  /**
   * The shared RabbitMQ node.
   *
   * @return the broker, as {@link RabbitTestBroker#start()} makes it, or the one found running
   * @throws BrokerUnavailableException if RabbitMQ is not installed or does not start
   */
  public static TestBroker rabbitmq() {
    return RABBITMQ.get(System.getenv());
  }

  /**
   * The shared SNS and SQS service.
   *
   * @return the broker, as {@link AwsTestBroker#start()} makes it, or the one found running
   * @throws BrokerUnavailableException if fauxqs is not installed or does not start
   */
  public static TestBroker aws() {
    return AWS.get(System.getenv());
  }
}
