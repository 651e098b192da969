package dev.waybill.house;

import java.util.ArrayList;
import java.util.List;

/**
 * The lines that differ between two texts, each change under the last line before it that stayed.
 */
final class LineDiff {

  private LineDiff() {}

  static List<String> between(List<String> before, List<String> after) {
    int[][] common = commonFrom(before, after);
    List<String> diff = new ArrayList<>();
    String context = "";
    int i = 0;
    int j = 0;
    while (i < before.size() || j < after.size()) {
      boolean same = i < before.size() && j < after.size() && before.get(i).equals(after.get(j));
      if (same) {
        context = "  " + before.get(i++);
        j++;
        continue;
      }
      if (!context.isEmpty()) {
        diff.add(context);
        context = "";
      }
      if (j == after.size() || (i < before.size() && common[i + 1][j] >= common[i][j + 1])) {
        diff.add("- " + before.get(i++));
      } else {
        diff.add("+ " + after.get(j++));
      }
    }
    return diff;
  }

  /** At [i][j]: how many lines the rests from i and from j have in common, in order. */
  private static int[][] commonFrom(List<String> before, List<String> after) {
    int[][] common = new int[before.size() + 1][after.size() + 1];
    for (int i = before.size() - 1; i >= 0; i--) {
      for (int j = after.size() - 1; j >= 0; j--) {
        common[i][j] =
            before.get(i).equals(after.get(j))
                ? common[i + 1][j + 1] + 1
                : Math.max(common[i + 1][j], common[i][j + 1]);
      }
    }
    return common;
  }
}
