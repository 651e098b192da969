package dev.waybill.transport.aws;

import java.util.List;

/** The versions of the AWS SDK for Java that an {@link AwsTransport} can stand on. */
public enum AwsSdk {
  /** {@code com.amazonaws:aws-java-sdk-sns} and {@code -sqs}; its support has ended. */
  V1,

  /** {@code software.amazon.awssdk:sns} and {@code :sqs}, by their asynchronous clients. */
  V2;

  /** Whether its classes are there. */
  boolean isPresent() {
    for (String name : classes()) {
      try {
        Class.forName(name, false, AwsSdk.class.getClassLoader());
      } catch (ClassNotFoundException | LinkageError e) {
        return false;
      }
    }
    return true;
  }

  private List<String> classes() {
    return this == V1
        ? List.of("com.amazonaws.services.sqs.AmazonSQS", "com.amazonaws.services.sns.AmazonSNS")
        : List.of(
            "software.amazon.awssdk.services.sqs.SqsAsyncClient",
            "software.amazon.awssdk.services.sns.SnsAsyncClient",
            "software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient");
  }

  /** What an application has to add to have it. */
  String dependencies() {
    return this == V1
        ? "com.amazonaws:aws-java-sdk-sns and com.amazonaws:aws-java-sdk-sqs"
        : "software.amazon.awssdk:sns and software.amazon.awssdk:sqs (with netty-nio-client)";
  }

  /** How a client is built that repeats nothing. */
  String withoutRetries() {
    return this == V1
        ? "withRetryPolicy(PredefinedRetryPolicies.NO_RETRY_POLICY)"
        : "overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry()))";
  }
}
