package dev.waybill.transport.aws;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class QueuePolicyTest {
  private static final String QUEUE = "arn:aws:sqs:eu-west-1:123456789012:q";
  private static final String TOPIC = "arn:aws:sns:eu-west-1:123456789012:t";
  private static final String OTHER = "arn:aws:sns:eu-west-1:123456789012:other";

  @Test
  void aQueueWithoutAPolicyGetsOneThatLetsTheTopicInAndNoOther() {
    assertThat(QueuePolicy.allows(null, QUEUE, TOPIC)).isFalse();

    String policy = QueuePolicy.withTopic(null, QUEUE, TOPIC);

    assertThat(QueuePolicy.allows(policy, QUEUE, TOPIC)).isTrue();
    assertThat(QueuePolicy.allows(policy, QUEUE, OTHER)).isFalse();
    assertThat(policy).contains("\"ArnEquals\":{\"aws:SourceArn\":\"" + TOPIC + "\"}");
  }

  @Test
  void statementsOfOthersStay() {
    String theirs =
        "{\"Version\":\"2012-10-17\",\"Id\":\"x\",\"Statement\":{\"Sid\":\"keep\",\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"sqs:DeleteQueue\",\"Resource\":\"*\"}}";

    String one = QueuePolicy.withTopic(theirs, QUEUE, TOPIC);
    String both = QueuePolicy.withTopic(one, QUEUE, OTHER);
    String again = QueuePolicy.withTopic(both, QUEUE, OTHER);

    assertThat(again).isEqualTo(both).contains("\"Sid\":\"keep\"", "\"Id\":\"x\"");
    assertThat(QueuePolicy.allows(both, QUEUE, TOPIC)).isTrue();
    assertThat(QueuePolicy.allows(both, QUEUE, OTHER)).isTrue();
  }

  @Test
  void aPolicyThatCantBeReadIsNotReplaced() {
    assertThatThrownBy(() -> QueuePolicy.withTopic("not json", QUEUE, TOPIC))
        .isInstanceOf(IllegalStateException.class);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"SQS:*\"}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"SQS:*\",\"Resource\":[\"arn:aws:sqs:*:*:q\"]}",
        "{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":\"*\"},\"Action\":[\"sqs:SendMessage\"],\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":[\"arn:aws:sns:*:*:t\"]}}}",
        "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":[\"sns.amazonaws.com\"]},\"Action\":\"sqs:SendMessage\",\"Condition\":{\"StringEquals\":{\"AWS:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEqualsIfExists\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ForAnyValue:StringEqualsIgnoreCase\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:T\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"StringLike\":{\"aws:SourceArn\":\"arn:aws:sns:*:t\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"StringEquals\":{\"aws:SourceAccount\":\"123456789012\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"arnequals\":{\"aws:sourcearn\":\"arn:aws:sns:eu-west-1:123456789012:t\"},\"StringEquals\":{\"aws:SourceAccount\":[\"000000000000\",\"123456789012\"]}}}"
      })
  void whatSomebodyElseAllowedCounts(String statement) {
    assertThat(QueuePolicy.allows("{\"Statement\":[" + statement + "]}", QUEUE, TOPIC)).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"Effect\":\"Deny\",\"Principal\":\"*\",\"Action\":\"*\"}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Resource\":\"arn:aws:sqs:eu-west-1:123456789012:other\"}",
        "{\"Effect\":\"Allow\",\"Principal\":{\"Service\":\"events.amazonaws.com\"},\"Action\":\"sqs:SendMessage\"}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:ReceiveMessage\"}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"*\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:tt\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"StringEquals\":{\"aws:PrincipalOrgID\":\"o-1\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"},\"StringEquals\":{\"aws:SourceVpce\":\"vpce-1\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"},\"IpAddress\":{\"aws:SourceIp\":\"10.0.0.0/8\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"},\"Bool\":{\"aws:SecureTransport\":\"true\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\",\"aws:PrincipalArn\":\"arn:aws:iam::1:role/r\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnNotEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnNotEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:other\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"StringEquals\":{\"aws:SourceArn\":\"arn:aws:sns:*:*:t\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:sns:*:*:T\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnLike\":{\"aws:SourceArn\":\"arn:aws:sns:*:*:t\"},\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:other\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":\"arn:aws:sns:eu-west-1:123456789012:t\"},\"StringEquals\":{\"aws:SourceAccount\":\"000000000000\"}}}",
        "{\"Effect\":\"Allow\",\"Principal\":\"*\",\"Action\":\"sqs:SendMessage\",\"Condition\":{\"ArnEquals\":{\"aws:SourceArn\":[]}}}"
      })
  void whatDoesNotLetTheTopicInDoesNotCount(String statement) {
    assertThat(QueuePolicy.allows("{\"Statement\":[" + statement + "]}", QUEUE, TOPIC)).isFalse();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'Principal':'*','Action':'sqs:SendMessage','Resource':'*'",
        "'Principal':{'AWS':'*'},'Action':'sqs:*'",
        "'Principal':{'Service':'sns.amazonaws.com'},'Action':'*'",
        "'NotPrincipal':{'AWS':'arn:aws:iam::1:root'},'NotAction':'sqs:ReceiveMessage'",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:PrincipalOrgID':'o-1'}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEqualsIfExists':{'aws:SourceVpce':'vpce-1'}}",
        "'Principal':'*','Action':'*','Condition':{'Bool':{'aws:SecureTransport':'true'}}",
        "'Principal':'*','Action':'*','Condition':{'Bool':{'aws:SecureTransport':true}}",
        "'Principal':'*','Action':'*','Condition':{'ArnNotEquals':{'aws:SourceArn':'arn:aws:sns:eu-west-1:123456789012:other'}}",
        "'Principal':'*','Action':'*','Condition':{'ArnEquals':{'aws:SourceArn':'arn:aws:sns:eu-west-1:123456789012:t'}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:SourceAccount':'000000000000'}}"
      })
  void aDenialThatMeansSnsIsNamed(String statement) {
    assertThat(QueuePolicy.denials(denying(statement), QUEUE, TOPIC)).containsExactly("no");
    assertThat(QueuePolicy.doubts(denying(statement), QUEUE, TOPIC)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'Principal':'*','Action':'*','Condition':{'StringEqualsIfExists':{'aws:PrincipalOrgID':'o-1'}}",
        "'Principal':'*','Action':'*','Condition':{'NotIpAddress':{'aws:SourceIp':'10.0.0.0/8'}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:PrincipalServiceName':'sns.amazonaws.com'}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:SourceOrgID':'o-1'}}"
      })
  void aDenialThatCantBeJudgedIsOnlyDoubted(String statement) {
    assertThat(QueuePolicy.denials(denying(statement), QUEUE, TOPIC)).isEmpty();
    assertThat(QueuePolicy.doubts(denying(statement), QUEUE, TOPIC)).containsExactly("no");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "'Principal':'*','Action':'sqs:DeleteQueue'",
        "'Principal':'*','Action':'*','Resource':'arn:aws:sqs:eu-west-1:123456789012:other'",
        "'Principal':'*','Action':'*','NotResource':'arn:aws:sqs:eu-west-1:123456789012:q'",
        "'Principal':{'AWS':'arn:aws:iam::1:role/r'},'Action':'*'",
        "'NotPrincipal':{'Service':'sns.amazonaws.com'},'Action':'*'",
        "'Principal':'*','NotAction':['sqs:SendMessage']",
        "'Principal':'*','Action':'*','Condition':{'Bool':{'aws:SecureTransport':'false'}}",
        "'Principal':'*','Action':'*','Condition':{'Bool':{'aws:SecureTransport':false}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:PrincipalOrgID':'o-1'},'BoolIfExists':{'aws:PrincipalIsAWSService':'false'}}",
        "'Principal':'*','Action':'*','Condition':{'StringEquals':{'aws:PrincipalOrgID':'o-1'}}",
        "'Principal':'*','Action':'*','Condition':{'ArnNotLike':{'aws:SourceArn':'arn:aws:sns:*:*:t'}}",
        "'Principal':'*','Action':'*','Condition':{'StringNotEquals':{'aws:SourceAccount':'123456789012'}}",
        "'Principal':'*','Action':'*','Condition':{'ArnEquals':{'aws:SourceArn':'arn:aws:sns:eu-west-1:123456789012:other'}}"
      })
  void aDenialThatCantMeanSnsIsNot(String statement) {
    assertThat(QueuePolicy.denials(denying(statement), QUEUE, TOPIC)).isEmpty();
    assertThat(QueuePolicy.doubts(denying(statement), QUEUE, TOPIC)).isEmpty();
  }

  private static String denying(String statement) {
    return "{\"Statement\":[{\"Sid\":\"no\",\"Effect\":\"Deny\",%s}]}"
        .formatted(statement.replace('\'', '"'));
  }
}
