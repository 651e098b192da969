package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.amazonaws.auth.AWSCredentials;
import com.amazonaws.auth.AWSCredentialsProvider;
import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.error.SendException;
import dev.waybill.error.SendException.Certainty;
import dev.waybill.routing.Queue;
import dev.waybill.transport.Topology.Mode;
import dev.waybill.transport.Transport;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;

/** The cases about answers of AWS that fail, for each version of the SDK. */
abstract class ErrorsCases {
  abstract AwsSdk sdk();

  private AwsTransport.Builder withCredentials(String id, String secret) {
    return sdk() == AwsSdk.V1
        ? Aws.emulator(stub.uri())
            .credentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials(id, secret)))
        : Aws.emulator(stub.uri())
            .credentialsV2(
                StaticCredentialsProvider.create(AwsBasicCredentials.create(id, secret)));
  }

  private AwsTransport.Builder withoutCredentials() {
    return sdk() == AwsSdk.V1
        ? Aws.emulator(stub.uri())
            .credentials(
                new com.amazonaws.auth.AWSCredentialsProviderChain(
                    new com.amazonaws.auth.SystemPropertiesCredentialsProvider()))
        : Aws.emulator(stub.uri())
            .credentialsV2(
                software.amazon.awssdk.auth.credentials.SystemPropertyCredentialsProvider.create());
  }

  private static final Queue QUEUE = new Queue("q", false);

  private StubAws stub;

  @BeforeEach
  void start() throws IOException {
    stub = new StubAws();
  }

  @AfterEach
  void stop() {
    stub.close();
  }

  @ParameterizedTest
  @CsvSource({
    "400,AccessDeniedException,NOT_AUTHORISED,REJECTED",
    "400,QueueDoesNotExist,NOT_FOUND,REJECTED",
    "403,InvalidClientTokenId,NOT_AUTHENTICATED,REJECTED",
    "400,InvalidMessageContents,INVALID_MESSAGE,REJECTED",
    "400,InvalidParameterValue,BROKER_ERROR,REJECTED",
    "400,KmsDisabled,NOT_AUTHORISED,REJECTED",
    "500,InternalError,BROKER_UNAVAILABLE,UNKNOWN",
    "503,ServiceUnavailable,BROKER_UNAVAILABLE,UNKNOWN"
  })
  void anAnswerOfAwsBecomesACodeAndACertaintyAndIsNotSentAgain(
      int status, String error, ErrorCode code, Certainty certainty) {
    stub.then("SendMessageBatch", status, error);
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      SendException e = SendingTest.failure(aws.send(QUEUE, Aws.message("x")));

      assertThat(e.code()).isEqualTo(code);
      assertThat(e.certainty()).isEqualTo(certainty);
      assertThat(e).hasMessageContaining(error).hasMessageContaining("queue q");
      assertThat(stub.calls("SendMessageBatch")).isEqualTo(1);
    }
  }

  @Test
  void whatIsThrottledIsSentAgainWithinTheDeadline() {
    stub.then("SendMessageBatch", 400, "RequestThrottled")
        .then("SendMessageBatch", 400, "OverLimit");
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      assertThat(aws.send(QUEUE, Aws.message("x")).join()).isEqualTo("sqs-x");
      assertThat(stub.calls("SendMessageBatch")).isEqualTo(3);
    }
  }

  @Test
  void credentialsThatHaveExpiredAreRenewedAndTheMessageIsSent() {
    stub.then("SendMessageBatch", 403, "ExpiredTokenException")
        .then("ReceiveMessage", 403, "ExpiredToken");
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      assertThat(aws.send(QUEUE, Aws.message("x")).join()).isEqualTo("sqs-x");
      assertThat(stub.calls("SendMessageBatch")).isEqualTo(2);
      Collector collector = new Collector();
      aws.receive(QUEUE, 1, collector);
      org.awaitility.Awaitility.await()
          .atMost(Duration.ofSeconds(30))
          .until(() -> collector.recoveries.get() == 1);
    }
  }

  @Test
  void whatIsThrottledUntilTheDeadlineIsRejected() {
    for (int i = 0; i < 100; i++) {
      stub.then("SendMessageBatch", 400, "RequestThrottled");
    }
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      SendException e =
          SendingTest.failure(
              aws.connection.sender().send(QUEUE, Aws.message("x"), Duration.ofSeconds(6)));

      assertThat(e.code()).isEqualTo(ErrorCode.THROTTLED);
      assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
    }
  }

  @Test
  void aReceiverReportsWhatDisturbsItOnceAndThatItIsOver() {
    stub.then("ReceiveMessage", 400, "AccessDeniedException")
        .then("ReceiveMessage", 400, "AccessDeniedException")
        .then("ReceiveMessage", 400, "AccessDeniedException");
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      Collector collector = new Collector();
      aws.receive(QUEUE, 1, collector);

      org.awaitility.Awaitility.await().until(() -> collector.recoveries.get() == 1);

      assertThat(collector.failures)
          .singleElement()
          .satisfies(e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHORISED));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"AccessDeniedException", "QueueDoesNotExist"})
  void anAnswerThatKnowsTheCredentialsIsAConnection(String code) {
    stub.then("GetQueueUrl", 400, code);

    Aws.connect(stub.uri(), sdk()).close();
  }

  @Test
  void aStartThatIsThrottledIsTriedAgainWithinItsDeadline() {
    stub.then("GetQueueUrl", 400, "RequestThrottled").then("GetQueueUrl", 503, "Unavailable");

    Aws.connect(stub.uri(), sdk()).close();

    assertThat(stub.calls("GetQueueUrl")).isEqualTo(3);
  }

  /** A connection that is kept open may be closed by the other side as it is used again. */
  @Test
  void whatIsLookedUpAtTheStartIsAskedAgainIfItsConnectionIsCut() {
    stub.then("GetQueueUrl", 400, "QueueDoesNotExist")
        .then("GetQueueUrl", StubAws.CUT)
        .always("GetQueueUrl", 400, "QueueDoesNotExist");
    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      List<String> problems =
          aws.connection.prepare(Aws.topology(List.of(QUEUE), List.of()), Mode.VERIFY);

      assertThat(problems).isNotEmpty().allMatch(problem -> problem.contains(QUEUE.name()));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "403,InvalidSignatureException,Signature expired: 1 is now earlier than 2",
    "403,SignatureDoesNotMatch,Signature not yet current: 2 is still later than 1",
    "403,RequestTimeTooSkewed,because"
  })
  void aClockThatIsOffIsCorrectedByTheSdkAndTheStartSucceeds(int status, String code, String text) {
    stub.then("GetQueueUrl", new StubAws.Answer(status, code, text))
        .then("SendMessageBatch", new StubAws.Answer(status, code, text));

    try (Aws aws = Aws.connect(stub.uri(), sdk())) {
      assertThat(aws.send(QUEUE, Aws.message("x")).join()).isEqualTo("sqs-x");
    }
  }

  @Test
  void aClockThatStaysOffIsNamedForWhatItIs() {
    Aws.connect(stub.uri(), sdk()).close(); // loads the SDK
    stub.always(
        "GetQueueUrl",
        new StubAws.Answer(403, "InvalidSignatureException", "Signature expired: AKIASECRET"));
    Transport transport = withCredentials("AKIASECRET", "verysecret").build();

    MessagingException e =
        catchThrowableOfType(
            MessagingException.class, () -> transport.connect(Duration.ofSeconds(3)));

    assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(e).hasMessageContaining("set this machine's clock").hasNoCause();
    assertThat(e.getMessage()).doesNotContain("AKIASECRET");
  }

  @Test
  void whatAwsAnsweredIsNamedThoughTheLastCallBeforeTheDeadlineGotNoAnswer() {
    Aws.connect(stub.uri(), sdk()).close(); // loads the SDK
    stub.then("GetQueueUrl", 403, "RequestTimeTooSkewed").always("GetQueueUrl", StubAws.NONE);
    Transport transport = withCredentials("id", "secret").build();

    MessagingException e =
        catchThrowableOfType(
            MessagingException.class, () -> transport.connect(Duration.ofSeconds(3)));

    assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
    assertThat(e).hasMessageContaining("RequestTimeTooSkewed");
  }

  @Test
  void whatWasNotSentForWantOfCredentialsIsRejected() {
    AtomicBoolean away = new AtomicBoolean();
    AwsTransport transport =
        withProvider(
                () -> {
                  if (away.get()) {
                    throw new IllegalStateException("whoever gives credentials is away");
                  }
                })
            .build();
    try (Aws aws = Aws.connect(transport)) {
      away.set(true);

      SendException e = SendingTest.failure(aws.send(QUEUE, Aws.message("x")));

      assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
      assertThat(e.certainty()).isEqualTo(Certainty.REJECTED);
      assertThat(stub.calls("SendMessageBatch")).isZero();
    }
  }

  @Test
  void aProviderOfCredentialsThatKeepsWhoeverAsksItDoesNotKeepTheStart() {
    CountDownLatch end = new CountDownLatch(1);
    Transport transport = withProvider(() -> isLetGo(end)).build();

    CompletableFuture<Void> connecting =
        CompletableFuture.runAsync(() -> transport.connect(Duration.ofSeconds(1)));

    try {
      assertThat(connecting)
          .failsWithin(Aws.LOADING)
          .withThrowableThat()
          .havingCause()
          .isInstanceOfSatisfying(
              MessagingException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED))
          .withMessageContaining("provider gave no answer in time");
    } finally {
      end.countDown();
    }
  }

  /** At the end of a connection whoever is kept is interrupted, which not every provider heeds. */
  private static void isLetGo(CountDownLatch latch) {
    boolean gone = false;
    while (!gone) {
      try {
        gone = latch.await(5, TimeUnit.MINUTES);
      } catch (InterruptedException e) {
        gone = false;
      }
    }
  }

  private AwsTransport.Builder withProvider(Runnable whenAsked) {
    return sdk() == AwsSdk.V1
        ? Aws.emulator(stub.uri())
            .credentials(
                new AWSCredentialsProvider() {
                  @Override
                  public AWSCredentials getCredentials() {
                    whenAsked.run();
                    return new BasicAWSCredentials("id", "secret");
                  }

                  @Override
                  public void refresh() {}
                })
        : Aws.emulator(stub.uri())
            .credentialsV2(
                () -> {
                  whenAsked.run();
                  return AwsBasicCredentials.create("id", "secret");
                });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"InvalidClientTokenId", "SignatureDoesNotMatch", "UnrecognizedClientException"})
  void credentialsThatAwsDoesNotTakeAreNamedButNotShown(String code) {
    for (int i = 0; i < 3; i++) {
      stub.then("GetQueueUrl", 403, code);
    }
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    Logger logger = (Logger) LoggerFactory.getLogger("dev.waybill");
    logged.start();
    logger.addAppender(logged);
    try {
      Transport transport = withCredentials("AKIASECRET", "verysecret").build();

      MessagingException e =
          catchThrowableOfType(
              MessagingException.class, () -> transport.connect(Duration.ofSeconds(10)));

      assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
      assertThat(e)
          .hasMessage(
              "AWS at %s does not take the credentials: AWS answered %s (HTTP 403, request r-1). Set them in the environment, a profile or a role, or give a provider to AwsTransport.builder().",
              transport.address(), code);
      StringWriter everything = new StringWriter();
      e.printStackTrace(new PrintWriter(everything));
      logged.list.forEach(event -> everything.append(event.getFormattedMessage()));
      assertThat(everything.toString()).doesNotContain("AKIASECRET", "verysecret");
    } finally {
      logger.detachAppender(logged);
    }
  }

  @Test
  void aProviderWithoutCredentialsIsNotAuthenticated() {
    Transport transport = withoutCredentials().build();

    MessagingException e =
        catchThrowableOfType(
            MessagingException.class, () -> transport.connect(Duration.ofSeconds(10)));

    assertThat(e.code()).isEqualTo(ErrorCode.NOT_AUTHENTICATED);
  }

  @Test
  void whereNobodyListensConnectingFailsInPlainWords() throws IOException {
    int port;
    try (ServerSocket socket = new ServerSocket(0)) {
      port = socket.getLocalPort();
    }

    MessagingException e =
        catchThrowableOfType(
            MessagingException.class,
            () ->
                Aws.emulator("aws://127.0.0.1:" + port)
                    .sdk(sdk())
                    .build()
                    .connect(Duration.ofSeconds(2)));

    assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
    assertThat(e)
        .hasMessageContaining("No SQS answered at 127.0.0.1:" + port)
        .hasMessageContaining("within 2 s");
  }

  @Test
  void whereNobodyAnswersConnectingFailsByTheDeadline() throws IOException {
    try (ServerSocket silent = new ServerSocket(0)) {
      long start = System.nanoTime();

      MessagingException e =
          catchThrowableOfType(
              MessagingException.class,
              () ->
                  Aws.emulator("aws://127.0.0.1:" + silent.getLocalPort())
                      .sdk(sdk())
                      .build()
                      .connect(Duration.ofSeconds(2)));

      assertThat(e.code()).isEqualTo(ErrorCode.CONNECTION_FAILED);
      assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
    }
  }
}
