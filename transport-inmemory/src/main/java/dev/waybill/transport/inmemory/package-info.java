/**
 * A broker within the JVM, and the transport to it: the embedded default, and the reference for
 * authors of transports. Everything the contract asks for is native here, and nothing survives the
 * process.
 *
 * <p><b>To read it in one sitting:</b> {@link
 * dev.waybill.transport.inmemory.InMemoryTransport#connect} makes a {@code MemoryConnection}, which
 * prepares the topology ({@code TopologyPreparation}), sends ({@code MemorySender}) and receives
 * ({@code MemoryReceiver}, one thread each). All messages stand in {@code MessageQueue}s, one for
 * each queue and each subscription, in the order that {@code Backlog} keeps; a queue's state
 * changes only under its own lock, and nobody outside is called with the lock held. What a receiver
 * has taken is its {@code Intake}; each {@code MemoryDelivery} is one attempt, so a late settlement
 * is known by the delivery it comes through.
 *
 * <p><b>Time.</b> There is no timer thread. What becomes due (delays, retry waits, leases) belongs
 * to a queue; whoever works on the queue next first does what is due, and idle receivers sleep just
 * until then. With a {@link dev.waybill.transport.inmemory.VirtualClock} they sleep until the clock
 * is advanced.
 *
 * <p><b>Like others, and failing.</b> A {@link dev.waybill.transport.inmemory.Profile} is a value
 * of capabilities, and a {@code Conduct} does what they say; {@link
 * dev.waybill.transport.inmemory.Faults} is asked before sends, settlements and deliveries.
 */
@NullMarked
package dev.waybill.transport.inmemory;

import org.jspecify.annotations.NullMarked;
