/**
 * Real brokers for tests, demos and benchmarks: started on free loopback ports in temporary
 * folders, killed, paused, restarted and removed again.
 *
 * <p>{@link dev.waybill.testkit.broker.TestBrokers} has one shared broker of each kind; {@link
 * dev.waybill.testkit.broker.KafkaTestBroker}, {@link dev.waybill.testkit.broker.RabbitTestBroker}
 * and {@link dev.waybill.testkit.broker.AwsTestBroker} start one of one's own, for tests that break
 * it. {@link dev.waybill.testkit.broker.FaultProxy} breaks the network in between; {@link
 * dev.waybill.testkit.broker.ProxiedConnection} and {@link
 * dev.waybill.testkit.broker.TestBroker#faults} give both to the contract suite.
 *
 * <p>Brokers are processes beside the JVM, watched by a guard: when the JVM dies, even by {@code
 * kill -9}, its brokers and their folders go too. They run on Linux and macOS and need {@code
 * bash}; the script {@code testkit/brokers/install} of Waybill's repository installs them.
 */
@NullMarked
package dev.waybill.testkit.broker;

import org.jspecify.annotations.NullMarked;
