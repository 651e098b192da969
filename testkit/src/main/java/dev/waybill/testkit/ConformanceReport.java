package dev.waybill.testkit;

import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import dev.waybill.transport.Transport;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterAllCallback;
import org.junit.jupiter.api.extension.AfterTestExecutionCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ExtensionContext.Namespace;
import org.junit.jupiter.api.extension.TestWatcher;

/** Keeps what became of each case, and writes it down when a suite ends. */
final class ConformanceReport implements AfterTestExecutionCallback, TestWatcher, AfterAllCallback {
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

  @Override
  public void afterTestExecution(ExtensionContext context) {
    ContractSupport suite = (ContractSupport) context.getRequiredTestInstance();
    context.getStore(HERE).put("verdict", verdict(context, suite));
    if (!suite.reportName().isEmpty()) {
      context.getStore(HERE).put("file", fileOf(suite));
    }
  }

  @Override
  public void testSuccessful(ExtensionContext context) {
    add(context, context.getStore(HERE).get("verdict", Row.class));
  }

  @Override
  public void testFailed(ExtensionContext context, @Nullable Throwable cause) {
    add(context, row(context, Status.FAILED, cause == null ? "" : cause.toString()));
  }

  @Override
  public void afterAll(ExtensionContext context) {
    FILES.values().forEach(ReportFile::write);
  }

  private static void add(ExtensionContext context, @Nullable Row row) {
    ReportFile file = context.getStore(HERE).get("file", ReportFile.class);
    if (file != null && row != null) {
      file.add(row);
    }
  }

  private static ReportFile fileOf(ContractSupport suite) {
    TransportHarness harness = suite.harness();
    Transport transport = harness.transport();
    return FILES.computeIfAbsent(
        suite.reportName(), name -> new ReportFile(name, harness.broker(), transport));
  }

  private static Row verdict(ExtensionContext context, ContractSupport suite) {
    if (suite.notProvable() != null) {
      return row(context, Status.REFUSED, "not provable here: " + suite.notProvable());
    }
    Map<Feature, Support> asked = new TreeMap<>();
    Optional<Case> contractCase =
        context.getTestMethod().map(method -> method.getAnnotation(Case.class));
    contractCase.ifPresent(
        found -> {
          for (Feature feature : found.needs()) {
            asked.put(
                feature, suite.harness().transport().capabilities(found.keyed()).support(feature));
          }
        });
    for (Level level : new Level[] {Level.REFUSED, Level.EMULATED}) {
      for (Map.Entry<Feature, Support> each : asked.entrySet()) {
        if (each.getValue().level() == level) {
          return row(
              context,
              level == Level.REFUSED ? Status.REFUSED : Status.EMULATED,
              each.getKey() + ": " + each.getValue().note());
        }
      }
    }
    return row(context, Status.PASSED, "");
  }

  private static Row row(ExtensionContext context, Status status, String reason) {
    String id =
        context
            .getTestMethod()
            .map(method -> method.getAnnotation(Case.class))
            .map(Case::value)
            .orElse("");
    String name = context.getTestMethod().map(method -> method.getName()).orElse("");
    return new Row(id, name.replace('_', ' '), status, reason);
  }
}
