package dev.waybill.transport.aws;

class FaultsOnSdk1Test extends FaultsCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V1;
  }
}
