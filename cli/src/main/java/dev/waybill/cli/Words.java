package dev.waybill.cli;

/** Words with their numbers. */
final class Words {
  private Words() {}

  static String deadLetters(int count) {
    return count == 1 ? "1 dead letter" : count + " dead letters";
  }
}
