package dev.waybill.transport.aws;

import dev.waybill.routing.Channel;
import dev.waybill.routing.ReplyQueue;
import dev.waybill.routing.Source;
import dev.waybill.routing.Subscription;
import dev.waybill.routing.Topic;
import dev.waybill.transport.Topology;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** The rights that a bus needs, as an IAM policy: by its topology, and no more. */
final class IamPolicy {
  private static final List<String> SEND = List.of("sqs:GetQueueUrl", "sqs:SendMessage");
  private static final List<String> RECEIVE =
      List.of(
          "sqs:GetQueueUrl",
          "sqs:ReceiveMessage",
          "sqs:DeleteMessage",
          "sqs:ChangeMessageVisibility");

  private static final List<String> REQUEST =
      List.of("sqs:CreateQueue", "sqs:DeleteQueue", "sqs:ReceiveMessage", "sqs:DeleteMessage");

  private final AwsSettings settings;
  private final String partition;
  private final List<PolicyJson.Allowed> allowed = new ArrayList<>();

  private IamPolicy(AwsSettings settings) {
    this.settings = settings;
    this.partition = AwsPartitions.of(settings.region());
  }

  static String of(Topology topology, Topology.Mode mode, AwsSettings settings) {
    IamPolicy policy = new IamPolicy(settings);
    policy.useOf(topology, mode);
    policy.repliesOf(topology);
    policy.preparationOf(topology, mode);
    return PolicyJson.iam(policy.allowed);
  }

  private void useOf(Topology topology, Topology.Mode mode) {
    Set<Source> sentTo = new LinkedHashSet<>();
    Set<String> topics = new LinkedHashSet<>();
    for (Channel channel : topology.channels()) {
      if (channel instanceof Topic topic) {
        topics.add(topicArn(topic));
      } else {
        sentTo.add((Source) channel);
      }
    }
    for (Source source : topology.sources()) {
      sentTo.add(source.deadLetterQueue());
      if (!source.keyed()) {
        sentTo.add(source); // what is delayed for long is put back
      }
    }
    Set<Source> received = new LinkedHashSet<>(topology.sources());
    received.addAll(topology.deadLetterQueues());
    Set<Source> replayedTo = new LinkedHashSet<>(topology.sources());
    replayedTo.removeIf(source -> queueArns(sentTo).contains(arn("sqs", Names.queue(source))));
    allow("Send", SEND, queueArns(sentTo));
    allow("Replay", SEND, queueArns(replayedTo));
    allow("Publish", List.of("sns:Publish"), topics);
    boolean found = mode == Topology.Mode.CREATE || settings.account() != null;
    if (!topics.isEmpty() && !found) {
      allow("FindTopics", List.of("sns:ListTopics"), List.of("*"));
    }
    allow("Receive", RECEIVE, queueArns(received));
  }

  private void repliesOf(Topology topology) {
    if (!topology.sources().isEmpty()) {
      allow("Reply", SEND, List.of(arn("sqs", Names.nativeName(ReplyQueue.PREFIX, false) + "*")));
    }
    ReplyQueue replies = topology.replies();
    if (replies != null) {
      String own = ReplyQueue.PREFIX + replies.requester() + ".";
      allow("Request", REQUEST, List.of(arn("sqs", Names.nativeName(own, false) + "*")));
    }
  }

  private void preparationOf(Topology topology, Topology.Mode mode) {
    if (mode == Topology.Mode.ASSUME) {
      return;
    }
    TopologyItems items = new TopologyItems(topology);
    boolean create = mode == Topology.Mode.CREATE;
    allow(
        "LookAtQueues",
        List.of("sqs:GetQueueUrl", "sqs:GetQueueAttributes"),
        queueArns(items.queues()));
    Set<String> topics = new LinkedHashSet<>();
    items.topics().forEach(topic -> topics.add(topicArn(topic)));
    Set<String> subscribed = new LinkedHashSet<>();
    Set<Source> subscribing = new LinkedHashSet<>(items.subscriptions());
    for (Subscription subscription : items.subscriptions()) {
      subscribed.add(topicArn(subscription.topic()));
    }
    allow("LookAtSubscriptions", List.of("sns:ListSubscriptionsByTopic"), subscribed);
    if (!subscribed.isEmpty()) {
      allow("LookAtASubscription", List.of("sns:GetSubscriptionAttributes"), List.of("*"));
    }
    if (create) {
      allow("CreateQueues", List.of("sqs:CreateQueue"), queueArns(items.queues()));
      allow("LetTopicsIn", List.of("sqs:SetQueueAttributes"), queueArns(subscribing));
      allow("CreateTopics", List.of("sns:CreateTopic"), topics);
      allow("Subscribe", List.of("sns:Subscribe"), subscribed);
    } else {
      allow("LookAtTopics", List.of("sns:GetTopicAttributes"), topics);
    }
  }

  private void allow(String sid, List<String> actions, Collection<String> resources) {
    if (!resources.isEmpty()) {
      allowed.add(new PolicyJson.Allowed(sid, actions, List.copyOf(resources)));
    }
  }

  private Set<String> queueArns(Collection<? extends Source> queues) {
    Set<String> arns = new LinkedHashSet<>();
    queues.forEach(queue -> arns.add(arn("sqs", Names.queue(queue))));
    return arns;
  }

  private String topicArn(Topic topic) {
    return arn("sns", Names.topic(topic));
  }

  private String arn(String service, String name) {
    String region = settings.region() == null ? "*" : settings.region();
    String account = settings.account() == null ? "*" : settings.account();
    return String.join(":", "arn", partition, service, region, account, name);
  }
}
