package dev.waybill.transport.aws;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The partitions of AWS, which ARNs begin with, by the names of their regions. */
final class AwsPartitions {
  private static final Map<String, String> BY_PREFIX =
      Map.of(
          "cn-", "aws-cn",
          "us-gov-", "aws-us-gov",
          "us-iso-", "aws-iso",
          "us-isob-", "aws-iso-b",
          "eu-isoe-", "aws-iso-e",
          "us-isof-", "aws-iso-f",
          "eusc-", "aws-eusc");

  private AwsPartitions() {}

  static String of(@Nullable String region) {
    return region == null
        ? "aws"
        : BY_PREFIX.entrySet().stream()
            .filter(entry -> region.startsWith(entry.getKey()))
            .map(Map.Entry::getValue)
            .findFirst()
            .orElse("aws");
  }
}
