package dev.waybill.internal;

import java.util.concurrent.CompletionStage;

/** A pipeline whose given-up messages tell their requesters, if they have any. */
record FaultReplying(Pipeline pipeline, Replies replies, boolean together) implements Pipeline {
  @Override
  public CompletionStage<Resolution> handle(Work work) {
    CompletionStage<Resolution> handled = pipeline.handle(work);
    return handled == IncomingPipeline.ACKNOWLEDGED
        ? handled // nothing was given up
        : handled.thenApply(resolution -> replies.withFault(work, resolution, together));
  }

  @Override
  public void decided(Work work, Resolution resolution) {
    pipeline.decided(work, resolution);
  }
}
