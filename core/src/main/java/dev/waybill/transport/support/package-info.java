/** Helpers for transport authors; not needed by applications. */
@NullMarked
package dev.waybill.transport.support;

import org.jspecify.annotations.NullMarked;
