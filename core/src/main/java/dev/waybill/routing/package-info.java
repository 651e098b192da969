/** What is sent where: message kinds, channels, subscriptions and the routes of payload types. */
@NullMarked
package dev.waybill.routing;

import org.jspecify.annotations.NullMarked;
