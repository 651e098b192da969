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

  /** Of {@link #securedKafka}: a user whom no ACL bounds, and who logs in with PLAIN. */
  public static final String SUPER_USER = "admin";

  /** The password of {@link #SUPER_USER}. */
  public static final String SUPER_PASSWORD = "super-secret-0";

  /** Of {@link #securedKafka}: a user without rights at first, who logs in with PLAIN. */
  public static final String USER = "app";

  /** The password of {@link #USER}, with all that can be mistaken. */
  public static final String USER_PASSWORD = "app-\"secret\\1\"; a=b' ${x} # %";

  /** Of {@link #securedKafka}: a user without rights at first, who logs in with SCRAM. */
  public static final String SCRAM_USER = "scram";

  /** The password of {@link #SCRAM_USER}. */
  public static final String SCRAM_PASSWORD = "scram-secret-2";

  private static final SharedBroker<KafkaTestBroker> KAFKA =
      new SharedBroker<>(BrokerKind.KAFKA, KafkaTestBroker::start);
  private static final SharedBroker<RabbitTestBroker> RABBITMQ =
      new SharedBroker<>(BrokerKind.RABBITMQ, RabbitTestBroker::start);
  private static final SharedBroker<AwsTestBroker> AWS =
      new SharedBroker<>(BrokerKind.AWS, AwsTestBroker::start);

  private static final SharedBroker<KafkaTestBroker> SECURED_KAFKA =
      new SharedBroker<>(
          BrokerKind.KAFKA,
          () ->
              KafkaTestBroker.builder()
                  .secured(SUPER_USER, SUPER_PASSWORD)
                  .user(USER, USER_PASSWORD)
                  .scramUser(SCRAM_USER, SCRAM_PASSWORD)
                  .property("group.min.session.timeout.ms", "1000")
                  .start());

  private static final SharedBroker<PostgresTestServer> POSTGRESQL =
      new SharedBroker<>(BrokerKind.POSTGRESQL, PostgresTestServer::start);

  private TestBrokers() {}

  /**
   * The shared PostgreSQL server: always one of this JVM.
   *
   * @return the server, as {@link PostgresTestServer#start()} makes it
   * @throws BrokerUnavailableException if PostgreSQL is not installed or does not start
   */
  public static PostgresTestServer postgresql() {
    return POSTGRESQL.own();
  }

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
   * The shared Kafka broker with TLS, logins and an authorizer: always one of this JVM. Its users
   * are the constants here.
   *
   * @return the broker; {@link KafkaTestBroker#security} tells its addresses and certificates
   * @throws BrokerUnavailableException if Kafka is not installed or does not start
   */
  public static KafkaTestBroker securedKafka() {
    return SECURED_KAFKA.own();
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
   * The shared RabbitMQ node of this JVM, for tests that need an {@linkplain RabbitTestBroker#admin
   * administrator}: also where the environment names a running broker.
   *
   * @return the broker, as {@link RabbitTestBroker#start()} makes it
   * @throws BrokerUnavailableException if RabbitMQ is not installed or does not start
   */
  public static RabbitTestBroker ownRabbitmq() {
    return RABBITMQ.own();
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
