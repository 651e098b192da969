package dev.waybill.bench;

import com.sun.management.OperatingSystemMXBean;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalDate;
import java.time.ZoneOffset;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * What the trials of a run have in common, in words; empty in a row that is not of a run.
 *
 * @param date on which it was, in UTC
 * @param machine that broker and client share
 * @param broker its version and nodes
 * @param mode how thorough it was
 * @param jvm the options of each trial's JVM
 */
record Conditions(String date, String machine, String broker, String mode, String jvm) {
  static final Conditions NONE = new Conditions("", "", "", "", "");
  private static final Path PROCESSORS = Path.of("/proc/cpuinfo");
  private static final double GIBIBYTE = 1024.0 * 1024 * 1024;

  /** Those of here and now. */
  static Conditions now(String broker, Size.Mode mode, String jvm) {
    var system = (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    String machine =
        "%d cores%s, %d GiB, %s %s"
            .formatted(
                system.getAvailableProcessors(),
                processor(),
                Math.round(system.getTotalMemorySize() / GIBIBYTE),
                System.getProperty("os.name"),
                System.getProperty("os.arch"));
    return new Conditions(
        LocalDate.now(ZoneOffset.UTC).toString(),
        machine,
        broker,
        mode.name().toLowerCase(Locale.ROOT),
        jvm);
  }

  /** Its model, where the system tells it in a file. */
  private static String processor() {
    if (!Files.isReadable(PROCESSORS)) {
      return "";
    }
    try (Stream<String> lines = Files.lines(PROCESSORS)) {
      return lines
          .filter(line -> line.startsWith("model name"))
          .findFirst()
          .map(line -> " of " + line.substring(line.indexOf(':') + 1).strip())
          .orElse("");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
