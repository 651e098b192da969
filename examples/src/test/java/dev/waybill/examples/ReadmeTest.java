package dev.waybill.examples;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** What a reader copies from the README is compiled and runs. */
class ReadmeTest {
  private static final Path PROGRAM =
      Path.of("src/main/java/dev/waybill/examples/FirstProgram.java");

  @Test
  void the_program_of_the_readme_is_the_one_that_is_compiled() throws IOException {
    String readme = Files.readString(Path.of("../README.md"));
    assertThat(readme).contains(region("contracts", 2)).contains(region("program", 4));
  }

  @Test
  void the_program_of_the_readme_runs_to_its_end() throws Exception {
    FirstProgram.main(new String[0]);
  }

  private static String region(String name, int indent) throws IOException {
    String source = Files.readString(PROGRAM);
    String begin = "// tag::" + name + "[]\n";
    int from = source.indexOf(begin) + begin.length();
    String region =
        source.substring(from, source.lastIndexOf('\n', source.indexOf("// end::" + name)) + 1);
    return region.replaceAll("(?m)^ {" + indent + "}", "").strip();
  }
}
