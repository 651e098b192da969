package dev.waybill.transport.aws;

/** On version 2 of the SDK, which is used where it is there. */
class AwsContractTest extends AwsContract {
  AwsContractTest() {
    super(AwsSdk.V2);
  }
}
