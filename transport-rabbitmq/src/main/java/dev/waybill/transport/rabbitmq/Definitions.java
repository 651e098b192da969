package dev.waybill.transport.rabbitmq;

import dev.waybill.transport.Topology;
import dev.waybill.transport.rabbitmq.RabbitLayout.Binding;
import dev.waybill.transport.rabbitmq.RabbitLayout.ExchangeItem;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** A topology as a definitions file of RabbitMQ: JSON with an object to a line. */
final class Definitions {
  private static final String HEX = "\\u%04x";

  private final RabbitSettings settings;
  private final List<ExchangeItem> exchanges = new ArrayList<>();
  private final Map<String, Map<String, Object>> queues = new LinkedHashMap<>();
  private final List<Binding> bindings = new ArrayList<>();

  private Definitions(RabbitSettings settings) {
    this.settings = settings;
  }

  /** All that a topology needs; the queues of delayed messages if they belong to it. */
  static String of(Topology topology, RabbitSettings settings) {
    Definitions all = new Definitions(settings);
    all.add(RabbitLayout.of(topology, settings.partitions()));
    if (settings.delays().fromStart()) {
      all.add(
          new DelayLayout(settings.delays().levels()),
          DelayLayout.targets(topology, settings.partitions()));
    }
    return all.text();
  }

  private void add(RabbitLayout layout) {
    exchanges.addAll(layout.exchanges());
    layout.queues().forEach(queue -> queues.put(queue.name(), queue.arguments(settings.classic())));
    bindings.addAll(layout.bindings());
  }

  private void add(DelayLayout layout, Set<PendingSend.Target> targets) {
    exchanges.addAll(layout.exchanges());
    exchanges.add(layout.entry());
    queues.putAll(layout.queues());
    bindings.addAll(layout.bindings());
    targets.forEach(target -> bindings.addAll(layout.bindings(target)));
  }

  private String text() {
    Map<String, List<Map<String, Object>>> all = new LinkedHashMap<>();
    all.put("exchanges", exchanges.stream().map(this::exchange).toList());
    all.put("queues", queues.entrySet().stream().map(this::queue).toList());
    all.put("bindings", bindings.stream().flatMap(this::bindings).toList());
    return all.entrySet().stream()
        .map(section -> "  " + json(section.getKey()) + ": " + lines(section.getValue()))
        .collect(Collectors.joining(",\n", "{\n", "\n}\n"));
  }

  private Map<String, Object> exchange(ExchangeItem exchange) {
    Map<String, Object> fields = named(exchange.name());
    fields.put("type", exchange.type().getType());
    fields.put("durable", true);
    fields.put("auto_delete", false);
    fields.put("internal", false);
    fields.put("arguments", exchange.arguments());
    return fields;
  }

  private Map<String, Object> queue(Map.Entry<String, Map<String, Object>> queue) {
    Map<String, Object> fields = named(queue.getKey());
    fields.put("durable", true);
    fields.put("auto_delete", false);
    fields.put("arguments", queue.getValue());
    return fields;
  }

  private Stream<Map<String, Object>> bindings(Binding binding) {
    return binding.routingKeys().stream().map(key -> binding(binding, key));
  }

  private Map<String, Object> binding(Binding binding, String routingKey) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("source", binding.from());
    fields.put("vhost", settings.virtualHost());
    fields.put("destination", binding.to());
    fields.put("destination_type", binding.toQueue() ? "queue" : "exchange");
    fields.put("routing_key", routingKey);
    fields.put("arguments", Map.of());
    return fields;
  }

  private Map<String, Object> named(String name) {
    Map<String, Object> fields = new LinkedHashMap<>();
    fields.put("name", name);
    fields.put("vhost", settings.virtualHost());
    return fields;
  }

  private static String lines(List<Map<String, Object>> objects) {
    return objects.isEmpty()
        ? "[]"
        : objects.stream()
            .map(object -> "    " + json(object))
            .collect(Collectors.joining(",\n", "[\n", "\n  ]"));
  }

  private static String json(Object value) {
    if (value instanceof Map<?, ?> object) {
      return object.entrySet().stream()
          .map(field -> json(field.getKey()) + ": " + json(field.getValue()))
          .collect(Collectors.joining(", ", "{", "}"));
    }
    return value instanceof Number || value instanceof Boolean
        ? value.toString()
        : quoted(value.toString());
  }

  private static String quoted(String text) {
    StringBuilder quoted = new StringBuilder("\"");
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c == '"' || c == '\\') {
        quoted.append('\\').append(c);
      } else if (c < ' ') {
        quoted.append(HEX.formatted((int) c));
      } else {
        quoted.append(c);
      }
    }
    return quoted.append('"').toString();
  }
}
