package dev.waybill.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What a bench is about as bars, a chart per bench: the median, and a line from lowest to highest.
 */
record Charts(List<Row> rows) {
  private static final int WIDTH = 640;
  private static final int LEFT = 190;
  private static final int BAR = 26;
  private static final int TOP = 40;

  /** Writes {@code <part>-<bench>.svg} for each bench. */
  void write(Path folder) throws IOException {
    for (String bench : rows.stream().map(Row::bench).distinct().toList()) {
      String part = rows.get(0).part();
      Files.writeString(folder.resolve(part + "-" + bench + ".svg"), svg(part, bench));
    }
  }

  private String svg(String part, String bench) {
    Bench kind = Bench.of(bench);
    List<Row> own =
        rows.stream().filter(row -> row.bench().equals(bench) && !row.isWithoutFigures()).toList();
    List<String> contenders = own.stream().map(Row::contender).distinct().toList();
    double highest = own.stream().mapToDouble(kind::figure).max().orElse(1);
    double scale = (WIDTH - LEFT - 100) / highest;
    StringBuilder svg = new StringBuilder();
    int height = TOP + contenders.size() * (BAR + 14);
    svg.append(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"13\">%n"
            .formatted(WIDTH, height));
    svg.append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
    svg.append(
        "<text x=\"8\" y=\"20\" font-weight=\"bold\">%s, %s: %s</text>%n"
            .formatted(part, bench, kind.unit()));
    for (int i = 0; i < contenders.size(); i++) {
      String contender = contenders.get(i);
      double[] values =
          own.stream()
              .filter(row -> row.contender().equals(contender))
              .mapToDouble(kind::figure)
              .sorted()
              .toArray();
      svg.append(bar(contender, values, scale, TOP + i * (BAR + 14)));
    }
    return svg.append("</svg>\n").toString();
  }

  private static String bar(String contender, double[] values, double scale, int y) {
    double median = Report.median(values);
    double highest = values[values.length - 1];
    return String.format(
        Locale.ROOT,
        "<text x=\"8\" y=\"%d\">%s</text>%n"
            + "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#4a7ebb\"/>%n"
            + "<path d=\"M%.1f %d H%.1f\" stroke=\"black\"/>%n"
            + "<text x=\"%.1f\" y=\"%d\">%,.0f</text>%n",
        y + 18,
        contender,
        LEFT,
        y,
        median * scale,
        BAR,
        LEFT + values[0] * scale,
        y + BAR / 2,
        LEFT + highest * scale,
        LEFT + highest * scale + 6,
        y + 18,
        median);
  }
}
