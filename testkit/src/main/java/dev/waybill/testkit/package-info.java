/** The contract suite that a transport has to pass, and what tests of Waybill need besides. */
@NullMarked
package dev.waybill.testkit;

import org.jspecify.annotations.NullMarked;
