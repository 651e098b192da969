package dev.waybill.testkit.broker;

import static dev.waybill.testkit.broker.BrokerLife.assertNothingIsLeftOf;
import static dev.waybill.testkit.broker.BrokerLife.processOf;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.amazonaws.auth.AWSStaticCredentialsProvider;
import com.amazonaws.auth.BasicAWSCredentials;
import com.amazonaws.client.builder.AwsClientBuilder.EndpointConfiguration;
import com.amazonaws.services.sns.AmazonSNS;
import com.amazonaws.services.sns.AmazonSNSClientBuilder;
import com.amazonaws.services.sqs.AmazonSQS;
import com.amazonaws.services.sqs.AmazonSQSClientBuilder;
import com.amazonaws.services.sqs.model.AmazonSQSException;
import com.amazonaws.services.sqs.model.Message;
import com.amazonaws.services.sqs.model.MessageAttributeValue;
import com.amazonaws.services.sqs.model.ReceiveMessageRequest;
import com.amazonaws.services.sqs.model.SendMessageRequest;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeoutException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
class AwsTestBrokerTest {

  private static AwsTestBroker broker;
  private static AmazonSQS sqs;

  @BeforeAll
  static void start() {
    broker = AwsTestBroker.start();
    sqs = sqs(broker);
  }

  @AfterAll
  static void close() {
    sqs.shutdown();
    broker.close();
  }

  @Test
  void carries_messages_of_a_topic_to_a_queue() {
    String queue = sqs.createQueue("carried").getQueueUrl();
    String queueArn =
        sqs.getQueueAttributes(queue, List.of("QueueArn")).getAttributes().get("QueueArn");
    AmazonSNS sns =
        AmazonSNSClientBuilder.standard()
            .withEndpointConfiguration(endpoint(broker))
            .withCredentials(credentials())
            .build();
    String topic = sns.createTopic("carried").getTopicArn();
    String subscription = sns.subscribe(topic, "sqs", queueArn).getSubscriptionArn();
    sns.setSubscriptionAttributes(subscription, "RawMessageDelivery", "true");

    sns.publish(topic, "a");

    assertThat(receive(sqs, queue)).containsExactly("a");
    assertThat(broker.version()).isEqualTo("fauxqs 2.4.1");
    sns.shutdown();
  }

  @Test
  void refuses_what_aws_refuses_and_takes_what_aws_takes() {
    String queue = sqs.createQueue("strict").getQueueUrl();
    SendMessageRequest eleven = new SendMessageRequest(queue, "a");
    for (int i = 0; i < 11; i++) {
      eleven.addMessageAttributesEntry("a" + i, text("x"));
    }
    List<SendMessageRequest> refused =
        List.of(
            eleven,
            new SendMessageRequest(queue, "a").addMessageAttributesEntry("a b", text("x")),
            new SendMessageRequest(queue, "a").addMessageAttributesEntry("aws.x", text("x")),
            new SendMessageRequest(queue, "a").addMessageAttributesEntry("a", text("\u0001")),
            new SendMessageRequest(queue, "a").withDelaySeconds(901));

    for (SendMessageRequest request : refused) {
      assertThatThrownBy(() -> sqs.sendMessage(request))
          .isInstanceOf(AmazonSQSException.class)
          .hasMessageContaining("AWS does not take");
    }
    sqs.sendMessage(
        new SendMessageRequest(queue, "\uD83D\uDE9A")
            .addMessageAttributesEntry("a.b-c_D", text("\uD83D\uDE9A")));

    assertThat(receive(sqs, queue)).containsExactly("\uD83D\uDE9A");
  }

  @Test
  void keeps_confirmed_messages_over_a_kill() {
    String queue = sqs.createQueue("kept").getQueueUrl();
    sqs.sendMessage(queue, "a");
    ProcessHandle process = processOf(broker);

    broker.kill();
    assertThat(process.isAlive()).isFalse();
    broker.restart();

    assertThat(receive(sqs, queue)).containsExactly("a");
  }

  @Test
  void keeps_nothing_over_a_kill_in_memory() {
    try (AwsTestBroker forgetful = AwsTestBroker.builder().inMemory().start()) {
      AmazonSQS its = sqs(forgetful);
      String queue = its.createQueue("forgotten").getQueueUrl();
      its.sendMessage(queue, "a");
      assertThat(receive(its, queue)).containsExactly("a");

      forgetful.kill();
      forgetful.restart();

      assertThat(its.listQueues().getQueueUrls()).isEmpty();
      its.shutdown();
    }
  }

  @Test
  void starts_again_after_a_clean_stop() {
    String queue = sqs.createQueue("stopped").getQueueUrl();
    sqs.sendMessage(queue, "a");

    broker.stop();
    assertThat(BrokerLife.isOpen(broker.port())).isFalse();
    broker.restart();

    assertThat(receive(sqs, queue)).containsExactly("a");
  }

  @Test
  void answers_nothing_while_it_is_paused() throws Exception {
    String queue = sqs.createQueue("paused").getQueueUrl();

    broker.pause();
    var sent = CompletableFuture.supplyAsync(() -> sqs.sendMessage(queue, "a"));
    assertThatThrownBy(() -> sent.get(1, SECONDS)).isInstanceOf(TimeoutException.class);
    broker.resume();

    assertThat(sent.get(60, SECONDS).getMessageId()).isNotEmpty();
  }

  @Test
  void leaves_nothing_behind() {
    AwsTestBroker closed = AwsTestBroker.start();

    closed.close();

    assertNothingIsLeftOf(closed);
  }

  @Test
  void sends_its_clients_through_a_proxy() throws Exception {
    try (FaultProxy proxy = FaultProxy.open();
        AwsTestBroker behind = AwsTestBroker.builder().advertisedPort(proxy.port()).start()) {
      proxy.forwardTo(behind.port());
      AmazonSQS proxied = sqs(behind);
      String queue = proxied.createQueue("proxied").getQueueUrl();
      assertThat(URI.create(queue).getPort()).isEqualTo(proxy.port());

      proxy.hold();
      var sent = CompletableFuture.supplyAsync(() -> proxied.sendMessage(queue, "a"));
      assertThatThrownBy(() -> sent.get(1, SECONDS)).isInstanceOf(TimeoutException.class);
      proxy.heal();

      assertThat(sent.get(60, SECONDS).getMessageId()).isNotEmpty();
      proxied.shutdown();
    }
  }

  private static MessageAttributeValue text(String value) {
    return new MessageAttributeValue().withDataType("String").withStringValue(value);
  }

  private static AmazonSQS sqs(TestBroker broker) {
    return AmazonSQSClientBuilder.standard()
        .withEndpointConfiguration(endpoint(broker))
        .withCredentials(credentials())
        .build();
  }

  private static EndpointConfiguration endpoint(TestBroker broker) {
    URI uri = URI.create(broker.uri());
    String region = uri.getQuery().substring("region=".length());
    return new EndpointConfiguration("http://" + uri.getAuthority(), region);
  }

  private static AWSStaticCredentialsProvider credentials() {
    return new AWSStaticCredentialsProvider(new BasicAWSCredentials("any", "any"));
  }

  private static List<String> receive(AmazonSQS sqs, String queue) {
    ReceiveMessageRequest request = new ReceiveMessageRequest(queue).withWaitTimeSeconds(10);
    return sqs.receiveMessage(request).getMessages().stream().map(Message::getBody).toList();
  }
}
