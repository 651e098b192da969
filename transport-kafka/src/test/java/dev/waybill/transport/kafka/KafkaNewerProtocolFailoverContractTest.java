package dev.waybill.transport.kafka;

/** Consumer groups are of the newer protocol. */
class KafkaNewerProtocolFailoverContractTest extends KafkaFailoverContractTest {
  @Override
  protected String reportName() {
    return "kafka-newer-protocol-failover";
  }

  @Override
  KafkaTransport.Builder builder(String servers) {
    return KafkaNewerProtocolFaultContractTest.newer(servers);
  }
}
