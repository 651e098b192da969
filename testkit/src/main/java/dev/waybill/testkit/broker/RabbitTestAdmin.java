package dev.waybill.testkit.broker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What an administrator does on a {@link RabbitTestBroker}, in its virtual host.
 *
 * <p>All methods may be called from any thread.
 */
public final class RabbitTestAdmin {

  private static final String ACTING = "<<\"test\">>";
  private static final String SECRET = "changeit";

  /** Erlang takes no certificate that its owner has signed, but by this comparison. */
  private static final String LISTENER =
      """
      {ok, _} = application:ensure_all_started(ssl),
      {ok, Pem} = file:read_file("%1$s"),
      [{_, Trusted, _}] = public_key:pem_decode(Pem),
      Verify = fun
        (Peer, {bad_cert, selfsigned_peer}, State) ->
          case public_key:pkix_encode('OTPCertificate', Peer, otp) of
            Trusted -> {valid, State};
            _ -> {fail, selfsigned_peer}
          end;
        (_, {bad_cert, Reason}, _) -> {fail, Reason};
        (_, {extension, _}, State) -> {unknown, State};
        (_, _, State) -> {valid, State}
      end,
      _ = rabbit_networking:start_ssl_listener({"127.0.0.1", %4$d}, [
        {cacertfile, "%1$s"}, {certfile, "%2$s"}, {keyfile, "%3$s"},
        {verify, verify_peer}, {fail_if_no_peer_cert, true}, {verify_fun, {Verify, []}}], 2),
      ok.
      """;

  /** Called with an Erlang expression, whose result is {@code ok}. */
  interface Erlang {
    void expectOk(String expression);
  }

  private final Erlang erlang;
  private final String vhost;
  private final Path folder;
  private final Control control;
  private @Nullable RabbitTestTls tls;

  /** Makes the command {@code rabbitmqctl} for a node that runs. */
  interface Control {
    ProcessBuilder command(List<String> arguments);
  }

  RabbitTestAdmin(Erlang erlang, Control control, String vhost, Path folder) {
    this.erlang = erlang;
    this.control = control;
    this.vhost = RabbitTestBroker.binary(vhost);
    this.folder = folder;
  }

  /**
   * Makes a user without permissions.
   *
   * @param name of the user
   * @param password of the user
   */
  public void addUser(String name, String password) {
    tell("add_user", binary(name), binary(password));
  }

  /**
   * Changes a user's password; connections that are open stay.
   *
   * @param name of the user
   * @param password the new one
   */
  public void changePassword(String name, String password) {
    tell("change_password", binary(name), binary(password));
  }

  /**
   * Removes a user, and closes its connections.
   *
   * @param name of the user
   */
  public void removeUser(String name) {
    tell("delete_user", binary(name));
  }

  /**
   * Sets a user's permissions. Channels that are open may remember their old ones.
   *
   * @param name of the user
   * @param configure matches names of what it may configure
   * @param write matches names of what it may write to
   * @param read matches names of what it may read
   */
  public void permit(String name, String configure, String write, String read) {
    tell("set_permissions", binary(name), vhost, binary(configure), binary(write), binary(read));
  }

  /**
   * Sets how long a message may be open before the broker ends its channel, for channels that are
   * opened from now on; it is looked at each second. Without this it is 30 minutes, looked at each
   * minute.
   *
   * @param timeout whole milliseconds
   */
  public void consumerTimeout(Duration timeout) {
    erlang.expectOk(
        "application:set_env(rabbit, consumer_timeout, %d), application:set_env(rabbit, channel_tick_interval, 1000), ok."
            .formatted(timeout.toMillis()));
  }

  /** Ends {@link #consumerTimeout}. */
  public void standardConsumerTimeout() {
    erlang.expectOk(
        "application:set_env(rabbit, consumer_timeout, 1800000), application:set_env(rabbit, channel_tick_interval, 60000), ok.");
  }

  /**
   * Imports definitions by {@code rabbitmqctl import_definitions}.
   *
   * @param json a definitions file's text
   */
  public void importDefinitions(String json) {
    try {
      Path file = Files.writeString(folder.resolve("definitions.json"), json);
      Folders.run(control.command(List.of("import_definitions", file.toString())), "");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /**
   * Opens a port for clients with TLS, which have to show a certificate; until the broker is
   * stopped. Later calls return the same.
   *
   * @return the port and the certificates
   */
  public synchronized RabbitTestTls tls() {
    RabbitTestTls open = tls;
    if (open == null) {
      open = openTls();
      tls = open;
    }
    return open;
  }

  /**
   * Lets clients log in by {@link #tls} as the user who has their certificate's subject as name
   * ({@code CN=…}), as the plugin {@code rabbitmq_auth_mechanism_ssl} does.
   */
  public void certificateLogins() {
    erlang.expectOk(
        """
        {ok, Version} = application:get_key(rabbit, vsn),
        Plugins = filename:dirname(code:lib_dir(rabbit)),
        true = code:add_path(
          filename:join([Plugins, "rabbitmq_auth_mechanism_ssl-" ++ Version, "ebin"])),
        ok = rabbit_registry:register(
          auth_mechanism, <<"EXTERNAL">>, rabbit_auth_mechanism_ssl),
        application:set_env(rabbit, ssl_options, [{verify, verify_peer}]),
        application:set_env(rabbit, auth_mechanisms, ['PLAIN', 'AMQPLAIN', 'EXTERNAL']),
        ok.
        """);
  }

  private RabbitTestTls openTls() {
    try {
      RabbitTestTls made =
          new RabbitTestTls(
              FreePorts.next(),
              TestCertificate.make("rabbitmq-server", folder, SECRET),
              TestCertificate.make("rabbitmq-client", folder, SECRET));
      erlang.expectOk(
          LISTENER.formatted(
              made.client().certificate(),
              made.server().certificate(),
              made.server().privateKey(),
              made.port()));
      return made;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void tell(String function, String... arguments) {
    erlang.expectOk(
        "_ = rabbit_auth_backend_internal:%s(%s, %s), ok."
            .formatted(function, String.join(", ", arguments), ACTING));
  }

  private static String binary(String text) {
    return RabbitTestBroker.binary(text);
  }
}
