package dev.waybill.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.platform.engine.discovery.DiscoverySelectors.selectClass;

import java.util.Map;
import java.util.TreeMap;
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
    Map<String, Boolean> passed = new TreeMap<>();
    LauncherFactory.create()
        .execute(
            LauncherDiscoveryRequestBuilder.request().selectors(selectClass(Subject.class)).build(),
            new TestExecutionListener() {
              @Override
              public void executionFinished(TestIdentifier test, TestExecutionResult result) {
                if (test.isTest()) {
                  passed.put(
                      test.getDisplayName(),
                      result.getStatus() == TestExecutionResult.Status.SUCCESSFUL);
                }
              }
            });

    assertThat(passed).hasSizeGreaterThan(100);
    assertThat(passed.entrySet().stream().filter(each -> !each.getValue()).map(Map.Entry::getKey))
        .containsExactlyInAnyOrder(
            "a_body_of_any_bytes_or_none_arrives_as_it_was_sent()",
            "a_body_over_the_limit_is_rejected_and_nothing_is_sent()",
            "of_ten_sends_at_once_each_has_its_own_answer()"); // some of which are too long
  }
}
