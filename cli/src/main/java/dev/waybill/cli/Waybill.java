package dev.waybill.cli;

import dev.waybill.error.MessagingException;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.ParameterException;

/**
 * The command {@code waybill}. Exits with 0 if all was done, 1 if something failed, 2 if it was
 * called wrongly, 3 if some dead letters were left over, and 130 if it was interrupted.
 */
public final class Waybill {
  /** Something could not be done. */
  static final int FAILED = 1;

  /** Called wrongly. */
  static final int USAGE = 2;

  /**
   * There were more than were in hand, or some were no longer held when they were to be removed.
   */
  static final int LEFT_OVER = 3;

  /** By a signal, as shells have it. */
  static final int INTERRUPTED = 130;

  /** As long as copies that are on their way may take, and giving back. */
  private static final long LAST_SECONDS = 40;

  @Command(
      name = "waybill",
      description = "Works on what Waybill has put on a broker.",
      mixinStandardHelpOptions = true,
      versionProvider = Version.class,
      synopsisSubcommandLabel = "COMMAND")
  private static final class Root {}

  @Command(
      name = "dead-letters",
      aliases = "dlq",
      description = {
        "Looks at dead letters and decides about them.",
        "To look takes them in hand for a moment, and changes nothing. Whatever happens, a dead letter is gone only"
            + " after what was decided about it is confirmed."
      },
      mixinStandardHelpOptions = true,
      synopsisSubcommandLabel = "COMMAND")
  private static final class DeadLetters {}

  private static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Waybill.class.getPackage().getImplementationVersion();
      return new String[] {"waybill " + (version == null ? "(not packaged)" : version)};
    }
  }

  private Waybill() {}

  /** Runs the command and exits. */
  public static void main(String[] args) {
    PrintWriter out = utf8(FileDescriptor.out);
    PrintWriter err = utf8(FileDescriptor.err);
    Thread worker = Thread.currentThread();
    CountDownLatch finished = new CountDownLatch(1);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> interrupt(worker, finished), "waybill-interrupt"));
    int code = FAILED;
    try {
      Terminal terminal = new Terminal(out, err, Boolean.getBoolean("waybill.terminal"));
      code = run(terminal, System.getenv(), args);
    } finally {
      finished.countDown();
    }
    System.exit(code);
  }

  private static PrintWriter utf8(FileDescriptor descriptor) {
    return new PrintWriter(new FileOutputStream(descriptor), true, StandardCharsets.UTF_8);
  }

  /** The worker finishes what it has begun and gives the rest back. */
  private static void interrupt(Thread worker, CountDownLatch finished) {
    if (finished.getCount() == 0) {
      return;
    }
    worker.interrupt();
    try {
      var unused = finished.await(LAST_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Runs the command; gives its exit code. */
  static int run(Terminal terminal, Map<String, String> environment, String... args) {
    CommandLine line = commandLine(terminal, environment);
    line.setOut(terminal.out());
    line.setErr(terminal.err());
    int code = line.execute(args);
    terminal.out().flush();
    terminal.err().flush();
    return code;
  }

  private static CommandLine commandLine(Terminal terminal, Map<String, String> environment) {
    CommandLine deadLetters =
        new CommandLine(new DeadLetters())
            .addSubcommand(new ListCommand(terminal, environment))
            .addSubcommand(new ShowCommand(terminal, environment))
            .addSubcommand(new ExportCommand(terminal, environment))
            .addSubcommand(new EditCommand(terminal, environment))
            .addSubcommand(new ReplayCommand(terminal, environment))
            .addSubcommand(new DiscardCommand(terminal, environment));
    CommandLine root = new CommandLine(new Root()).addSubcommand(deadLetters);
    root.setUsageHelpWidth(100);
    root.setParameterExceptionHandler(Waybill::usage);
    root.setExecutionExceptionHandler((thrown, failed, parsed) -> failed(thrown, terminal.err()));
    return root;
  }

  /** Says what has failed; and that the end did, too, if it did. */
  static int failed(Exception thrown, PrintWriter err) throws Exception {
    if (!(thrown instanceof MessagingException) && !(thrown instanceof UncheckedIOException)) {
      throw thrown;
    }
    err.println(Text.sentences(String.valueOf(thrown.getMessage())));
    for (Throwable besides : thrown.getSuppressed()) {
      if (besides instanceof MessagingException) {
        err.println(Text.sentences(String.valueOf(besides.getMessage())));
      }
    }
    return Thread.interrupted() ? INTERRUPTED : FAILED;
  }

  /** Says what is wrong; never repeats the whole line, which may have a password in it. */
  private static int usage(ParameterException wrong, String[] args) {
    CommandLine command = wrong.getCommandLine();
    command.getErr().println(Text.sentences(String.valueOf(wrong.getMessage())));
    command.getErr().println("See: " + command.getCommandSpec().qualifiedName() + " --help");
    return USAGE;
  }
}
