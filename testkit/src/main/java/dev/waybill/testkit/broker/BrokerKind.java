package dev.waybill.testkit.broker;

import java.nio.file.Path;

/**
 * The kinds of brokers, with the names that messages, folders and the environment have for them.
 */
enum BrokerKind {
  KAFKA("Kafka"),
  RABBITMQ("RabbitMQ"),
  AWS("fauxqs"),
  POSTGRESQL("PostgreSQL");

  private final String product;

  BrokerKind(String product) {
    this.product = product;
  }

  String product() {
    return product;
  }

  /** The argument of the install script. */
  String argument() {
    return switch (this) {
      case KAFKA -> "kafka";
      case RABBITMQ -> "rabbitmq";
      case AWS -> "aws";
      case POSTGRESQL -> "postgresql";
    };
  }

  /** Whether a frozen process has others that go on to serve. */
  boolean servesByChildren() {
    return this == POSTGRESQL;
  }

  /** The environment variable that names a running broker. */
  String variable() {
    return "WAYBILL_TEST_" + name();
  }

  /** The error for a broker of which {@code missing} is not there. */
  BrokerUnavailableException notInstalled(String missing) {
    return new BrokerUnavailableException(
        "%s is not installed: in a checkout of Waybill run testkit/brokers/install %s"
            .formatted(missing, argument()));
  }

  /** The error for {@code product version} that is not in {@code folder}. */
  BrokerUnavailableException notInstalled(String version, Path folder) {
    return notInstalled(product + " " + version + " (looked for in " + folder + ")");
  }
}
