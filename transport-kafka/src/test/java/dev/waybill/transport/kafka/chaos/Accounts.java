package dev.waybill.transport.kafka.chaos;

import dev.waybill.routing.Routes;
import dev.waybill.transport.kafka.KafkaTransport;

/** What the processes of a chaos test send each other. */
final class Accounts {
  static final String CHARGES = "charges";
  static final String CHARGED = "charged";
  static final int PARTITIONS = 6;

  /** Asks to charge an account; the charges of an account are numbered from 0. */
  public record Charge(String account, int number) {}

  /** What a handler sends for each charge. */
  public record Charged(String account, int number) {}

  private Accounts() {}

  static Routes routes() {
    return Routes.define(
        r -> {
          r.command(Charge.class).named("charge.v1").toQueue(CHARGES).keyedBy(Charge::account);
          r.command(Charged.class).named("charged.v1").toQueue(CHARGED).keyedBy(Charged::account);
        });
  }

  static KafkaTransport.Builder transport(String servers) {
    return KafkaTransport.builder()
        .bootstrapServers(servers)
        .partitions(PARTITIONS)
        .property("session.timeout.ms", "6000")
        .property("heartbeat.interval.ms", "1000")
        // a member that is joining waits for a frozen coordinator for as long, and 5 s
        .property("max.poll.interval.ms", "45000");
  }
}
