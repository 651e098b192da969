/**
 * Carries messages over Apache Kafka with consumer groups.
 *
 * <table>
 *   <caption>How a topology is mapped</caption>
 *   <tr><th>here</th><th>on Kafka</th></tr>
 *   <tr><td>queue {@code q}</td><td>topic {@code q}, consumer group {@code q}</td></tr>
 *   <tr><td>topic {@code t}</td><td>topic {@code t}</td></tr>
 *   <tr><td>subscription {@code s} of topic {@code t}</td><td>consumer group {@code t.s}</td></tr>
 *   <tr><td>dead-letter queue of source {@code x}</td>
 *       <td>topic {@code x.dlq}, consumer group {@code x.dlq}</td></tr>
 *   <tr><td>reply queue {@code replies.r.i} of requester {@code r}'s instance {@code i}</td>
 *       <td>topic {@code replies.r}, record key {@code i}, no consumer group</td></tr>
 *   <tr><td>delayed messages of queue or topic {@code x}</td>
 *       <td>topic {@code x.delayed}, consumer group {@code x.delayed}</td></tr>
 *   <tr><td>key</td><td>record key in UTF-8; Kafka's own partitioner</td></tr>
 *   <tr><td>attribute {@code a}</td><td>record header {@code ce_a} in UTF-8 (CloudEvents binary mode)</td></tr>
 *   <tr><td>content type</td><td>record header {@code content-type}</td></tr>
 *   <tr><td>header</td><td>record header of the same name in UTF-8</td></tr>
 * </table>
 *
 * <p>Of a foreign record, a header that occurs several times is given by its last value, a null
 * value as the empty text, and a key or value that is not UTF-8 as {@code base64:} and the bytes in
 * base 64. A dead letter has all of them as they were received. A CloudEvents message in structured
 * mode is delivered as a foreign message: its body is the whole event, its content type begins with
 * {@code application/cloudevents}.
 *
 * <p>Committed offsets never pass a message that is not settled; what is settled beyond them is
 * noted in the commit's metadata, so that a restart repeats only what was open (see {@code
 * CommitMetadata}).
 */
@NullMarked
package dev.waybill.transport.kafka;

import org.jspecify.annotations.NullMarked;
