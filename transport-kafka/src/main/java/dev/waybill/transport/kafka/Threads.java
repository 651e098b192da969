package dev.waybill.transport.kafka;

import java.util.concurrent.ThreadFactory;

/** Makes daemon threads. */
final class Threads {
  private Threads() {}

  static ThreadFactory named(String name) {
    return work -> daemon(name, work);
  }

  static Thread daemon(String name, Runnable work) {
    Thread thread = new Thread(work, name);
    thread.setDaemon(true);
    return thread;
  }
}
