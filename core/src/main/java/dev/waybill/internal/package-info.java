/**
 * How the library works inside; not exported.
 *
 * <pre>
 * send(command)                                3 rooms
 *   MessageBus          typed verb
 *   OutgoingPipeline    route, interceptors, stamp metadata, encode, check limits
 *   Sender              native send -> SendReceipt                          (transport)
 *
 * broker -> handler -> settled                 4 rooms
 *   Receiver            native record -> Delivery, within the granted credit (transport)
 *   Dispatcher          one lane per key, concurrency limit
 *   IncomingPipeline    expired? decode, interceptors, handler -> Outcome; exception -> FailurePolicy
 *   Settler             Outcome -> Settlement, once, in one method
 *
 * request(command)                             a send, then the way back
 *   Requests            reply address, expiry, who waits
 *   Replies             at the other side: a handler's reply, or the fault of what was given up
 *   ReplyPipeline       accept, find the request, decode, complete it
 * </pre>
 */
@NullMarked
package dev.waybill.internal;

import org.jspecify.annotations.NullMarked;
