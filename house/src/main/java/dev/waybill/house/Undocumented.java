package dev.waybill.house;

import com.sun.source.tree.ClassTree;
import com.sun.source.tree.CompilationUnitTree;
import com.sun.source.tree.MethodTree;
import com.sun.source.tree.ModifiersTree;
import com.sun.source.tree.Tree;
import com.sun.source.tree.VariableTree;
import com.sun.source.util.DocTrees;
import com.sun.source.util.JavacTask;
import com.sun.source.util.TreePath;
import com.sun.source.util.TreePathScanner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import javax.lang.model.element.Modifier;
import javax.tools.JavaCompiler;
import javax.tools.StandardJavaFileManager;
import javax.tools.ToolProvider;
import org.jspecify.annotations.Nullable;

/**
 * What users of a module can name and its source says nothing about: types, methods, constructors
 * and constants. A method that overrides another has that one's comment.
 */
final class Undocumented extends TreePathScanner<@Nullable Void, @Nullable Void> {

  private final DocTrees docs;
  private final List<String> found = new ArrayList<>();

  private Undocumented(DocTrees docs) {
    this.docs = docs;
  }

  /**
   * Each as {@code File.java:line}, for the sources under a folder; nothing when there are none.
   */
  static List<String> in(Path sources) {
    if (Files.notExists(sources)) {
      return List.of();
    }
    JavaCompiler compiler = ToolProvider.getSystemJavaCompiler();
    try (StandardJavaFileManager files = compiler.getStandardFileManager(null, null, null);
        Stream<Path> paths = Files.walk(sources)) {
      List<Path> java = paths.filter(path -> path.toString().endsWith(".java")).sorted().toList();
      if (java.isEmpty()) {
        return List.of();
      }
      JavacTask task =
          (JavacTask)
              compiler.getTask(
                  null,
                  files,
                  problem -> {},
                  List.of("-proc:none"),
                  null,
                  files.getJavaFileObjectsFromPaths(java));
      Undocumented scanner = new Undocumented(DocTrees.instance(task));
      for (CompilationUnitTree unit : task.parse()) {
        if (unit.getPackage() == null || !isInternal(unit)) {
          scanner.scan(new TreePath(unit), null);
        }
      }
      return scanner.found;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static boolean isInternal(CompilationUnitTree unit) {
    return PublishedModule.isInternal(unit.getPackage().getPackageName().toString());
  }

  @Override
  public @Nullable Void visitClass(ClassTree type, @Nullable Void unused) {
    if (!isVisible(type.getModifiers())) {
      return null;
    }
    expectComment();
    return super.visitClass(type, null);
  }

  @Override
  public @Nullable Void visitMethod(MethodTree method, @Nullable Void unused) {
    if (isVisible(method.getModifiers()) && !isOverriding(method) && !isCompact(method)) {
      expectComment();
    }
    return null;
  }

  @Override
  public @Nullable Void visitVariable(VariableTree field, @Nullable Void unused) {
    if (isVisible(field.getModifiers()) && !isComponent(field)) {
      expectComment();
    }
    return null;
  }

  private void expectComment() {
    TreePath path = getCurrentPath();
    if (docs.getDocComment(path) == null) {
      CompilationUnitTree unit = path.getCompilationUnit();
      long at = docs.getSourcePositions().getStartPosition(unit, path.getLeaf());
      String file = Path.of(unit.getSourceFile().getName()).getFileName().toString();
      found.add(file + ":" + unit.getLineMap().getLineNumber(at));
    }
  }

  private boolean isVisible(ModifiersTree modifiers) {
    Set<Modifier> flags = modifiers.getFlags();
    return flags.contains(Modifier.PUBLIC)
        || flags.contains(Modifier.PROTECTED)
        || (isIn(Tree.Kind.INTERFACE, Tree.Kind.ANNOTATION_TYPE)
            && !flags.contains(Modifier.PRIVATE));
  }

  private boolean isIn(Tree.Kind... kinds) {
    return List.of(kinds).contains(getCurrentPath().getParentPath().getLeaf().getKind());
  }

  private static boolean isOverriding(MethodTree method) {
    return method.getModifiers().getAnnotations().stream()
        .anyMatch(annotation -> annotation.getAnnotationType().toString().equals("Override"));
  }

  /** A compact constructor only checks what the record's own comment describes. */
  private boolean isCompact(MethodTree method) {
    return isIn(Tree.Kind.RECORD) && method.getReturnType() == null;
  }

  /** Its comment is part of the record's. */
  private boolean isComponent(VariableTree field) {
    return isIn(Tree.Kind.RECORD) && !field.getModifiers().getFlags().contains(Modifier.STATIC);
  }
}
