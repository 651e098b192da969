package dev.waybill.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a bench is about as bars, a chart per bench: the median, and a line from lowest to highest.
 */
record Charts(List<Row> rows) {
  private static final int WIDTH = 640;
  private static final int LEFT = 230;
  private static final int BAR = 26;
  private static final int TOP = 40;

  /** A line of a chart. */
  record Bar(String label, double lowest, double median, double highest) {}

  /** Writes {@code <part>-<bench>.svg} for each bench. */
  void write(Path folder) throws IOException {
    String part = rows.get(0).part();
    for (String bench : rows.stream().map(Row::bench).distinct().toList()) {
      Bench kind = Bench.of(bench);
      List<Row> own =
          rows.stream()
              .filter(row -> row.bench().equals(bench) && !row.isWithoutFigures())
              .toList();
      List<Bar> bars = new ArrayList<>();
      for (String subject : own.stream().map(Row::subject).distinct().toList()) {
        double[] values =
            own.stream()
                .filter(row -> row.subject().equals(subject))
                .mapToDouble(kind::figure)
                .sorted()
                .toArray();
        bars.add(new Bar(subject, values[0], Report.median(values), values[values.length - 1]));
      }
      String title = "%s, %s: %s".formatted(part, bench, kind.unit());
      Files.writeString(folder.resolve(part + "-" + bench + ".svg"), svg(title, "%,.0f", bars));
    }
  }

  /** A chart. */
  static String svg(String title, String format, List<Bar> bars) {
    double highest = bars.stream().mapToDouble(Bar::highest).max().orElse(1);
    double scale = (WIDTH - LEFT - 100) / highest;
    StringBuilder svg = new StringBuilder();
    int height = TOP + bars.size() * (BAR + 14);
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">\n"
            .formatted(WIDTH, height));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    svg.append("<text x=\"8\" y=\"20\" font-weight=\"bold\">%s</text>\n".formatted(title));
    for (int i = 0; i < bars.size(); i++) {
      svg.append(bar(bars.get(i), format, scale, TOP + i * (BAR + 14)));
    }
    return svg.append("</svg>\n").toString();
  }

  private static String bar(Bar bar, String format, double scale, int y) {
    return String.format(
        Locale.ROOT,
        "<text x=\"8\" y=\"%d\">%s</text>\n"
            + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#4a7ebb\"/>\n"
            + "<path d=\"M%.1f %d H%.1f\" stroke=\"black\"/>\n"
            + "<text x=\"%.1f\" y=\"%d\">"
            + format
            + "</text>\n",
        y + 18,
        bar.label,
        LEFT,
        y,
        bar.median * scale,
        BAR,
        LEFT + bar.lowest * scale,
        y + BAR / 2,
        LEFT + bar.highest * scale,
        LEFT + bar.highest * scale + 6,
        y + 18,
        bar.median);
  }
}
