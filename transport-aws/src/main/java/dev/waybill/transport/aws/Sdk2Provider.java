package dev.waybill.transport.aws;

import java.util.concurrent.CompletableFuture;
import software.amazon.awssdk.auth.credentials.AwsCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.identity.spi.AwsCredentialsIdentity;
import software.amazon.awssdk.identity.spi.ResolveIdentityRequest;

/**
 * A provider as our clients have it: its failures are known for what they are, and it is not closed
 * with a client, which closes all of its configuration that can be closed.
 */
final class Sdk2Provider implements AwsCredentialsProvider {
  private final AwsCredentialsProvider provider;

  Sdk2Provider(AwsCredentialsProvider provider) {
    this.provider = provider;
  }

  @Override
  public AwsCredentials resolveCredentials() {
    try {
      return provider.resolveCredentials();
    } catch (RuntimeException e) {
      throw new CredentialsMissing(e);
    }
  }

  @Override
  public CompletableFuture<AwsCredentialsIdentity> resolveIdentity(ResolveIdentityRequest request) {
    CompletableFuture<? extends AwsCredentialsIdentity> resolving;
    try {
      resolving = provider.resolveIdentity(request);
    } catch (RuntimeException e) {
      throw new CredentialsMissing(e);
    }
    return resolving.handle(
        (identity, e) -> {
          if (e != null) {
            throw new CredentialsMissing(e);
          }
          return identity;
        });
  }
}
