package dev.waybill.error;

/**
 * A request was handled elsewhere, and failed there for good: its handler threw, or decided so. The
 * failure is told by name only; nothing of it is loaded here.
 */
public final class RequestFailedException extends MessagingException {
  private static final long serialVersionUID = 1L;

  private final String failureType;
  private final String failureMessage;

  /**
   * A failure that came as the reply to a request; its message has all three.
   *
   * @param request which request it was, and where it went
   * @param failureType the class name of the exception there, or the reason's kind
   * @param failureMessage what it said
   */
  public RequestFailedException(String request, String failureType, String failureMessage) {
    super(
        ErrorCode.REQUEST_FAILED,
        "%s failed there (%s): %s".formatted(request, failureType, failureMessage));
    this.failureType = failureType;
    this.failureMessage = failureMessage;
  }

  /** The class name of the exception that the handler threw, or the reason's kind. */
  public String failureType() {
    return failureType;
  }

  /** What the exception there said, or the reason, in its own words alone. */
  public String failureMessage() {
    return failureMessage;
  }
}
