package dev.waybill.internal;

import dev.waybill.routing.Source;
import dev.waybill.transport.Capabilities;
import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Transport;
import java.util.List;

/** Holds what is asked for against what the transport refuses. */
record CapabilityCheck(Transport transport, List<String> problems) {
  /** Notes a problem if {@code feature}, which {@code who} needs, is refused. */
  void needs(boolean keyed, Feature feature, String who) {
    needs(transport.capabilities(keyed), feature, who);
  }

  /** The same for what is received from a source. */
  void needs(Source source, Feature feature, String who) {
    needs(transport.capabilities(source), feature, who);
  }

  private void needs(Capabilities capabilities, Feature feature, String who) {
    Capabilities.Support support = capabilities.support(feature);
    if (support.level() == Capabilities.Level.REFUSED) {
      problems.add(
          "%s needs %s, which %s refuses: %s"
              .formatted(who, feature, transport.name(), support.note()));
    }
  }
}
