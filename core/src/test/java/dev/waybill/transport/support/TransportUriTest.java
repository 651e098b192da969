package dev.waybill.transport.support;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.waybill.error.ConfigurationException;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class TransportUriTest {
  @Test
  void aFullUriIsTakenApart() {
    TransportUri uri =
        TransportUri.parse(
            "AMQP://us%40er:p%3Aa+ss@h1:5672,h2:5673/v%2Fhost?a=1&b=x%20%26y", Set.of("a", "b"));

    assertThat(uri.scheme()).isEqualTo("amqp");
    assertThat(uri.user()).isEqualTo("us@er");
    assertThat(uri.password()).isEqualTo("p:a+ss");
    assertThat(uri.authority()).isEqualTo("h1:5672,h2:5673");
    assertThat(uri.path()).isEqualTo("v/host");
    assertThat(uri.parameters()).isEqualTo(Map.of("a", "1", "b", "x &y"));
  }

  @ParameterizedTest
  @CsvSource({
    "memory:,            '',         ",
    "memory:name,        '',         name",
    "kafka://,           '',         ",
    "kafka://h,          h,          ",
    "amqp://h/,          h,          ''",
    "amqp://h/a/b,       h,          a/b",
    "amqp:///v,          '',         v",
    "amqp://[::1]:5672,  [::1]:5672, ",
    "amqp://h/+,         h,          +",
  })
  void hostsAndPathMayBeMissing(String text, String authority, String path) {
    TransportUri uri = TransportUri.parse(text, Set.of());

    assertThat(uri.authority()).isEqualTo(authority);
    assertThat(uri.path()).isEqualTo(path);
    assertThat(uri.user()).isNull();
    assertThat(uri.password()).isNull();
    assertThat(uri.parameters()).isEmpty();
  }

  @Test
  void aUserMayHaveNoPasswordOrAnEmptyOne() {
    TransportUri none = TransportUri.parse("amqp://user@h", Set.of());
    assertThat(none.user()).isEqualTo("user");
    assertThat(none.password()).isNull();

    TransportUri empty = TransportUri.parse("amqp://user:@h", Set.of());
    assertThat(empty.user()).isEqualTo("user");
    assertThat(empty.password()).isEmpty();
  }

  @Test
  void thePasswordEndsAtTheLastAt() {
    TransportUri uri = TransportUri.parse("amqp://user:p@ss@h", Set.of());

    assertThat(uri.password()).isEqualTo("p@ss");
    assertThat(uri.authority()).isEqualTo("h");
  }

  @Test
  void aParameterMayBeEmpty() {
    TransportUri uri = TransportUri.parse("aws://eu?a=&b=c=d", Set.of("a", "b"));

    assertThat(uri.parameters()).isEqualTo(Map.of("a", "", "b", "c=d"));
  }

  @Test
  void allThatIsWrongWithTheParametersIsSaidAtOnce() {
    ConfigurationException problem =
        catchThrowableOfType(
            ConfigurationException.class,
            () ->
                TransportUri.parse(
                    "aws://u:secret@eu?zz=hidden&flag&a=1&a=2", Set.of("a", "flag")));

    String uri = "aws://***@eu?zz=***&flag&a=***&a=***";
    assertThat(problem.problems())
        .containsExactly(
            "'" + uri + "' has the unknown parameter 'zz'; known are a, flag.",
            "Parameter 'flag' of '" + uri + "' has no value; write flag=….",
            "'" + uri + "' gives the parameter 'a' twice.");
  }

  @Test
  void aTransportWithoutParametersSaysSo() {
    assertThatThrownBy(() -> TransportUri.parse("memory:?x=1", Set.of()))
        .hasMessage("'memory:?x=***' has the unknown parameter 'x'; this transport has none.");
  }

  @ParameterizedTest
  @ValueSource(strings = {"amqp://h/50%", "amqp://h/%zz", "amqp://h?a=%"})
  void aMalformedPercentSignIsNamedWithoutTheValue(String uri) {
    ConfigurationException problem =
        catchThrowableOfType(
            ConfigurationException.class, () -> TransportUri.parse(uri, Set.of("a")));

    assertThat(problem)
        .hasMessage(
            "'%s' has a malformed percent sign; write %%25 for %%."
                .formatted(TransportUri.redact(uri)));
    assertThat(problem.getCause()).isNull();
  }

  @Test
  void aMalformedPasswordIsNotRepeated() {
    TransportUri uri = TransportUri.parse("amqp://user:se%cret@h", Set.of());

    assertThatThrownBy(uri::password)
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("'amqp:' has a malformed percent sign; write %25 for %.")
        .hasNoCause();
  }

  @ParameterizedTest
  @CsvSource({
    "amqp://user:secret@h:5672/v, amqp://***@h:5672/v",
    "amqp://user:sec@ret@h,       amqp://***@h",
    "amqp://user@h,               amqp://***@h",
    "amqp://h/v,                  amqp://h/v",
    "aws://eu?a=secret&b=hidden,  aws://eu?a=***&b=***",
    "aws://eu?a=sec=ret,          aws://eu?a=***",
    "aws://eu?a=x@y,              aws://eu?a=***",
    "memory:name,                 memory:name",
    "amqp://u:p/w@host,           amqp://***@host",
    "amqp:u:secret@host,          ***@host",
    "u:secret@host,               ***@host",
    "amqp://u:p?w@host,           amqp://***@host",
    "amqp://u:p?w=1&x@host?a=b,   amqp://***@host?a=***",
    "u:sec/r?et@h,                ***@h",
  })
  void secretsAreBlottedOut(String uri, String redacted) {
    assertThat(TransportUri.redact(uri)).isEqualTo(redacted);
  }

  @Test
  void aPasswordThatIsTakenForAParameterIsNotRepeated() {
    assertThatThrownBy(() -> TransportUri.parse("amqp://u:p?w@host", Set.of()))
        .isInstanceOf(ConfigurationException.class)
        .hasMessage("'amqp://***@host' has the unknown parameter '***'; this transport has none.");
  }

  @Test
  void theTextHasNoSecrets() {
    TransportUri uri = TransportUri.parse("amqp://user:secret@h:1/v?a=hidden", Set.of("a"));

    assertThat(uri).hasToString("amqp://***@h:1/v?[a]");
  }
}
