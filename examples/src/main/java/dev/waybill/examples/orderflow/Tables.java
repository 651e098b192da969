package dev.waybill.examples.orderflow;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/** Histories as text. */
final class Tables {
  private Tables() {}

  static String sentence(History.Row row) {
    return "%-13s %-18s by %-27s %s%s"
        .formatted(
            row.order(),
            step(row),
            row.where(),
            row.attempt() > 1 ? "(attempt " + row.attempt() + ") " : "",
            row.detail());
  }

  static String history(List<History.Row> rows) {
    List<List<String>> table = new ArrayList<>();
    table.add(List.of("order", "step", "by", "attempt", "detail"));
    for (History.Row row : rows) {
      table.add(
          List.of(
              row.order(), step(row), row.where(), Integer.toString(row.attempt()), row.detail()));
    }
    return table(table);
  }

  static String sideBySide(Map<String, List<History.Row>> histories) {
    List<List<String>> table = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("order", "step", "attempt", "detail"));
    head.addAll(histories.keySet());
    table.add(head);
    TreeSet<History.Row> all = new TreeSet<>(History.BY_CAUSE);
    histories.values().forEach(all::addAll);
    for (History.Row row : all) {
      List<String> line =
          new ArrayList<>(
              List.of(row.order(), step(row), Integer.toString(row.attempt()), row.detail()));
      for (List<History.Row> history : histories.values()) {
        int times = Collections.frequency(history, row);
        line.add(times == 0 ? "-" : times == 1 ? "x" : Integer.toString(times));
      }
      table.add(line);
    }
    return table(table);
  }

  private static String step(History.Row row) {
    return row.step().name().toLowerCase(Locale.ROOT).replace('_', ' ');
  }

  private static String table(List<List<String>> lines) {
    int[] widths = new int[lines.get(0).size()];
    for (List<String> line : lines) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], line.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (int row = 0; row < lines.size(); row++) {
      for (int i = 0; i < widths.length; i++) {
        text.append(pad(lines.get(row).get(i), widths[i])).append("  ");
      }
      endLine(text);
      if (row == 0) {
        for (int width : widths) {
          text.append("-".repeat(width)).append("  ");
        }
        endLine(text);
      }
    }
    return text.toString();
  }

  private static void endLine(StringBuilder text) {
    int end = text.length();
    while (text.charAt(end - 1) == ' ') {
      end--;
    }
    text.setLength(end);
    text.append('\n');
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(width - text.length());
  }
}
