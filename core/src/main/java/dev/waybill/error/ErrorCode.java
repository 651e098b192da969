package dev.waybill.error;

/**
 * What kind of thing went wrong. A program branches on the code; a person reads the message of the
 * {@link MessagingException} that carries it.
 *
 * <p>{@link #isTransient()} says whether the same call may succeed later without a change by a
 * person.
 */
public enum ErrorCode {
  /**
   * The configuration contradicts itself or the transport; raised before anything runs: by a
   * transport's URI or builder, or at the start.
   */
  CONFIGURATION(false),
  /** No transport on the class path serves the URI's scheme. */
  TRANSPORT_NOT_FOUND(false),
  /** The broker could not be reached, or the connection to it was lost. */
  CONNECTION_FAILED(true),
  /** The broker refused the credentials. */
  NOT_AUTHENTICATED(false),
  /** The credentials are good, but lack a permission. */
  NOT_AUTHORISED(false),
  /** The channel, or something it needs, does not exist on the broker. */
  NOT_FOUND(false),
  /** What stands on the broker differs from what the routes need. */
  TOPOLOGY_MISMATCH(false),
  /** No route is defined for the payload's type. */
  NO_ROUTE(false),
  /** The verb does not fit the route: an event was sent, a command published. */
  WRONG_KIND(false),
  /** Metadata or payload that can't be put on the wire. */
  INVALID_MESSAGE(false),
  /** A body or the headers are over a limit. */
  TOO_LARGE(false),
  /** The broker took the message but has no queue for it. */
  UNROUTABLE(false),
  /** The message's body or headers can't be decoded. */
  UNDECODABLE(false),
  /** The message's type name is not one of the routes'. */
  UNKNOWN_TYPE(false),
  /** The broker asks for a slower pace. */
  THROTTLED(true),
  /** No answer within the deadline. */
  TIMEOUT(true),
  /** A request was handled, and its handler failed for good. */
  REQUEST_FAILED(false),
  /** A store of handled messages, or of those to be sent, could not be used. */
  STORE_FAILED(true),
  /** The bus, the connection or the transport is closed. */
  CLOSED(false),
  /** The transport refuses what was asked for; see its capabilities. */
  UNSUPPORTED(false),
  /** The broker answered with an error that may pass. */
  BROKER_UNAVAILABLE(true),
  /** The broker answered with an error that will not pass by itself. */
  BROKER_ERROR(false);

  private final boolean transientError;

  ErrorCode(boolean transientError) {
    this.transientError = transientError;
  }

  /** Whether the same call may succeed later without a change by a person. */
  public boolean isTransient() {
    return transientError;
  }
}
