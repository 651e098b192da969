package dev.waybill.error;

/**
 * A request was handled elsewhere, and failed there for good: its handler threw, or decided so. The
 * failure is told by name only; nothing of it is loaded here.
 */
public final class RequestFailedException extends MessagingException {
  private static final long serialVersionUID = 1L;

  private final String failureType;

  /**
   * A failure that came as the reply to a request.
   *
   * @param failureType the class name of the exception there, or the reason's kind
   * @param message what it said
   */
  public RequestFailedException(String failureType, String message) {
    super(ErrorCode.REQUEST_FAILED, message);
    this.failureType = failureType;
  }

  /** The class name of the exception that the handler threw. */
  public String failureType() {
    return failureType;
  }
}
