package dev.waybill.transport.aws;

class ErrorsOnSdk1Test extends ErrorsCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V1;
  }
}
