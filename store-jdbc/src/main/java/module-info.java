/** Waybill's stores in a relational database: idempotent receivers and a transactional outbox. */
@org.jspecify.annotations.NullMarked
module dev.waybill.store.jdbc {
  requires transitive dev.waybill;
  requires transitive java.sql;
  requires org.slf4j;

  exports dev.waybill.store.jdbc;
}
