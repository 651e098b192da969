package dev.waybill.transport;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;

import dev.waybill.transport.Capabilities.Feature;
import dev.waybill.transport.Capabilities.Level;
import dev.waybill.transport.Capabilities.Support;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class CapabilitiesTest {
  @ParameterizedTest
  @EnumSource(Feature.class)
  void theBuilderInsistsOnAnAnswerForEveryFeature(Feature forgotten) {
    Capabilities.Builder builder = allBut(forgotten);

    assertThatIllegalStateException()
        .isThrownBy(builder::build)
        .withMessage("A transport must say how it supports " + forgotten);
    assertThat(builder.refused(forgotten, "no").build().support(forgotten).level())
        .isEqualTo(Level.REFUSED);
  }

  @Test
  void aFeatureIsAnsweredOnce() {
    Capabilities.Builder builder = Capabilities.builder().natively(Feature.DELAY, "by the broker");

    assertThatIllegalStateException()
        .isThrownBy(() -> builder.refused(Feature.DELAY, "no"))
        .withMessage("DELAY is answered twice");
  }

  @Test
  void anAnswerHasItsLevelLimitAndNote() {
    Capabilities capabilities =
        allBut(Feature.DELAY)
            .nativelyUpTo(Feature.DELAY, Duration.ofMinutes(15), "DelaySeconds")
            .build();

    assertThat(capabilities.support(Feature.DELAY))
        .isEqualTo(new Support(Level.NATIVE, Duration.ofMinutes(15), "DelaySeconds"));
  }

  @Test
  void durationsAreServedUpToTheLimit() {
    Support limited = new Support(Level.EMULATED, Duration.ofMinutes(1), "waits");

    assertThat(limited.serves(Duration.ZERO)).isTrue();
    assertThat(limited.serves(Duration.ofMinutes(1))).isTrue();
    assertThat(limited.serves(Duration.ofMinutes(1).plusNanos(1))).isFalse();
    assertThat(new Support(Level.NATIVE, null, "").serves(Duration.ofDays(100_000))).isTrue();
    assertThat(new Support(Level.REFUSED, null, "no").serves(Duration.ZERO)).isFalse();
  }

  @Test
  void nothingIsLimitedUnlessSaid() {
    Capabilities capabilities = allBut(Feature.DELAY).refused(Feature.DELAY, "no").build();

    assertThat(capabilities.maxBodyBytes()).isEqualTo(Long.MAX_VALUE);
    assertThat(capabilities.maxHeaders()).isEqualTo(Integer.MAX_VALUE);
    assertThat(capabilities.maxHeaderBytes()).isEqualTo(Long.MAX_VALUE);
    assertThat(capabilities.leaseDuration()).isNull();
  }

  @Test
  void limitsAreTheBuilders() {
    Capabilities capabilities =
        allBut(Feature.DELAY)
            .refused(Feature.DELAY, "no")
            .maxBodyBytes(1)
            .maxHeaders(2)
            .maxHeaderBytes(3)
            .leaseDuration(Duration.ofSeconds(4))
            .build();

    assertThat(capabilities.maxBodyBytes()).isEqualTo(1);
    assertThat(capabilities.maxHeaders()).isEqualTo(2);
    assertThat(capabilities.maxHeaderBytes()).isEqualTo(3);
    assertThat(capabilities.leaseDuration()).isEqualTo(Duration.ofSeconds(4));
  }

  @Test
  void aBuilderUsedOnDoesNotChangeWhatItBuilt() {
    Capabilities.Builder builder = allBut(Feature.DELAY).refused(Feature.DELAY, "no");
    Capabilities built = builder.build();

    builder.maxBodyBytes(1);

    assertThat(built.maxBodyBytes()).isEqualTo(Long.MAX_VALUE);
  }

  private static Capabilities.Builder allBut(Feature left) {
    Capabilities.Builder builder = Capabilities.builder();
    for (Feature feature : Feature.values()) {
      if (feature != left) {
        builder.natively(feature, "by the broker");
      }
    }
    return builder;
  }
}
