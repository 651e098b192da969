package dev.waybill.transport.aws;

class ChaosOnSdk2Test extends ChaosCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V2;
  }
}
