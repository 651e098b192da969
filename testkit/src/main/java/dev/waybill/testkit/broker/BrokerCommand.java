package dev.waybill.testkit.broker;

import java.util.List;
import java.util.Map;

/**
 * How a broker is run.
 *
 * @param line the program and its arguments
 * @param environment the variables it gets in addition to this JVM's; an empty value takes one away
 * @param ready the text that its output has as soon as it serves
 */
record BrokerCommand(List<String> line, Map<String, String> environment, String ready) {

  BrokerCommand {
    line = List.copyOf(line);
    environment = Map.copyOf(environment);
  }
}
