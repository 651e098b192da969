/** How payloads become bytes and back; type names come from the routes alone. */
@NullMarked
package dev.waybill.serialization;

import org.jspecify.annotations.NullMarked;
