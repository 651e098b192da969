package dev.waybill.cli;

import java.io.PrintWriter;

/**
 * Where a command writes to.
 *
 * @param out what was asked for
 * @param err what else there is to say
 * @param interactive whether somebody looks at {@code err} while it is written
 */
record Terminal(PrintWriter out, PrintWriter err, boolean interactive) {}
