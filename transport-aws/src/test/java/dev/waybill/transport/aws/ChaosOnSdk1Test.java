package dev.waybill.transport.aws;

class ChaosOnSdk1Test extends ChaosCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V1;
  }
}
