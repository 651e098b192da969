package dev.waybill.internal;

import java.util.concurrent.CompletionStage;

/** Handles one message to a resolution; the dispatcher's view of {@link IncomingPipeline}. */
interface Pipeline {
  /** Makes one attempt. Never throws; the stage never fails. */
  CompletionStage<Resolution> handle(Work work);

  /**
   * What becomes of a message is decided, and about to be carried out, or stored already if that
   * decides. Never throws.
   */
  default void decided(Work work, Resolution resolution) {}
}
