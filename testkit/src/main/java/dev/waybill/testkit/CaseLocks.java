package dev.waybill.testkit;

import java.lang.reflect.Method;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.parallel.ResourceAccessMode;
import org.junit.jupiter.api.parallel.ResourceLocksProvider;

/**
 * Where cases run side by side (JUnit's parallel execution), those that stop the broker, or look at
 * the whole process, run alone.
 */
final class CaseLocks implements ResourceLocksProvider {
  private static final String BROKER = "dev.waybill.testkit.broker";

  @Override
  public Set<Lock> provideForMethod(List<Class<?>> enclosing, Class<?> suite, Method method) {
    Case found = method.getAnnotation(Case.class);
    boolean alone = found != null && found.alone();
    return Set.of(
        new Lock(BROKER, alone ? ResourceAccessMode.READ_WRITE : ResourceAccessMode.READ));
  }
}
