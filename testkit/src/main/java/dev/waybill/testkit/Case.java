package dev.waybill.testkit;

import dev.waybill.transport.Capabilities.Feature;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A case of the contract. What it needs decides what the report says when it passes: natively
 * passed, emulated, or, where the transport refuses it, that the refusal is as declared.
 */
@Target(ElementType.METHOD)
@Retention(RetentionPolicy.RUNTIME)
@interface Case {
  /** The case's number in the suite: {@code "A1"}. */
  String value();

  /** The features that the case is about. */
  Feature[] needs() default {};

  /** Whether the features are asked of keyed channels. */
  boolean keyed() default false;

  /** Whether it stops the broker or looks at the whole process, so that no other may run then. */
  boolean alone() default false;
}
