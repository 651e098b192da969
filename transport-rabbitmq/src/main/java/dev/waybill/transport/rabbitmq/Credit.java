package dev.waybill.transport.rabbitmq;

/** How many more deliveries of a receiver may be open. Used in the receiver's mailbox only. */
final class Credit {
  private int free;

  Credit(int free) {
    this.free = free;
  }

  boolean isLeft() {
    return free > 0;
  }

  void take() {
    free--;
  }

  void giveBack(int count) {
    free += count;
  }
}
