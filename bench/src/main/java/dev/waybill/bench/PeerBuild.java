package dev.waybill.bench;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import javax.tools.ToolProvider;

/** Resolves what a peer depends on, by Maven and only when it is wanted, and compiles its class. */
record PeerBuild(Path folder) {
  private static final String RESOLVE =
      "org.apache.maven.plugins:maven-dependency-plugin:3.11.0:build-classpath";

  ClassPath classPath() {
    try {
      Path target = Files.createDirectories(folder.resolve("target").toAbsolutePath());
      List<Path> jars = jars(target.resolve("classpath.txt"));
      Path classes = Files.createDirectories(target.resolve("classes"));
      List<Path> own = ClassPath.whole().classes();
      compile(classes, new ClassPath(own, jars));
      return new ClassPath(Stream.concat(own.stream(), Stream.of(classes)).toList(), jars);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Resolved once, and again when its POM or the parent has changed. */
  private List<Path> jars(Path list) throws IOException {
    if (isOlder(list, folder.resolve("pom.xml"))
        || isOlder(list, folder.resolveSibling("pom.xml"))) {
      String pom = folder.resolve("pom.xml").toString();
      MeasuredJvm.lastLine(
          List.of("./mvnw", "-q", "-B", "-f", pom, RESOLVE, "-Dmdep.outputFile=" + list));
    }
    return ClassPath.listed(list);
  }

  private static boolean isOlder(Path file, Path than) throws IOException {
    return !Files.exists(file)
        || Files.getLastModifiedTime(file).compareTo(Files.getLastModifiedTime(than)) < 0;
  }

  private void compile(Path classes, ClassPath on) throws IOException {
    List<String> arguments = new ArrayList<>(List.of("--release", "17", "-d", classes.toString()));
    arguments.addAll(List.of("-cp", on.option(), "-proc:none", "-nowarn"));
    try (Stream<Path> files = Files.list(folder)) {
      files.map(Path::toString).filter(name -> name.endsWith(".java")).forEach(arguments::add);
    }
    ByteArrayOutputStream errors = new ByteArrayOutputStream();
    int status =
        ToolProvider.getSystemJavaCompiler()
            .run(null, null, errors, arguments.toArray(String[]::new));
    if (status != 0) {
      throw new Failure("does not compile: " + errors.toString(StandardCharsets.UTF_8));
    }
  }
}
