package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.services.sqs.AmazonSQS;
import dev.waybill.error.ConfigurationException;
import dev.waybill.testkit.broker.TestBrokers;
import dev.waybill.transport.Transport;
import dev.waybill.transport.TransportConnection;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import software.amazon.awssdk.auth.credentials.AnonymousCredentialsProvider;
import software.amazon.awssdk.services.sqs.SqsAsyncClient;

/** Which version of the SDK a transport stands on. */
class WhichSdkTest {
  @ParameterizedTest
  @CsvSource({"'',2", "&sdk=1,1", "&sdk=2,2"})
  void aUriTakesTheSecondWhereItIsThereUnlessItSaysOtherwise(String parameter, int version) {
    Transport transport = Transport.at(TestBrokers.aws().uri() + parameter);

    try (LogCapture log = LogCapture.of(Connector.class);
        TransportConnection connection = transport.connect(Aws.LOADING)) {
      String start =
          "%s Connecting to AWS at %s with version %d of the AWS SDK for Java"
              .formatted(version == 1 ? "WARN" : "INFO", transport.address(), version);
      assertThat(log.lines())
          .anySatisfy(
              line ->
                  assertThat(line)
                      .startsWith(start)
                      .contains(version == 1 ? "whose support ended on 31 December 2025" : ""));
      assertThat(connection.unwrap(AmazonSQS.class).isPresent()).isEqualTo(version == 1);
      assertThat(connection.unwrap(SqsAsyncClient.class).isPresent()).isEqualTo(version == 2);
    }
  }

  @Test
  void whatIsGivenOfBothOrOfTheOtherIsRefused() {
    AwsTransport.Builder both =
        AwsTransport.builder()
            .region("eu-west-1")
            .credentials(new AWSStaticCredentialsProvider(new BasicAWSCredentials("a", "b")))
            .credentialsV2(AnonymousCredentialsProvider.create());
    AwsTransport.Builder other =
        AwsTransport.builder()
            .region("eu-west-1")
            .sdk(AwsSdk.V1)
            .credentialsV2(AnonymousCredentialsProvider.create());

    assertThatThrownBy(both::build)
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("both versions");
    assertThatThrownBy(other::build)
        .isInstanceOf(ConfigurationException.class)
        .hasMessageContaining("V1");
  }

  @ParameterizedTest
  @CsvSource({"amazonaws,2", "awssdk,1"})
  void anApplicationWithoutOneOfThemRunsOnTheOther(String absent, int version)
      throws IOException, InterruptedException {
    assertThat(run(absent, TestBrokers.aws().uri()))
        .isEqualTo("received hello over SDK " + version);
  }

  @ParameterizedTest
  @CsvSource({"amazonaws,1,aws-java-sdk-sqs", "awssdk,2,software.amazon.awssdk:sqs"})
  void askingForTheOneThatIsAbsentNamesWhatToAdd(String absent, int version, String dependency)
      throws IOException, InterruptedException {
    assertThat(run(absent, TestBrokers.aws().uri() + "&sdk=" + version)).contains(dependency);
  }

  /** The last line that a process says that has all on its class path but one SDK. */
  private static String run(String absent, String uri) throws IOException, InterruptedException {
    String path =
        System.getProperty("surefire.test.class.path", System.getProperty("java.class.path"));
    String without =
        Arrays.stream(path.split(File.pathSeparator))
            .filter(part -> !part.contains(File.separator + absent + File.separator))
            .collect(Collectors.joining(File.pathSeparator));
    Process process =
        new ProcessBuilder(
                System.getProperty("java.home") + "/bin/java",
                "-cp",
                without,
                OneSdkProcess.class.getName(),
                uri)
            .redirectErrorStream(true)
            .start();
    try {
      String output =
          new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
      assertThat(process.waitFor(2, TimeUnit.MINUTES)).isTrue();
      return output.substring(output.lastIndexOf('\n') + 1);
    } finally {
      process.destroyForcibly();
    }
  }
}
