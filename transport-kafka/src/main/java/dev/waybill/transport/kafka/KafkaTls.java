package dev.waybill.transport.kafka;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Which certificates a Kafka transport trusts, and which one it shows. Without any of these
 * settings it trusts what the JVM trusts and shows none. The broker's certificate must be made out
 * to the host that is called; that can't be switched off.
 *
 * <p>Files are read when a method is called; what is wrong with them is reported by {@link
 * KafkaTransport.Builder#build}. A later call replaces an earlier one of its kind.
 *
 * <p>Not thread-safe.
 */
public final class KafkaTls {
  private static final String TRUST = "ssl.truststore.";
  private static final String KEY = "ssl.keystore.";
  private static final String KEY_PASSWORD = "ssl.key.password";

  private final Map<String, String> properties = new LinkedHashMap<>();
  private final List<String> problems = new ArrayList<>();

  KafkaTls() {}

  /** Trusts the certificates in a PEM file, and no others. */
  public KafkaTls trustCertificates(Path pem) {
    properties.keySet().removeIf(name -> name.startsWith(TRUST));
    properties.put(TRUST + "type", "PEM");
    properties.put(TRUST + "certificates", read(pem, "CERTIFICATE"));
    return this;
  }

  /** Trusts the certificates in a store (PKCS12 or JKS), and no others. */
  public KafkaTls trustStore(Path store, String password) {
    store(TRUST, store, password);
    return this;
  }

  /**
   * Shows a certificate to the broker, which then knows the application by it.
   *
   * @param chain a PEM file: the certificate, and those that lead to what the broker trusts
   * @param privateKey a PEM file: the key, not encrypted, in PKCS8 ({@code BEGIN PRIVATE KEY})
   */
  public KafkaTls certificate(Path chain, Path privateKey) {
    return certificate(chain, read(privateKey, "PRIVATE KEY"), null);
  }

  /**
   * Shows a certificate to the broker, which then knows the application by it.
   *
   * @param chain a PEM file: the certificate, and those that lead to what the broker trusts
   * @param privateKey a PEM file: the key, in PKCS8 ({@code BEGIN ENCRYPTED PRIVATE KEY})
   * @param password of the key
   */
  public KafkaTls certificate(Path chain, Path privateKey, String password) {
    return certificate(chain, read(privateKey, "ENCRYPTED PRIVATE KEY"), password);
  }

  private KafkaTls certificate(Path chain, String privateKey, @Nullable String password) {
    forgetKey();
    properties.put(KEY + "type", "PEM");
    properties.put(KEY + "certificate.chain", read(chain, "CERTIFICATE"));
    properties.put(KEY + "key", privateKey);
    if (password != null) {
      properties.put(KEY_PASSWORD, password);
    }
    return this;
  }

  /**
   * Shows the certificate of a store (PKCS12 or JKS) to the broker, which then knows the
   * application by it.
   *
   * @param password of the store and of the key in it
   */
  public KafkaTls keyStore(Path store, String password) {
    return keyStore(store, password, password);
  }

  /**
   * As {@link #keyStore(Path, String)}, of a store whose key has another password than the store.
   */
  public KafkaTls keyStore(Path store, String storePassword, String keyPassword) {
    forgetKey();
    store(KEY, store, storePassword);
    properties.put(KEY_PASSWORD, keyPassword);
    return this;
  }

  Map<String, String> properties() {
    return Map.copyOf(properties);
  }

  List<String> problems() {
    return List.copyOf(problems);
  }

  /** Without any value. */
  @Override
  public String toString() {
    return "KafkaTls" + properties.keySet();
  }

  private void forgetKey() {
    properties.keySet().removeIf(name -> name.startsWith(KEY) || name.equals(KEY_PASSWORD));
  }

  private void store(String kind, Path store, String password) {
    properties.keySet().removeIf(name -> name.startsWith(kind));
    properties.put(kind + "location", store.toString());
    properties.put(kind + "password", password);
    File file = store.toFile();
    if (!Files.isReadable(store)) {
      problems.add(unreadable(store));
      return;
    }
    try {
      properties.put(
          kind + "type",
          KeyStore.getInstance(file, password.toCharArray()).getType().toUpperCase(Locale.ROOT));
    } catch (IOException | GeneralSecurityException | IllegalArgumentException e) {
      problems.add(
          "tls: the store %s can't be opened: give a PKCS12 or JKS store and its password."
              .formatted(store));
    }
  }

  private String read(Path pem, String kind) {
    try {
      String text = Files.readString(pem);
      if (!text.contains("-----BEGIN " + kind + "-----")) {
        problems.add(
            "tls: the file %s has no \"BEGIN %s\": give a PEM file%s."
                .formatted(
                    pem,
                    kind,
                    kind.endsWith("KEY")
                        ? " of that form, as \"openssl pkcs8 -topk8\" writes it"
                        : " with certificates"));
      }
      return text;
    } catch (IOException e) {
      problems.add(unreadable(pem));
      return "";
    }
  }

  private static String unreadable(Path file) {
    return "tls: the file %s can't be read: does it exist, and may this process read it?"
        .formatted(file);
  }
}
