package dev.waybill.testkit.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The page for authors shows the transport that {@link FileContractTest} tests, all of it. */
class WritingATransportTest {
  private static final Path PAGE = Path.of("../docs/writing-a-transport.md");
  private static final Path SOURCES = Path.of("src/test/java/dev/waybill/testkit/files");

  /** A block of code whose fence names what it shows: {@code ```java FileTransport#sender}. */
  private static final Pattern SHOWN = Pattern.compile("(?s)(```java (\\w+)#(\\w+)\\n)(.*?)```\\n");

  private static final Pattern TAG = Pattern.compile("// tag::(\\w+)\\[\\]");

  @Test
  void the_code_on_the_page_is_the_code_that_is_tested() throws IOException {
    String page = Files.readString(PAGE);
    String upToDate = SHOWN.matcher(page).replaceAll(WritingATransportTest::asInTheSource);
    if (Boolean.getBoolean("page.update")) {
      Files.writeString(PAGE, upToDate);
      return;
    }
    assertThat(page)
        .as(
            "the page is out of date; this writes its code anew: ./mvnw -pl testkit -am test -Dtest=WritingATransportTest -Dpage.update=true -Dsurefire.failIfNoSpecifiedTests=false")
        .isEqualTo(upToDate);
  }

  @Test
  void no_part_of_the_transport_is_left_out() throws IOException {
    String page = Files.readString(PAGE);
    assertThat(tagsOf("FileTransport"))
        .isNotEmpty()
        .allSatisfy(tag -> assertThat(page).contains("```java FileTransport#" + tag + "\n"));
  }

  private static Stream<String> tagsOf(String type) throws IOException {
    return TAG.matcher(source(type)).results().map(tag -> tag.group(1));
  }

  private static String asInTheSource(MatchResult shown) {
    return Matcher.quoteReplacement(
        shown.group(1) + region(shown.group(2), shown.group(3)) + "\n```\n");
  }

  private static String region(String type, String name) {
    String source = source(type);
    int begin = source.indexOf("// tag::" + name + "[]\n");
    int end = source.indexOf("// end::" + name + "[]");
    assertThat(begin).as("the tag %s of %s", name, type).isBetween(0, end);
    String region = source.substring(source.indexOf('\n', begin) + 1, end);
    return region.stripTrailing().stripIndent().strip();
  }

  private static String source(String type) {
    try {
      return Files.readString(SOURCES.resolve(type + ".java"));
    } catch (IOException e) {
      throw new UncheckedIOException("there is no source of " + type, e);
    }
  }
}
