/** What every user of Waybill touches. Begin with {@link dev.waybill.MessageBus}. */
@NullMarked
package dev.waybill;

import org.jspecify.annotations.NullMarked;
