package dev.waybill.transport.aws;

class ErrorsOnSdk2Test extends ErrorsCases {
  @Override
  AwsSdk sdk() {
    return AwsSdk.V2;
  }
}
