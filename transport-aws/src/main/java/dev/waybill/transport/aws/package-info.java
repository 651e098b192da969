/**
 * Carries messages over Amazon SQS (queues, subscriptions) and SNS (topics).
 *
 * <p>The way in is {@link dev.waybill.transport.aws.AwsTransport}, or a URI with the scheme {@code
 * aws}. The AWS SDK for Java is named in the classes {@code AwsTransport} and {@code Sdk…} only;
 * the rest of the package talks to a port, so that another SDK can take its place.
 */
@NullMarked
package dev.waybill.transport.aws;

import org.jspecify.annotations.NullMarked;
