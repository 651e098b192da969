package dev.waybill.transport.rabbitmq;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The permissions that the documentation of this transport says are needed.
 *
 * @param role what an application does
 * @param always what that takes
 * @param toCreate what it takes as well to make what is missing
 */
record Rights(String role, List<Right> always, List<Right> toCreate) {
  private static final Path PAGE = Path.of("../docs/transports/rabbitmq.md");
  private static final String HEAD = "| an application that … | needs | with `CREATE` also |";
  private static final Pattern RIGHT = Pattern.compile("`(configure|write|read) ([\\w.*-]+)`");

  /**
   * One of them.
   *
   * @param operation configure, write or read
   * @param name of what it is for, as the documentation's example has it
   */
  record Right(String operation, String name) {
    /** {@code orders.billing} becomes {@code orders-1.billing-1}. */
    String unique(String suffix) {
      return name.replaceAll("(payments|orders|billing|shop|waybill.delay)", "$1" + suffix);
    }

    private String expression(String suffix) {
      return Pattern.quote(unique(suffix)).replace("*", "\\E.*\\Q");
    }

    @Override
    public String toString() {
      return operation + " " + name;
    }
  }

  /** All rows of the table. */
  static List<Rights> documented() {
    List<String> lines;
    try {
      lines = Files.readAllLines(PAGE);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    int first = lines.indexOf(HEAD) + 2;
    List<Rights> all = new ArrayList<>();
    for (String row : lines.subList(first, lines.size())) {
      if (!row.startsWith("|")) {
        break;
      }
      String[] cells = row.split("\\|", -1);
      all.add(new Rights(cells[1].strip(), in(cells[2]), in(cells[3])));
    }
    return all;
  }

  /** The expression that matches what {@code rights} allow to do by one operation. */
  static String expression(List<Right> rights, String operation, String suffix) {
    return rights.stream()
        .filter(right -> right.operation().equals(operation))
        .map(right -> right.expression(suffix))
        .collect(Collectors.joining("|", "^(", ")$"));
  }

  private static List<Right> in(String cell) {
    List<Right> rights = new ArrayList<>();
    Matcher matcher = RIGHT.matcher(cell);
    while (matcher.find()) {
      rights.add(new Right(matcher.group(1), matcher.group(2)));
    }
    return rights;
  }
}
