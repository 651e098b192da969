/**
 * The dead-letter desk: looks at dead letters without taking them, puts them back to the queue or
 * subscription that they came from, edits and discards them.
 */
@NullMarked
package dev.waybill.deadletter;

import org.jspecify.annotations.NullMarked;
