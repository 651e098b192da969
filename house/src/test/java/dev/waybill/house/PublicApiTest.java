package dev.waybill.house;

import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.lang.module.ModuleDescriptor;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Public is a decision: what users can name stands in {@code house/api}, and a change shows there.
 */
class PublicApiTest {

  private static final String UPDATE =
      "./mvnw -pl house -am test -Dtest=PublicApiTest -Dapi.update=true";

  @ParameterizedTest
  @EnumSource
  void thePublicApiIsTheOneWrittenDown(PublishedModule module) throws IOException {
    Path file = module.writtenApi();
    List<String> actual = new PublicApi(module).lines();
    if (Boolean.getBoolean("api.update")) {
      Files.createDirectories(file.getParent());
      Files.write(file, actual);
    }
    List<String> written = Files.exists(file) ? Files.readAllLines(file) : List.of();
    assertThat(actual.equals(written))
        .withFailMessage(
            () ->
                """
                The public API of %s is not what house/api/%s.txt says (- written down, + now):

                %s

                If that is meant, write it down with
                  %s
                and commit the file."""
                    .formatted(
                        module,
                        module,
                        LineDiff.between(written, actual).stream().collect(joining("\n")),
                        UPDATE))
        .isTrue();
  }

  @ParameterizedTest
  @EnumSource
  void whatIsNotInternalIsExported(PublishedModule module) {
    if (module.descriptor().isEmpty()) {
      return; // on a module path everything is exported: nothing in it may be internal
    }
    assertThat(exported(module.descriptor().get()))
        .isEqualTo(
            module.classNames().stream()
                .map(name -> name.substring(0, name.lastIndexOf('.')))
                .filter(name -> !PublishedModule.isInternal(name))
                .collect(Collectors.toSet()));
  }

  private static Set<String> exported(ModuleDescriptor descriptor) {
    return descriptor.exports().stream()
        .filter(exports -> !exports.isQualified())
        .map(ModuleDescriptor.Exports::source)
        .collect(Collectors.toSet());
  }
}
