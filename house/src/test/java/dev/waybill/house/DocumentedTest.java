package dev.waybill.house;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Whatever users can name says what it is. That comments are well formed, javadoc checks. */
class DocumentedTest {

  @ParameterizedTest
  @EnumSource
  void whatUsersCanNameHasComments(PublishedModule module) {
    assertThat(Undocumented.in(module.sources()))
        .as("public and without a comment, in %s", module)
        .isEmpty();
  }
}
