/**
 * What Waybill costs beside the bare client: trials of contenders in JVMs of their own, and what
 * they say together.
 */
@NullMarked
package dev.waybill.bench;

import org.jspecify.annotations.NullMarked;
