package dev.waybill.cli;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;

/** Words with their numbers. */
final class Words {
  private Words() {}

  /** Why a file can't be had: the exceptions for the usual reasons say no more than its name. */
  static String why(IOException e) {
    if (e instanceof NoSuchFileException) {
      return "there is no such file.";
    }
    if (e instanceof AccessDeniedException) {
      return "access is denied.";
    }
    return String.valueOf(e.getMessage());
  }

  static String deadLetters(int count) {
    return count == 1 ? "1 dead letter" : count + " dead letters";
  }
}
