package dev.waybill.transport.rabbitmq;

/**
 * Who logs in to RabbitMQ.
 *
 * @param user the user's name
 * @param password the password, or a token that the broker takes for one; never shown or logged
 */
public record RabbitCredentials(String user, String password) {
  /** The name alone. */
  @Override
  public String toString() {
    return "RabbitCredentials[" + user + "]";
  }
}
