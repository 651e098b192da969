package dev.waybill.testkit;

import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;
import org.junit.jupiter.api.extension.ParameterContext;
import org.junit.jupiter.api.extension.ParameterResolver;

/**
 * Gives each test of a JUnit class a {@link TestBus} as a parameter, closes it afterwards, and
 * fails the test if a thread is left.
 *
 * <pre>{@code
 * @RegisterExtension
 * static final TestBusExtension EACH = TestBus.over(ROUTES).with(Billing::describe).eachTest();
 *
 * @Test
 * void an_order_is_billed(TestBus test) { … }
 * }</pre>
 *
 * <p>Threads are looked for by a {@link LeakCheck}, in the whole JVM: not for tests that run in
 * parallel, which would be blamed for each other's.
 */
public final class TestBusExtension
    implements BeforeEachCallback, AfterEachCallback, ParameterResolver {
  private static final Duration PATIENCE = Duration.ofSeconds(10);
  private static final ExtensionContext.Namespace HERE =
      ExtensionContext.Namespace.create(TestBusExtension.class);

  private record Running(TestBus bus, LeakCheck leaks) {}

  private final TestBus.Builder builder;

  TestBusExtension(TestBus.Builder builder) {
    this.builder = builder;
  }

  @Override
  public void beforeEach(ExtensionContext context) {
    LeakCheck leaks = LeakCheck.begin();
    context.getStore(HERE).put(this, new Running(builder.start(), leaks));
  }

  @Override
  public void afterEach(ExtensionContext context) {
    @Nullable Running running = context.getStore(HERE).remove(this, Running.class);
    if (running != null) {
      running.bus().close();
      running.leaks().assertNothingIsLeft(PATIENCE);
    }
  }

  @Override
  public boolean supportsParameter(ParameterContext parameter, ExtensionContext context) {
    return parameter.getParameter().getType() == TestBus.class;
  }

  @Override
  public TestBus resolveParameter(ParameterContext parameter, ExtensionContext context) {
    @Nullable Running running = context.getStore(HERE).get(this, Running.class);
    if (running == null) {
      throw new IllegalStateException("a TestBus is given to tests, not to constructors");
    }
    return running.bus();
  }
}
