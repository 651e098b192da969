package dev.waybill.transport.aws;

import dev.waybill.error.ErrorCode;
import dev.waybill.error.MessagingException;
import dev.waybill.transport.TransportConnection;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a connection: clients, and the proof that AWS answers and takes the credentials. */
final class Connector {
  private static final Logger log = LoggerFactory.getLogger(Connector.class);

  /** A queue that need not exist: that it is missing, or forbidden, is an answer like any other. */
  private static final String PROBE = "waybill-connection-probe";

  /** Making the clients may have used up a short deadline, which is no fault of AWS. */
  private static final Duration SHORTEST = Duration.ofMillis(500);

  private final AwsSettings settings;

  Connector(AwsSettings settings) {
    this.settings = settings;
  }

  TransportConnection connect(Duration deadline) {
    Deadline until = Deadline.in(deadline);
    sayWhich();
    warnOfRepetitions();
    AwsPort port = settings.sdk().open(settings);
    try {
      askCredentials(port, longer(until.remaining(), SHORTEST));
      probe(port, longer(until.remaining(), SHORTEST));
    } catch (AwsFailure e) {
      port.close();
      throw refused(e, deadline);
    }
    return new AwsConnection(port, settings);
  }

  private static void askCredentials(AwsPort port, Duration time) {
    Deadline until = Deadline.in(time);
    try {
      Admin.once(port.checkCredentials(until), until);
    } catch (AwsFailure e) {
      throw e.code() != ErrorCode.TIMEOUT ? e : AwsErrors.noCredentialsInTime(e);
    }
  }

  private static void probe(AwsPort port, Duration time) {
    Deadline until = Deadline.in(time);
    try {
      new Admin(port, time).get(any -> port.queueUrl(PROBE, until));
    } catch (AwsFailure e) {
      if (e.code() != ErrorCode.NOT_FOUND && e.code() != ErrorCode.NOT_AUTHORISED) {
        throw e;
      }
    }
  }

  private void sayWhich() {
    if (settings.sdk().version() == AwsSdk.V2) {
      log.info(
          "Connecting to AWS at {} with version 2 of the AWS SDK for Java", settings.address());
      return;
    }
    log.warn(
        "Connecting to AWS at {} with version 1 of the AWS SDK for Java, whose support ended on 31"
            + " December 2025: nothing that is found in it is mended any more. Add {} to the class"
            + " path, and version 2 is used",
        settings.address(),
        AwsSdk.V2.dependencies());
  }

  private void warnOfRepetitions() {
    for (String client : settings.sdk().repeatingClients()) {
      log.warn(
          "The given client {} repeats calls by itself: a send whose answer was lost may be stored"
              + " twice, and what a repeated poll brought first stays hidden until its lease is"
              + " over. Build it without retries: {}",
          client,
          settings.sdk().version().withoutRetries());
    }
  }

  private MessagingException refused(AwsFailure e, Duration deadline) {
    if (e.isAboutExpiredCredentials()) {
      return new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          ("AWS at %s does not take the credentials, for their time or the signature's: %s. Renew"
                  + " them, or set this machine's clock if it is wrong.")
              .formatted(settings.address(), e.getMessage()),
          e.getCause());
    }
    if (e.code() == ErrorCode.NOT_AUTHENTICATED) {
      return new MessagingException(
          ErrorCode.NOT_AUTHENTICATED,
          ("AWS at %s does not take the credentials: %s. Set them in the environment, a "
                  + "profile or a role, or give a provider to AwsTransport.builder().")
              .formatted(settings.address(), e.getMessage()),
          e.getCause());
    }
    return new MessagingException(
        ErrorCode.CONNECTION_FAILED,
        "No SQS answered at %s within %s: %s. Is it running, and are address and region right?"
            .formatted(settings.address(), Durations.inWords(deadline), e.getMessage()),
        e.getCause());
  }

  private static Duration longer(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? other : one;
  }
}
