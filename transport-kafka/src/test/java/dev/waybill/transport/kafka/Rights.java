package dev.waybill.transport.kafka;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.common.acl.AclBinding;
import org.apache.kafka.common.acl.AclOperation;
import org.apache.kafka.common.resource.PatternType;
import org.apache.kafka.common.resource.ResourcePattern;
import org.apache.kafka.common.resource.ResourceType;

/**
 * The rights that the documentation of this transport says are needed.
 *
 * @param role what an application does
 * @param always what that takes
 * @param toVerify what it takes as well to compare what is there
 * @param toCreate what it takes as well to make what is missing, and compare the rest
 */
record Rights(String role, List<Right> always, List<Right> toVerify, List<Right> toCreate) {
  private static final Path PAGE = Path.of("../docs/transports/kafka.md");
  private static final String HEAD =
      "| an application that … | needs | with `VERIFY` also | with `CREATE` also |";
  private static final Pattern RIGHT =
      Pattern.compile("`(\\w+) (Topic|Group|TransactionalId) ([\\w.*-]+)`");

  /**
   * One of them.
   *
   * @param operation as the documentation and the errors name it
   * @param name of the topic or group, as the documentation's example has it; with a star at its
   *     end of all whose names begin so
   */
  record Right(String operation, ResourceType type, String name) {
    /** With the example's names made unique. */
    AclBinding of(String principal, String suffix) {
      return SecuredKafka.acl(
          principal,
          AclOperation.fromString(constant(operation)),
          new ResourcePattern(
              type,
              unique(suffix),
              name.endsWith("*") ? PatternType.PREFIXED : PatternType.LITERAL));
    }

    /** {@code orders.billing} becomes {@code orders-1.billing-1}. */
    String unique(String suffix) {
      return name.replace("*", "").replaceAll("(payments|orders|billing|shop)", "$1" + suffix);
    }

    @Override
    public String toString() {
      return operation + " " + type + " " + name;
    }
  }

  /** All rows of the table. */
  static List<Rights> documented() throws IOException {
    List<String> lines = Files.readAllLines(PAGE);
    int first = lines.indexOf(HEAD) + 2;
    List<Rights> all = new ArrayList<>();
    for (String row : lines.subList(first, lines.size())) {
      if (!row.startsWith("|")) {
        break;
      }
      String[] cells = row.split("\\|", -1);
      all.add(new Rights(cells[1].strip(), in(cells[2]), in(cells[3]), in(cells[4])));
    }
    return all;
  }

  private static List<Right> in(String cell) {
    List<Right> rights = new ArrayList<>();
    Matcher matcher = RIGHT.matcher(cell);
    while (matcher.find()) {
      rights.add(
          new Right(
              matcher.group(1),
              ResourceType.fromString(constant(matcher.group(2))),
              matcher.group(3)));
    }
    return rights;
  }

  /** {@code DescribeConfigs} becomes {@code Describe_Configs}. */
  private static String constant(String words) {
    return words.replaceAll("([a-z])([A-Z])", "$1_$2");
  }
}
