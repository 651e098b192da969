package dev.waybill.examples.orderflow;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import java.io.IOException;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Routes and handlers depend on core alone, and name no broker. */
class NoBrokerInSightTest {
  private static final Path SOURCES = Path.of("src/main/java/dev/waybill/examples/orderflow");

  @Test
  void routes_and_handlers_compile_against_core_alone(@TempDir Path classes) throws Exception {
    String core =
        Path.of(MessageBus.class.getProtectionDomain().getCodeSource().getLocation().toURI())
            .toString();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    StringWriter problems = new StringWriter();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null)) {
      boolean compiled =
          compiler
              .getTask(
                  problems,
                  files,
                  null,
                  List.of("-d", classes.toString(), "-classpath", core, "-proc:none"),
                  null,
                  files.getJavaFileObjects(
                      SOURCES.resolve("OrderFlow.java"), SOURCES.resolve("History.java")))
              .call();
      assertThat(compiled).as("%s", problems).isTrue();
    }
  }

  @Test
  void routes_and_handlers_name_no_broker() throws IOException {
    String source = Files.readString(SOURCES.resolve("OrderFlow.java")).toLowerCase(Locale.ROOT);
    assertThat(source)
        .doesNotContain("kafka", "rabbit", "amqp", "aws", "sqs", "sns", "memory", "transport");
  }
}
