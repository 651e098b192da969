package dev.waybill.transport.rabbitmq;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.cert.Certificate;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Collection;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.KeyManager;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;

/**
 * Which certificates a RabbitMQ transport trusts, and which one it shows. Without any of these
 * settings it trusts what the JVM trusts and shows none. The broker's certificate must be made out
 * to the host that is called; that can't be switched off.
 *
 * <p>Files are read by {@link RabbitTransport.Builder#build}, which reports what is wrong with
 * them, and again for each connection, so that certificates may be replaced while a bus runs. A
 * later call replaces an earlier one of its kind.
 *
 * <p>Not thread-safe.
 */
public final class RabbitTls {
  private static final String NO_PASSWORD = "";
  private static final Pattern KEY =
      Pattern.compile("-----BEGIN PRIVATE KEY-----([^-]+)-----END PRIVATE KEY-----");

  private @Nullable Material trust;
  private @Nullable Material identity;

  /** Makes a store from files. */
  private interface Loader {
    KeyStore load() throws IOException, GeneralSecurityException;
  }

  /**
   * Certificates, and keys.
   *
   * @param password of the keys
   */
  private record Material(String files, String remedy, String password, Loader loader) {
    KeyStore store() throws GeneralSecurityException {
      try {
        return loader.load();
      } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
        throw new GeneralSecurityException("tls: %s can't be used: %s".formatted(files, remedy), e);
      }
    }

    @Override
    public String toString() {
      return files;
    }
  }

  RabbitTls() {}

  /** Trusts the certificates in a PEM file, and no others. */
  public RabbitTls trustCertificates(Path pem) {
    trust =
        new Material(
            "the file " + pem,
            "give a PEM file with certificates, which this process may read.",
            NO_PASSWORD,
            () -> {
              KeyStore store = empty();
              int count = 0;
              for (Certificate certificate : certificates(pem)) {
                store.setCertificateEntry("trusted-" + count++, certificate);
              }
              return store;
            });
    return this;
  }

  /** Trusts the certificates in a store (PKCS12 or JKS), and no others. */
  public RabbitTls trustStore(Path store, String password) {
    trust = stored(store, password);
    return this;
  }

  /**
   * Shows a certificate to the broker.
   *
   * @param chain a PEM file: the certificate, and those that lead to what the broker trusts
   * @param privateKey a PEM file: the key, not encrypted, in PKCS8 ({@code BEGIN PRIVATE KEY})
   */
  public RabbitTls certificate(Path chain, Path privateKey) {
    identity =
        new Material(
            "the files %s and %s".formatted(chain, privateKey),
            "give a PEM file with certificates and one with their first one's key, as \"openssl"
                + " pkcs8 -topk8 -nocrypt\" writes it, which this process may read.",
            NO_PASSWORD,
            () -> {
              List<Certificate> certificates = certificates(chain);
              KeyStore store = empty();
              store.setKeyEntry(
                  "key",
                  key(privateKey, certificates.get(0).getPublicKey().getAlgorithm()),
                  NO_PASSWORD.toCharArray(),
                  certificates.toArray(Certificate[]::new));
              return store;
            });
    return this;
  }

  /**
   * Shows the certificate of a store (PKCS12 or JKS) to the broker.
   *
   * @param password of the store and of the key in it
   */
  public RabbitTls keyStore(Path store, String password) {
    identity = stored(store, password);
    return this;
  }

  /**
   * The context, from the files as they are now.
   *
   * @throws GeneralSecurityException whose message is a sentence with the remedy
   */
  SSLContext context() throws GeneralSecurityException {
    Material trusted = trust;
    Material own = identity;
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        own == null ? null : managers(own), trusted == null ? null : trusting(trusted), null);
    return context;
  }

  /** Without any value. */
  @Override
  public String toString() {
    return "RabbitTls[%s%s]"
        .formatted(trust == null ? "" : "trust", identity == null ? "" : " identity");
  }

  private static KeyManager[] managers(Material own) throws GeneralSecurityException {
    KeyManagerFactory factory =
        KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
    factory.init(own.store(), own.password().toCharArray());
    return factory.getKeyManagers();
  }

  private static TrustManager[] trusting(Material trusted) throws GeneralSecurityException {
    TrustManagerFactory factory =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    factory.init(trusted.store());
    return factory.getTrustManagers();
  }

  private static Material stored(Path store, String password) {
    return new Material(
        "the store " + store,
        "give a PKCS12 or JKS store that is not empty, which this process may read, and its"
            + " password.",
        password,
        () -> {
          KeyStore loaded = KeyStore.getInstance(store.toFile(), password.toCharArray());
          if (loaded.size() == 0) {
            throw new GeneralSecurityException("there is nothing in it");
          }
          return loaded;
        });
  }

  private static KeyStore empty() throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    return store;
  }

  private static List<Certificate> certificates(Path pem)
      throws IOException, GeneralSecurityException {
    Collection<? extends Certificate> found =
        CertificateFactory.getInstance("X.509")
            .generateCertificates(new ByteArrayInputStream(Files.readAllBytes(pem)));
    if (found.isEmpty()) {
      throw new CertificateException("there is none in it");
    }
    return new ArrayList<>(found);
  }

  private static PrivateKey key(Path pem, String algorithm)
      throws IOException, GeneralSecurityException {
    Matcher key = KEY.matcher(Files.readString(pem, StandardCharsets.US_ASCII));
    if (!key.find()) {
      throw new GeneralSecurityException("there is no \"BEGIN PRIVATE KEY\" in it");
    }
    byte[] encoded = Base64.getMimeDecoder().decode(key.group(1));
    return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded));
  }
}
