package dev.waybill.transport.kafka;

/** Everything without keys is read with share groups. */
class KafkaShareFailoverContractTest extends KafkaFailoverContractTest {
  @Override
  protected String reportName() {
    return "kafka-share-failover";
  }

  @Override
  KafkaTransport.Builder builder(String servers) {
    return super.builder(servers).shareGroups();
  }
}
