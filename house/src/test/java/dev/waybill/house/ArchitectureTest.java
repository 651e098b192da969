package dev.waybill.house;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaMember.Predicates.declaredIn;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.methods;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.domain.JavaModifier;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.Location;
import com.tngtech.archunit.lang.ArchRule;
import com.tngtech.archunit.library.dependencies.SliceAssignment;
import com.tngtech.archunit.library.dependencies.SliceIdentifier;
import dev.waybill.CheckReturnValue;
import dev.waybill.Interceptor;
import dev.waybill.MessageBus;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletionStage;
import java.util.jar.JarFile;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Who may depend on whom. A rule that finds no class to look at fails, except over a module that
 * has no class at all.
 */
class ArchitectureTest {

  private static final String CODEC = "dev.waybill.serialization.JacksonCodec";
  private static final String SEAM = "dev.waybill.transport";
  private static final int SEAM_LIMIT = 10;

  private static final DescribedPredicate<JavaClass> INTERNAL =
      resideInAPackage("dev.waybill.internal..");
  private static final DescribedPredicate<JavaClass> JACKSON =
      resideInAPackage("com.fasterxml.jackson..");
  private static final DescribedPredicate<JavaClass> THE_CODEC =
      describe(CODEC, type -> outermost(type).getName().equals(CODEC));

  private static final JavaClasses ALL = classesOf(PublishedModule.values());
  private static final JavaClasses CORE = classesOf(PublishedModule.CORE);

  @Test
  void whatIsInternalIsUsedByInternalsOnly() {
    noClasses()
        .that(not(INTERNAL))
        .should()
        .dependOnClassesThat(INTERNAL)
        .because("internals change at any time: go through an API package")
        .allowEmptyShould(ALL.isEmpty())
        .check(ALL);
  }

  @Test
  void whoDropsWhatBecameOfASendIsToldByTools() {
    methods()
        .that()
        .haveRawReturnType(assignableTo(CompletionStage.class))
        .and(declaredIn(MessageBus.class).or(declaredIn(Interceptor.Next.class)))
        .should()
        .beAnnotatedWith(CheckReturnValue.class)
        .because("a failure that nobody looks at is a message that is lost silently")
        .check(CORE);
  }

  @Test
  void packagesAreFreeOfCycles() {
    slices()
        .assignedFrom(eachPackage())
        .should()
        .beFreeOfCycles()
        .because("packages in a cycle are one package: move the type that both need")
        .allowEmptyShould(ALL.isEmpty())
        .check(ALL);
  }

  @ParameterizedTest
  @MethodSource("transports")
  void aTransportIsWrittenAgainstTheApiAlone(PublishedModule transport) {
    check(
        transport,
        noClasses()
            .should()
            .dependOnClassesThat(INTERNAL)
            .because("whoever writes a transport elsewhere cannot use internals either"));
  }

  /** But for the one whose broker has ten attributes a message: its metadata is JSON in one. */
  @ParameterizedTest
  @EnumSource(names = {"IN_MEMORY", "KAFKA", "RABBITMQ"})
  void aTransportCarriesBytesAndLeavesThemToTheCodec(PublishedModule transport) {
    check(transport, noClasses().should().dependOnClassesThat(JACKSON));
  }

  @Test
  void coreNamesJacksonInItsCodecOnly() {
    noClasses()
        .that(not(THE_CODEC))
        .should()
        .dependOnClassesThat(JACKSON)
        .because("Jackson is one codec among others")
        .allowEmptyShould(CORE.isEmpty())
        .check(CORE);
    classes()
        .that(THE_CODEC.and(describe("top-level", JavaClass::isTopLevelClass)))
        .should()
        .dependOnClassesThat(JACKSON)
        .as(CODEC + " is there and should depend on Jackson")
        .allowEmptyShould(CORE.isEmpty())
        .check(CORE);
  }

  @Test
  void theTransportSeamIsSmall() {
    List<String> seam =
        CORE.stream()
            .filter(type -> type.getPackageName().equals(SEAM))
            .filter(type -> type.isTopLevelClass())
            .filter(type -> type.getModifiers().contains(JavaModifier.PUBLIC))
            .map(JavaClass::getSimpleName)
            .sorted()
            .toList();
    assertThat(seam)
        .as("public types of %s: each is one more that the author of a transport must know", SEAM)
        .hasSizeBetween(CORE.isEmpty() ? 0 : 1, SEAM_LIMIT);
  }

  static Stream<PublishedModule> transports() {
    return Stream.of(PublishedModule.values()).filter(PublishedModule::isTransport);
  }

  private static void check(PublishedModule module, ArchRule rule) {
    JavaClasses classes = classesOf(module);
    rule.allowEmptyShould(classes.isEmpty()).check(classes);
  }

  private static JavaClasses classesOf(PublishedModule... modules) {
    return new ClassFileImporter()
        .importLocations(
            Stream.of(modules)
                .map(PublishedModule::location)
                .filter(Files::exists)
                .map(ArchitectureTest::location)
                .collect(Collectors.toSet()));
  }

  /** Of a folder of classes, or of a jar, whose path alone would be a location without a class. */
  private static Location location(Path path) {
    if (Files.isDirectory(path)) {
      return Location.of(path);
    }
    try (JarFile jar = new JarFile(path.toFile())) {
      return Location.of(jar);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static JavaClass outermost(JavaClass type) {
    return type.getEnclosingClass().map(ArchitectureTest::outermost).orElse(type);
  }

  private static SliceAssignment eachPackage() {
    return new SliceAssignment() {
      @Override
      public SliceIdentifier getIdentifierOf(JavaClass type) {
        return SliceIdentifier.of(type.getPackageName());
      }

      @Override
      public String getDescription() {
        return "each package";
      }
    };
  }
}
