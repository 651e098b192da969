package dev.waybill.transport.aws;

import java.io.Serial;

/** A provider of credentials failed: what needed them was not even signed. */
final class CredentialsMissing extends RuntimeException {
  @Serial private static final long serialVersionUID = 1L;

  CredentialsMissing(Throwable cause) {
    super("the provider of AWS credentials failed", cause);
  }
}
