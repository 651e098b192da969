package dev.waybill.transport.kafka.chaos;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * What a process does, line by line, in a file that outlives it: a line that is written when the
 * process is killed is there.
 */
final class Journal {
  /** What there is to tell of a charge. */
  enum What {
    /** A handler begins. */
    BEGUN,
    /** A handler returns. */
    DONE
  }

  /** A line: when, in microseconds of the clock that all processes share. */
  record Line(long micros, What what, String account, int number) {}

  private final FileChannel file;

  Journal(Path file) throws IOException {
    this.file = FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
  }

  synchronized void note(What what, String account, int number) {
    long micros = ChronoUnit.MICROS.between(Instant.EPOCH, Instant.now());
    String line = "%d %s %s %d\n".formatted(micros, what, account, number);
    try {
      ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(UTF_8));
      while (bytes.hasRemaining()) {
        file.write(bytes);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The lines of all journals in the order of time; without a last one that is cut. */
  static List<Line> read(List<Path> files) throws IOException {
    List<Line> lines = new ArrayList<>();
    for (Path file : files) {
      String text = Files.readString(file);
      text.substring(0, text.lastIndexOf('\n') + 1).lines().map(Journal::parse).forEach(lines::add);
    }
    lines.sort(Comparator.comparingLong(Line::micros));
    return lines;
  }

  private static Line parse(String line) {
    String[] parts = line.split(" ", -1);
    return new Line(
        Long.parseLong(parts[0]), What.valueOf(parts[1]), parts[2], Integer.parseInt(parts[3]));
  }
}
