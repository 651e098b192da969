/** What is promised of a delivery: guarantee, and what happens when a handler fails. */
@NullMarked
package dev.waybill.delivery;

import org.jspecify.annotations.NullMarked;
