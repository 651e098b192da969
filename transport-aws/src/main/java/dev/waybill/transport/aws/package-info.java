/**
 * Carries messages over Amazon SQS (queues, subscriptions) and SNS (topics).
 *
 * <p>The way in is {@link dev.waybill.transport.aws.AwsTransport}, or a URI with the scheme {@code
 * aws}. The two versions of the AWS SDK for Java are named in the classes {@code AwsTransport},
 * {@code Sdk1…} and {@code Sdk2…} only; the rest of the package talks to a port.
 */
@NullMarked
package dev.waybill.transport.aws;

import org.jspecify.annotations.NullMarked;
