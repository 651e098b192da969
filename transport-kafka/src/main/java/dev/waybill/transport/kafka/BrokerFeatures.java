package dev.waybill.transport.kafka;

import java.util.Map;
import org.apache.kafka.clients.admin.FinalizedVersionRange;

/**
 * What a cluster says of itself. Brokers do not give their release; their metadata level tells as
 * much.
 *
 * @param inWords for people
 * @param shareGroups whether share groups are enabled
 */
record BrokerFeatures(String inWords, boolean shareGroups) {
  static final BrokerFeatures UNKNOWN = new BrokerFeatures("unknown", false);

  static BrokerFeatures of(Map<String, FinalizedVersionRange> finalized) {
    FinalizedVersionRange level = finalized.get("metadata.version");
    FinalizedVersionRange share = finalized.get("share.version");
    int shareVersion = share == null ? 0 : share.maxVersionLevel();
    String inWords =
        level == null
            ? UNKNOWN.inWords()
            : "Apache Kafka with metadata.version %d, share.version %d"
                .formatted(level.maxVersionLevel(), shareVersion);
    return new BrokerFeatures(inWords, shareVersion > 0);
  }
}
