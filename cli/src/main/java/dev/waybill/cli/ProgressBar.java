package dev.waybill.cli;

import dev.waybill.deadletter.DeadLetterBatch;

/** Shows how far it is, where somebody looks. */
final class ProgressBar implements DeadLetterBatch.Progress {
  private static final int WIDTH = 30;

  private final Terminal terminal;
  private final int of;
  private int count;
  private int shown = -1;

  ProgressBar(Terminal terminal, int of) {
    this.terminal = terminal;
    this.of = of;
  }

  @Override
  public void settled(int settled) {
    count = settled;
    int percent = of == 0 ? 100 : (int) (100L * settled / of);
    if (terminal.interactive() && percent != shown) {
      shown = percent;
      int done = WIDTH * percent / 100;
      terminal
          .err()
          .print(
              "\r[%s%s] %3d%% %d/%d"
                  .formatted("#".repeat(done), ".".repeat(WIDTH - done), percent, settled, of));
      terminal.err().flush();
    }
  }

  int count() {
    return count;
  }

  /** Leaves the line. */
  void end() {
    if (shown >= 0) {
      terminal.err().println();
    }
  }
}
