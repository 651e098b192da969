/** The command {@code waybill}. */
@NullMarked
package dev.waybill.cli;

import org.jspecify.annotations.NullMarked;
