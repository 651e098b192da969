package dev.waybill.transport.aws;

import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;

/** A provider as our clients have it: its failures are known for what they are. */
final class Sdk1Provider implements AWSCredentialsProvider {
  private final AWSCredentialsProvider provider;

  Sdk1Provider(AWSCredentialsProvider provider) {
    this.provider = provider;
  }

  @Override
  public AWSCredentials getCredentials() {
    try {
      return provider.getCredentials();
    } catch (RuntimeException e) {
      throw new CredentialsMissing(e);
    }
  }

  @Override
  public void refresh() {
    provider.refresh();
  }
}
