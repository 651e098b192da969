package dev.waybill.routing;

import java.util.Locale;

/** What a message is meant to be: the three kinds of Enterprise Integration Patterns. */
public enum MessageKind {
  /** Asks one owner to do something; point-to-point. */
  COMMAND("send"),
  /** A fact that happened; publish/subscribe. */
  EVENT("publish"),
  /** Data handed over; point-to-point or publish/subscribe, as its route says. */
  DOCUMENT("transfer");

  private final String verb;
  private final String wireName;

  MessageKind(String verb) {
    this.verb = verb;
    this.wireName = name().toLowerCase(Locale.ROOT);
  }

  /** The bus's verb for this kind: {@code send}, {@code publish} or {@code transfer}. */
  public String verb() {
    return verb;
  }

  /** The kind's name on the wire: {@code command}, {@code event} or {@code document}. */
  public String wireName() {
    return wireName;
  }

  @Override
  public String toString() {
    return wireName();
  }
}
