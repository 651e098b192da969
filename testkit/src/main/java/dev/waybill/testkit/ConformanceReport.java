package dev.waybill.testkit;

import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Transport;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestWatcher;

/**
 * Keeps what became of each case, and writes it down when a suite ends. Each case of the suite has
 * a row: one that was not run to its end, for whatever reason, has failed.
 */
final class ConformanceReport
    implements BeforeEachCallback, AfterTestExecutionCallback, TestWatcher, AfterAllCallback {
  /** What became of a case. */
  enum Status {
    PASSED,
    EMULATED,
    REFUSED,
    FAILED
  }

  /**
   * A case in the report.
   *
   * @param id the case's number
   * @param name the case as a sentence
   * @param reason by what means it is emulated, why it is refused, or how it failed; else empty
   */
  record Row(String id, String name, Status status, String reason) {}

  private static final Namespace HERE = Namespace.create(ConformanceReport.class);

  /** The reports of this JVM by name. */
  private static final Map<String, ReportFile> FILES = new ConcurrentHashMap<>();

  /** What became of the cases of one class; the file is known once a case has got that far. */
  private static final class Run {
    private final List<Row> rows = new CopyOnWriteArrayList<>();
    private volatile @Nullable ReportFile file;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    ContractSupport suite = (ContractSupport) context.getRequiredTestInstance();
    if (!suite.reportName().isEmpty()) {
      runOf(context).file = fileOf(suite);
    }
  }

  @Override
  public void afterTestExecution(ExtensionContext context) {
    ContractSupport suite = (ContractSupport) context.getRequiredTestInstance();
    context.getStore(HERE).put("verdict", verdict(context, suite));
  }

  @Override
  public void testSuccessful(ExtensionContext context) {
    runOf(context).rows.add(context.getStore(HERE).get("verdict", Row.class));
  }

  @Override
  public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
    failed(context, String.valueOf(cause));
  }

  @Override
  public void testAborted(ExtensionContext context, @Nullable Throwable cause) {
    failed(context, "aborted: " + cause);
  }

  @Override
  public void testDisabled(ExtensionContext context, Optional<String> reason) {
    failed(context, "disabled: " + reason.orElse("without a reason"));
  }

  @Override
  public void afterAll(ExtensionContext context) {
    Run run = runOf(context);
    ReportFile file = run.file;
    if (file != null) {
      run.rows.forEach(file::add);
      String why =
          "not run" + context.getExecutionException().map(thrown -> ": " + thrown).orElse("");
      cases(context.getRequiredTestClass())
          .forEach(method -> file.addIfAbsent(row(method, Status.FAILED, why)));
      file.write();
    }
  }

  private static void failed(ExtensionContext context, String why) {
    runOf(context).rows.add(row(context.getRequiredTestMethod(), Status.FAILED, why));
  }

  /** The run that a case, or its class, belongs to. */
  private static Run runOf(ExtensionContext context) {
    return context
        .getRoot()
        .getStore(HERE)
        .computeIfAbsent(context.getRequiredTestClass(), type -> new Run(), Run.class);
  }

  private static List<Method> cases(Class<?> suite) {
    List<Method> cases = new ArrayList<>();
    for (Class<?> each = suite; each != null; each = each.getSuperclass()) {
      Stream.of(each.getDeclaredMethods())
          .filter(method -> method.isAnnotationPresent(Case.class))
          .forEach(cases::add);
    }
    return cases;
  }

  private static ReportFile fileOf(ContractSupport suite) {
    TransportHarness harness = suite.harness();
    Transport transport = harness.transport();
    return FILES.computeIfAbsent(
        suite.reportName(), name -> new ReportFile(name, harness.broker(), transport));
  }

  private static Row verdict(ExtensionContext context, ContractSupport suite) {
    Method method = context.getRequiredTestMethod();
    if (suite.notProvable() != null) {
      return row(method, Status.REFUSED, "not provable here: " + suite.notProvable());
    }
    Map<Feature, Support> asked = new TreeMap<>();
    Case found = method.getAnnotation(Case.class);
    if (found != null) {
      for (Feature feature : found.needs()) {
        asked.put(
            feature, suite.harness().transport().capabilities(found.keyed()).support(feature));
      }
    }
    for (Level level : new Level[] {Level.REFUSED, Level.EMULATED}) {
      for (Map.Entry<Feature, Support> each : asked.entrySet()) {
        if (each.getValue().level() == level) {
          return row(
              method,
              level == Level.REFUSED ? Status.REFUSED : Status.EMULATED,
              each.getKey() + ": " + each.getValue().note());
        }
      }
    }
    return row(method, Status.PASSED, "");
  }

  private static Row row(Method method, Status status, String reason) {
    Case found = method.getAnnotation(Case.class);
    String id = found == null ? "" : found.value();
    return new Row(id, method.getName().replace('_', ' '), status, reason);
  }
}
