package dev.waybill.error;

import java.io.Serial;
import java.util.List;

/**
 * All problems of a configuration at once; each says what, where, which value, and what to write
 * instead.
 */
public final class ConfigurationException extends MessagingException {
  @Serial private static final long serialVersionUID = 1L;

  @SuppressWarnings("serial") // an immutable list of strings, which is serializable
  private final List<String> problems;

  /** Reports {@code problems}, of which there is at least one. */
  public ConfigurationException(List<String> problems) {
    super(ErrorCode.CONFIGURATION, text(problems));
    this.problems = List.copyOf(problems);
  }

  /** The problems, one sentence or more each, in the order in which they were found; immutable. */
  public List<String> problems() {
    return problems;
  }

  private static String text(List<String> problems) {
    if (problems.isEmpty()) {
      throw new IllegalArgumentException("a configuration exception needs at least one problem");
    }
    if (problems.size() == 1) {
      return problems.get(0);
    }
    StringBuilder text = new StringBuilder().append(problems.size()).append(" problems:");
    for (int i = 0; i < problems.size(); i++) {
      text.append("\n  ").append(i + 1).append(". ").append(problems.get(i));
    }
    return text.toString();
  }
}
