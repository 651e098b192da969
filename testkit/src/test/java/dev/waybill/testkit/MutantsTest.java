package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectMethod;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import dev.waybill.transport.inmemory.Profile;
import java.io.IOException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.LauncherDiscoveryRequest;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** The suite is worth something only if it tells broken transports from a good one. */
class MutantsTest {
  private static final Map<Mutant, Collection<String>> KILLED_BY = new TreeMap<>();

  /** The suite, over a mutant; run by this test alone. */
  static final class Subject extends TransportContract {
    private static Mutant mutant = Mutant.LOSES_A_NACK; // whichever is tested

    private final TransportHarness harness =
        new InMemoryHarness(Profile.NONE, mutant::of, Duration.ofSeconds(2));

    @Override
    protected TransportHarness harness() {
      return harness;
    }

    @Override
    protected String reportName() {
      return ""; // none: what a mutant does is no conformance
    }
  }

  @ParameterizedTest
  @EnumSource
  void every_mutant_fails_a_case(Mutant mutant) {
    Collection<String> killers = killersOf(mutant);
    KILLED_BY.put(mutant, killers);
    assertThat(killers).as("the cases that %s fails", mutant).isNotEmpty();
  }

  @AfterAll
  static void write_down_who_killed_whom() throws IOException {
    List<Map<String, Object>> rows = new ArrayList<>();
    KILLED_BY.forEach(
        (mutant, killers) -> {
          Map<String, Object> row = new LinkedHashMap<>();
          row.put("mutant", mutant.inWords());
          row.put("killedBy", killers);
          rows.add(row);
        });
    Files.createDirectories(ReportFile.folder());
    Files.writeString(
        ReportFile.folder().resolve("mutants.json"),
        new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValueAsString(rows)
            + "\n");
  }

  /** The cases that the mutant is suspected to fail, and does. */
  private static Collection<String> killersOf(Mutant mutant) {
    Subject.mutant = mutant;
    Collection<String> failed = new TreeSet<>();
    LauncherDiscoveryRequest request =
        LauncherDiscoveryRequestBuilder.request()
            .selectors(
                suspects(mutant).stream()
                    .map(method -> selectMethod(Subject.class, method))
                    .toList())
            .configurationParameter("junit.jupiter.execution.timeout.default", "60 s")
            .build();
    LauncherFactory.create()
        .execute(
            request,
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest() && result.getStatus() == TestExecutionResult.Status.FAILED) {
                  failed.add(test.getDisplayName().replace("()", ""));
                }
              }
            });
    Collection<String> named = new TreeSet<>();
    for (Method method : suspects(mutant)) {
      if (failed.contains(method.getName())) {
        named.add(idOf(method) + " " + method.getName().replace('_', ' '));
      }
    }
    return named;
  }

  private static List<Method> suspects(Mutant mutant) {
    List<Method> found = new ArrayList<>();
    for (Class<?> each = Subject.class; each != null; each = each.getSuperclass()) {
      for (Method method : each.getDeclaredMethods()) {
        if (method.isAnnotationPresent(Case.class) && mutant.suspectedBy(idOf(method))) {
          found.add(method);
        }
      }
    }
    found.sort(Comparator.comparing(MutantsTest::idOf));
    return found;
  }

  private static String idOf(Method method) {
    return method.getAnnotation(Case.class).value();
  }
}
