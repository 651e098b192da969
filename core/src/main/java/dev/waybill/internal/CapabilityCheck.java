package dev.waybill.internal;

import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Transport;
import java.util.List;

/** Holds what is asked for against what the transport refuses. */
record CapabilityCheck(Transport transport, List<String> problems) {
  /** Notes a problem if {@code feature}, which {@code who} needs, is refused. */
  void needs(boolean keyed, Feature feature, String who) {
    Capabilities.Support support = transport.capabilities(keyed).support(feature);
    if (support.level() == Capabilities.Level.REFUSED) {
      problems.add(
          "%s needs %s, which %s refuses: %s"
              .formatted(who, feature, transport.name(), support.note()));
    }
  }
}
