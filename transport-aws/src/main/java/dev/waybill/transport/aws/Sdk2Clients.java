package dev.waybill.transport.aws;

import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.awscore.client.builder.AwsAsyncClientBuilder;
import software.amazon.awssdk.awscore.client.builder.AwsClientBuilder;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.client.config.SdkAdvancedAsyncClientOption;
import software.amazon.awssdk.http.async.SdkAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.NettyNioAsyncHttpClient;
import software.amazon.awssdk.http.nio.netty.SdkEventLoopGroup;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.sns.SnsAsyncClient;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** The clients of SDK 2 of one connection: the user's, or our own, which end with it. */
final class Sdk2Clients {
  private static final int IO_THREADS = 2;
  private static final int ANSWERING_THREADS = 4;
  private static final Duration QUIET = Duration.ofMillis(100);

  private final AwsSettings settings;
  private final Sdk2 given;
  private final SqsAsyncClient sqs;
  private final ExecutorService answering = Threads.pool("answer", ANSWERING_THREADS);
  private volatile @Nullable SdkEventLoopGroup loops;
  private @Nullable SdkAsyncHttpClient http;
  private @Nullable AwsCredentialsProvider ownProvider;
  private @Nullable SnsAsyncClient ownSns;
  private boolean closed;

  Sdk2Clients(AwsSettings settings, Sdk2 given) {
    this.settings = settings;
    this.given = given;
    this.sqs = given.sqs() != null ? given.sqs() : configured(SqsAsyncClient.builder()).build();
  }

  SqsAsyncClient sqs() {
    return sqs;
  }

  /** Made at its first use: a bus without topics needs none. */
  synchronized SnsAsyncClient sns() {
    if (given.sns() != null) {
      return given.sns();
    }
    if (ownSns == null) {
      if (closed) {
        throw AwsErrors.closed(AwsFailure.Fate.NOT_EXECUTED);
      }
      ownSns = configured(SnsAsyncClient.builder()).build();
    }
    return ownSns;
  }

  /** Whether one of them is the user's. */
  boolean areReadyMade() {
    return given.sqs() != null || given.sns() != null;
  }

  /** Asks a provider that was given to us; blocks. */
  boolean checkCredentials() {
    AwsCredentialsProvider provider = given.credentials();
    try {
      return provider == null || provider.resolveCredentials() != null;
    } catch (RuntimeException e) { // whatever it is, there are none
      throw AwsErrors.noneFrom(provider, e);
    }
  }

  /**
   * Cuts off calls under way of our own clients; leaves the user's alone. Blocks until the deadline
   * at most: the HTTP client waits for its connections, for as long as it likes.
   */
  void close(Deadline deadline) {
    Thread closing = Threads.named("close", this::closeOwn);
    closing.start();
    try {
      TimeUnit.NANOSECONDS.timedJoin(closing, Math.max(1, deadline.remainingNanos()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    endLoops(deadline);
    answering.shutdown();
    Threads.awaitTermination(answering, deadline);
  }

  private synchronized void closeOwn() {
    closed = true;
    if (given.sqs() == null) {
      sqs.close();
    }
    if (ownSns != null) {
      ownSns.close();
    }
    if (http != null) {
      http.close();
    }
    if (ownProvider instanceof AutoCloseable provider) {
      closeQuietly(provider);
    }
  }

  /**
   * The clients leave the loops alone; their own way to end would take two seconds of silence, and
   * none would cut off what closes connections.
   */
  private void endLoops(Deadline deadline) {
    SdkEventLoopGroup made = loops;
    if (made != null) {
      made.eventLoopGroup()
          .shutdownGracefully(
              QUIET.toMillis(),
              Math.max(QUIET.toMillis(), deadline.remaining().toMillis()),
              TimeUnit.MILLISECONDS)
          .awaitUninterruptibly(deadline.remaining().toMillis());
    }
  }

  private <B extends AwsClientBuilder<B, ?> & AwsAsyncClientBuilder<B, ?>> B configured(B builder) {
    if (settings.endpoint() != null) {
      builder.endpointOverride(settings.endpoint());
    }
    return builder
        .region(Region.of(String.valueOf(settings.region())))
        .credentialsProvider(new Sdk2Provider(provider()))
        .httpClient(http())
        .overrideConfiguration(c -> c.retryStrategy(AwsRetryStrategy.doNotRetry()))
        .asyncConfiguration(
            c ->
                c.advancedOption(
                    SdkAdvancedAsyncClientOption.FUTURE_COMPLETION_EXECUTOR, answering));
  }

  private AwsCredentialsProvider provider() {
    if (given.credentials() != null) {
      return given.credentials();
    }
    if (ownProvider == null) {
      ownProvider =
          settings.emulator()
              ? StaticCredentialsProvider.create(AwsBasicCredentials.create("emulator", "emulator"))
              : DefaultCredentialsProvider.builder().build();
    }
    return ownProvider;
  }

  /**
   * The number of connections bounds how many receivers can wait for messages at once. Nothing is
   * repeated by the SDK: of a message sent a standard queue would then store two, and of messages
   * received the first ones would stay hidden.
   */
  private SdkAsyncHttpClient http() {
    if (http == null) {
      loops =
          SdkEventLoopGroup.builder()
              .numberOfThreads(IO_THREADS)
              .threadFactory(Threads.factory("io"))
              .build();
      http =
          NettyNioAsyncHttpClient.builder()
              .eventLoopGroup(loops)
              .maxConcurrency(Limits.MAX_CONNECTIONS)
              .connectionTimeout(Duration.ofSeconds(5))
              .connectionAcquisitionTimeout(Duration.ofSeconds(5))
              .readTimeout(Duration.ofSeconds(30))
              .writeTimeout(Duration.ofSeconds(30))
              .tcpKeepAlive(true)
              .build();
    }
    return http;
  }

  private static void closeQuietly(AutoCloseable provider) {
    try {
      provider.close();
    } catch (Exception e) { // closing a bus does not fail over its credentials
      org.slf4j.LoggerFactory.getLogger(Sdk2Clients.class)
          .debug("The provider of credentials was not closed", e);
    }
  }
}
