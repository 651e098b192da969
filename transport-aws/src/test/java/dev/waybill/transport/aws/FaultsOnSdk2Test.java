package dev.waybill.transport.aws;

class FaultsOnSdk2Test extends FaultsCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V2;
  }
}
