package dev.waybill;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Whoever drops the result of such a method, or of a type's methods, loses something: whether a
 * message was sent, or what was to become of it. Tools that know the annotation by this name, such
 * as Error Prone, report it at compile time, also in lambdas that return nothing.
 */
@Documented
@Retention(RetentionPolicy.CLASS)
@Target({ElementType.METHOD, ElementType.TYPE})
public @interface CheckReturnValue {}
