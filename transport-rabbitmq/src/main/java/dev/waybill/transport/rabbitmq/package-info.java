/**
 * Carries messages over RabbitMQ 3.10 and newer by AMQP 0-9-1.
 *
 * <table>
 *   <caption>What stands for what</caption>
 *   <tr><th>Waybill</th><th>RabbitMQ</th></tr>
 *   <tr><td>queue {@code q}</td><td>durable queue {@code q}, published to through the default
 *       exchange, mandatory</td></tr>
 *   <tr><td>topic {@code t}</td><td>durable fanout exchange {@code t}</td></tr>
 *   <tr><td>subscription {@code s} of {@code t}</td><td>durable queue {@code t.s}, bound to
 *       {@code t}</td></tr>
 *   <tr><td>dead-letter queue of a source</td><td>durable queue {@code <source>.dlq}</td></tr>
 *   <tr><td>reply queue {@code replies.r.i}</td><td>durable classic queue {@code replies.r.i} with
 *       {@code x-expires}, made in every mode, deleted at close</td></tr>
 *   <tr><td>keyed</td><td>{@code x-single-active-consumer}</td></tr>
 *   <tr><td>attribute {@code a}</td><td>header {@code ce-a}; {@code ce_}, {@code cloudEvents:} and
 *       {@code cloudEvents_} are read too, in any case</td></tr>
 *   <tr><td>accept</td><td>{@code basic.ack}</td></tr>
 *   <tr><td>release at a stop</td><td>{@code basic.nack} with requeue</td></tr>
 *   <tr><td>release after a failure</td><td>{@code basic.reject} with requeue</td></tr>
 *   <tr><td>reject</td><td>published to the dead-letter queue with a confirm, then {@code
 *       basic.ack}</td></tr>
 * </table>
 *
 * <p>Other queues are quorum queues unless the builder says classic. A structured-mode CloudEvents
 * message is delivered as a foreign message, with its envelope as body.
 *
 * <p>Quorum queues are declared with the largest possible {@code x-delivery-limit}, so that the
 * broker drops nothing and puts a requeued message back to the head of its queue.
 *
 * <p>{@code VERIFY} sees exchanges and queues, and their arguments where the user may configure
 * them; bindings can't be seen by AMQP and are not verified.
 */
@NullMarked
package dev.waybill.transport.rabbitmq;

import org.jspecify.annotations.NullMarked;
