package dev.waybill.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.LinkedBlockingQueue;

/** A queue of the JDK between threads, with JSON in it: the least that a broker in memory costs. */
final class RawQueue implements Contender {
  private final LinkedBlockingQueue<byte[]> queue = new LinkedBlockingQueue<>();

  @Override
  public String version() {
    return "JDK";
  }

  @Override
  public String sendGuarantee() {
    return "in the queue";
  }

  @Override
  public String receiveGuarantee() {
    return "at most once, no order, no retry";
  }

  @Override
  public String settings() {
    return "LinkedBlockingQueue of JSON, one thread per handler";
  }

  @Override
  public Outlet outlet() {
    return new Outlet() {
      @Override
      public void send(Order order, Runnable confirmed) {
        queue.add(Json.encode(order));
        confirmed.run();
      }

      @Override
      public void close() {}
    };
  }

  @Override
  public Running receive(int handlers, Handler handler) {
    List<Thread> threads = new ArrayList<>();
    for (int i = 0; i < handlers; i++) {
      Thread thread = new Thread(() -> run(handler), "raw-queue");
      thread.setDaemon(true);
      thread.start();
      threads.add(thread);
    }
    return () -> threads.forEach(Thread::interrupt);
  }

  private void run(Handler handler) {
    try {
      while (true) {
        handler.handle(Json.decode(queue.take()));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
