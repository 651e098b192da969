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
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.platform.launcher.Launcher;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;
import org.junit.platform.launcher.listeners.SummaryGeneratingListener;

/** The suite is worth something only if it tells broken transports from a good one. */
class MutantsTest {
  private static final Map<Mutant, Collection<String>> KILLED_BY = new TreeMap<>();
  private static final Launcher LAUNCHER = LauncherFactory.create();

  /** So many killers are named; one would do, and each that has to wait in vain takes seconds. */
  private static final int ENOUGH = 2;

  /** The suite, over a mutant; run by this test alone. */
  static final class Subject extends TransportContract {
    private static Mutant mutant = Mutant.LOSES_A_NACK; // whichever is tested

    private final TransportHarness harness =
        new InMemoryHarness(Profile.NONE, mutant::of, Duration.ofSeconds(1));

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

  /** The first cases that the mutant fails, of those that are suspected to tell it. */
  private static Collection<String> killersOf(Mutant mutant) {
    Subject.mutant = mutant;
    Collection<String> killers = new ArrayList<>();
    for (Method suspect : suspects(mutant)) {
      if (killers.size() < ENOUGH && fails(suspect)) {
        killers.add(idOf(suspect) + " " + suspect.getName().replace('_', ' '));
      }
    }
    return killers;
  }

  private static boolean fails(Method method) {
    SummaryGeneratingListener summary = new SummaryGeneratingListener();
    LAUNCHER.execute(
        LauncherDiscoveryRequestBuilder.request()
            .selectors(selectMethod(Subject.class, method))
            .configurationParameter("junit.jupiter.execution.timeout.default", "5 s")
            .configurationParameter(
                "junit.jupiter.execution.timeout.thread.mode.default", "SEPARATE_THREAD")
            .build(),
        summary);
    assertThat(summary.getSummary().getTestsStartedCount()).isOne();
    return summary.getSummary().getTestsFailedCount() > 0;
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
