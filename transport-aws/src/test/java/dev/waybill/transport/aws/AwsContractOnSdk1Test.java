package dev.waybill.transport.aws;

/** On version 1 of the SDK; it has a report of its own. */
class AwsContractOnSdk1Test extends AwsContract {
  AwsContractOnSdk1Test() {
    super(AwsSdk.V1);
  }

  @Override
  protected String reportName() {
    return "aws-sdk1";
  }
}
