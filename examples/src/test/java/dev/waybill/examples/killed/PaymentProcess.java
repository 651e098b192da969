package dev.waybill.examples.killed;

import static dev.waybill.delivery.DeliveryGuarantee.EXACTLY_ONCE;

import com.zaxxer.hikari.HikariDataSource;
import dev.waybill.MessageBus;
import dev.waybill.routing.Routes;
import dev.waybill.store.jdbc.JdbcStore;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.time.Duration;

/** A process that handles orders, each with a row and two messages, until it is killed. */
public final class PaymentProcess {
  record Order(int number) {}

  record Invoice(int number) {}

  record Ship(int number) {}

  static final Routes ROUTES =
      Routes.define(
          r -> {
            r.command(Order.class).named("order.v1").toQueue("killed-orders");
            r.document(Invoice.class).named("invoice.v1").toQueue("killed-invoices");
            r.command(Ship.class).named("ship.v1").toQueue("killed-shipments");
          });

  private PaymentProcess() {}

  /**
   * Handles until it is killed, or its standard input ends.
   *
   * @param args the broker's URI and the database's URL
   */
  public static void main(String[] args) throws IOException {
    HikariDataSource database = PaymentDatabase.pool(args[1], 8);
    JdbcStore store = JdbcStore.over(database).lease(Duration.ofSeconds(2)).build();
    MessageBus bus =
        MessageBus.over(Transport.at(args[0]))
            .routes(ROUTES)
            .named("shop")
            .outbox(store.outbox())
            .consume(
                "killed-orders",
                c ->
                    c.onCommand(
                            Order.class,
                            (order, context) -> {
                              int number = order.payload().number();
                              context.transfer(new Invoice(number));
                              Connection connection = context.transaction(Connection.class);
                              try (PreparedStatement insert =
                                  connection.prepareStatement(
                                      "INSERT INTO payment VALUES (?, ?)")) {
                                insert.setInt(1, number);
                                insert.setString(2, order.metadata().id());
                                insert.executeUpdate();
                              }
                              context.send(new Ship(number));
                            })
                        .concurrency(4)
                        .guarantee(EXACTLY_ONCE)
                        .idempotent(store))
            .start();
    System.out.println(bus.describe().lines().findFirst().orElse("?") + " has started over");
    while (System.in.read() >= 0) {
      // until whoever started it has gone
    }
    System.exit(0);
  }
}
