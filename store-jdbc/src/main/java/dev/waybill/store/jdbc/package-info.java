/**
 * Stores of messages in an application's own database: what was handled, and what is to be sent.
 */
@NullMarked
package dev.waybill.store.jdbc;

import org.jspecify.annotations.NullMarked;
