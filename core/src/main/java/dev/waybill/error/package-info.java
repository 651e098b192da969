/** What goes wrong, as exceptions with a code and a text that says what to do. */
@NullMarked
package dev.waybill.error;

import org.jspecify.annotations.NullMarked;
