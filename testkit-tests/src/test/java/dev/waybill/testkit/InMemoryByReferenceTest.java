package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.platform.engine.TestExecutionResult;
import org.junit.platform.launcher.TestExecutionListener;
import org.junit.platform.launcher.TestIdentifier;
import org.junit.platform.launcher.core.LauncherDiscoveryRequestBuilder;
import org.junit.platform.launcher.core.LauncherFactory;

/** By reference the contract holds, but for what it says of bytes that are not made. */
class InMemoryByReferenceTest {
  /** The suite by reference; run by this test alone. */
  static final class Subject extends TransportContract {
    private final TransportHarness harness = InMemoryHarness.byReference();

    @Override
    protected TransportHarness harness() {
      return harness;
    }

    @Override
    protected String reportName() {
      return ""; // none: this is no transport of its own
    }
  }

  @Test
  void only_the_cases_about_the_bytes_of_a_body_differ() {
    Map<String, String> failures = new TreeMap<>();
    AtomicInteger passed = new AtomicInteger();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request().selectors(selectClass(Subject.class)).build(),
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest()) {
                  result
                      .getThrowable()
                      .ifPresentOrElse(
                          failure -> failures.put(test.getDisplayName(), failure.getMessage()),
                          passed::incrementAndGet);
                }
              }
            });

    assertThat(passed).hasValueGreaterThan(100);
    assertThat(failures)
        .containsOnlyKeys(
            "a_body_of_any_bytes_or_none_arrives_as_it_was_sent()",
            "a_body_over_the_limit_is_rejected_and_nothing_is_sent()",
            "of_ten_sends_at_once_each_has_its_own_answer()");
    assertThat(failures.get("a_body_of_any_bytes_or_none_arrives_as_it_was_sent()"))
        .as("what came as bytes was read, what was passed was not")
        .contains("could not find the following elements");
    assertThat(failures.get("a_body_over_the_limit_is_rejected_and_nothing_is_sent()"))
        .contains("Expecting code to raise a throwable");
    assertThat(failures.get("of_ten_sends_at_once_each_has_its_own_answer()"))
        .as("those that are too long")
        .contains("confirmed, and should not be");
  }
}
