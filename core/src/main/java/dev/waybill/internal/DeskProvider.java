package dev.waybill.internal;

import dev.waybill.deadletter.DeadLetterDesk;
import dev.waybill.routing.Source;
import dev.waybill.transport.Transport;
import java.time.Duration;
import java.util.Collection;

/** The service through which the API finds its implementation. */
public final class DeskProvider implements DeadLetterDesk.Provider {
  @Override
  public DeadLetterDesk open(
      Transport transport, Collection<? extends Source> sources, Duration connectTimeout) {
    return OpenDesk.open(transport, sources, connectTimeout);
  }
}
