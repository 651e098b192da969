/**
 * The seam between Waybill and a broker: what a transport's author implements. Ten types, no base
 * classes. Everything portable (routing, encoding, limits, deadlines, retries, lanes per key,
 * expiry, evidence, lease keeping) is the library's; a transport translates and classifies errors.
 *
 * <p><b>The flow.</b> {@link dev.waybill.transport.TransportProvider} makes a {@link
 * dev.waybill.transport.Transport} from a URI. The bus holds its {@link
 * dev.waybill.transport.Capabilities} against the routes, lets it {@link
 * dev.waybill.transport.Transport#check check} the {@link dev.waybill.transport.Topology}, {@link
 * dev.waybill.transport.Transport#connect connects}, {@link
 * dev.waybill.transport.TransportConnection#prepare prepares}, sends {@link
 * dev.waybill.transport.WireMessage}s through the {@link dev.waybill.transport.Sender}, and opens a
 * {@link dev.waybill.transport.Receiver} per source, which hands over {@link
 * dev.waybill.transport.Delivery deliveries}, each ended by one {@link
 * dev.waybill.transport.Settlement}.
 *
 * <p><b>An author's questions.</b>
 *
 * <ul>
 *   <li><i>Who retries?</i> The library retries handlers. A transport retries nothing whose fate is
 *       unknown; it repeats calls that provably did nothing, within the deadline it was given, and
 *       it restores connections for ever, with a backoff, until closed.
 *   <li><i>What may block, and how long?</i> {@code connect}, {@code prepare}, {@code flush},
 *       {@code stop} and {@code close}, each as long as it says. {@code send} only for
 *       back-pressure and never beyond its deadline. {@code settle} and {@code renewLease} never.
 *   <li><i>On which thread?</i> A transport calls {@link dev.waybill.transport.Receiver.Listener}
 *       from one thread of its own at a time per receiver. The library never runs a handler there.
 *       Stages returned by a transport may complete on its threads; the library does not block in
 *       their dependents.
 *   <li><i>Called concurrently?</i> {@code send}, {@code settle}, {@code renewLease}, {@code
 *       isOwned}: yes, from any thread. {@code connect} on a transport: yes. The rest: one call at
 *       a time per object, from any thread, except that {@code close} may come at any time.
 *   <li><i>What is allowed after close?</i> {@code send} fails as rejected with code {@code
 *       CLOSED}; {@code settle} completes as {@code NOT_OWNED}; {@code close} again does nothing;
 *       the rest fails with {@code CLOSED}.
 *   <li><i>Who repeats a settlement together with messages?</i> The transport, as long as nothing
 *       was stored and the delivery is owned; the library only if one of the messages can't be
 *       stored, after its failure policy. An outcome that can't be known is lost ownership.
 *   <li><i>Settled twice?</i> The first settlement counts; see {@link
 *       dev.waybill.transport.Delivery#settle}. A native second acknowledgement is never sent.
 *   <li><i>What if ownership is lost?</i> {@code isOwned} turns false, a late settlement is {@code
 *       NOT_OWNED} and makes no native call. Give each connection or assignment an epoch, and
 *       compare it before each native call.
 *   <li><i>Who owns the arrays?</i> Who hands over a body's array gives it away; nobody changes it
 *       afterwards.
 *   <li><i>Which error?</i> {@link dev.waybill.error.SendException} from {@code send}, else {@link
 *       dev.waybill.error.MessagingException} with the code that fits; the client's exception as
 *       cause; never a credential or a payload in a message.
 *   <li><i>What must not leak?</i> Threads are daemons, named {@code waybill-<transport>-…}, and
 *       gone after {@code close}.
 * </ul>
 *
 * <p>Helpers that several transports share are in {@link dev.waybill.transport.support}.
 */
@NullMarked
package dev.waybill.transport;

import org.jspecify.annotations.NullMarked;
