package dev.waybill.examples.wrong;

import static org.assertj.core.api.Assertions.assertThat;

import dev.waybill.MessageBus;
import java.net.URI;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import javax.tools.Diagnostic;
import javax.tools.DiagnosticCollector;
import javax.tools.JavaCompiler;
import javax.tools.JavaFileObject;
import javax.tools.SimpleJavaFileObject;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The compiler knows which verb takes which envelope. */
class KindsAtCompileTimeTest {
  @TempDir private Path classes;

  @ParameterizedTest
  @CsvSource({"send, Command", "publish, Event", "transfer, Document"})
  void the_right_verb_compiles(String verb, String kind) throws Exception {
    assertThat(errors("MessageBus", verb, kind)).isEmpty();
    assertThat(errors("HandlerContext", verb, kind)).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "send, Event", "send, Document", "send, Envelope",
    "publish, Command", "publish, Document", "publish, Envelope",
    "transfer, Command", "transfer, Event", "transfer, Envelope"
  })
  void a_wrong_verb_does_not_compile(String verb, String kind) throws Exception {
    String noSuchMethod = "compiler.err.cant.apply.symbols";
    assertThat(errors("MessageBus", verb, kind)).containsExactly(noSuchMethod);
    assertThat(errors("HandlerContext", verb, kind)).containsExactly(noSuchMethod);
  }

  private List<String> errors(String sender, String verb, String kind) throws Exception {
    String source =
        """
        class Sends {
          void it(dev.waybill.%s sender, dev.waybill.%s<String> message) {
            sender.%s(message);
          }
        }
        """
            .formatted(sender, kind, verb);
    DiagnosticCollector<JavaFileObject> said = new DiagnosticCollector<>();
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, Locale.ROOT, null)) {
      List<String> options =
          List.of("-proc:none", "-d", classes.toString(), "-classpath", core().toString());
      compiler.getTask(null, files, said, options, null, List.of(file(source))).call();
    }
    return said.getDiagnostics().stream()
        .filter(diagnostic -> diagnostic.getKind() == Diagnostic.Kind.ERROR)
        .map(Diagnostic::getCode)
        .toList();
  }

  private static Path core() throws Exception {
    return Path.of(MessageBus.class.getProtectionDomain().getCodeSource().getLocation().toURI());
  }

  private static JavaFileObject file(String source) {
    return new SimpleJavaFileObject(
        URI.create("string:///Sends.java"), JavaFileObject.Kind.SOURCE) {
      @Override
      public CharSequence getCharContent(boolean ignoreEncodingErrors) {
        return source;
      }
    };
  }
}
