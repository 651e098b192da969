package dev.waybill.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PeerTest {
  private static final Path PEERS = Path.of("peers");

  @ParameterizedTest
  @EnumSource
  void a_peer_has_a_class_and_dependencies_of_its_own_in_pinned_versions(Peer peer)
      throws IOException {
    if (peer.folder().isEmpty()) {
      assertThat(Path.of("src/main/java/dev/waybill/bench", peer.source())).exists();
      return;
    }
    assertThat(PEERS.resolve(peer.folder()).resolve(peer.source())).exists();
    String pom = Files.readString(PEERS.resolve(peer.folder()).resolve("pom.xml"));
    assertThat(pom.split("<dependency>", -1))
        .hasSameSizeAs(pom.split("</artifactId>\\s*<version>\\d[\\w.-]*</version>\\s*</dep", -1));
    assertThat(pom).doesNotContain("SNAPSHOT").doesNotContain("waybill-");
  }

  @Test
  void every_folder_of_a_peer_is_in_use() throws IOException {
    Set<String> used = Stream.of(Peer.values()).map(Peer::folder).collect(Collectors.toSet());
    try (Stream<Path> folders = Files.list(PEERS).filter(Files::isDirectory)) {
      assertThat(folders.map(folder -> folder.getFileName().toString())).isSubsetOf(used);
    }
  }

  @Test
  void every_peer_takes_part_in_something() {
    for (Peer peer : Peer.values()) {
      assertThat(Part.values())
          .anyMatch(
              part ->
                  part.contenders().contains(peer.id())
                      && Stream.of(Bench.values())
                          .anyMatch(bench -> part.has(bench) && part.has(bench, peer.id())));
    }
  }

  @Test
  void a_contender_that_is_none_is_refused_by_name() {
    assertThatExceptionOfType(Failure.class)
        .isThrownBy(() -> Part.KAFKA.has(Bench.CONSUME, "disruptor"))
        .withMessageContaining("disruptor")
        .withMessageContaining("spring-kafka-batch");
  }

  @Test
  void why_a_jvm_failed_is_told_by_the_innermost_cause() {
    assertThat(
            MeasuredJvm.reason(
                List.of(
                    "Exception in thread \"main\" java.lang.IllegalStateException: outer",
                    "\tat dev.waybill.bench.Trial.main(Trial.java:1)",
                    "Caused by: java.lang.NoSuchMethodError: inner")))
        .isEqualTo("Caused by: java.lang.NoSuchMethodError: inner");
    assertThat(MeasuredJvm.reason(List.of("[ERROR] not found", "[ERROR] more")))
        .isEqualTo("[ERROR] not found");
  }
}
