package dev.waybill.testkit.broker;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import java.util.List;

/**
 * A key with a certificate that it has signed itself, made by the JDK's {@code keytool}; good for a
 * day, and for tests only. The certificate is made out to the address 127.0.0.1 and to no host
 * name.
 *
 * @param name the common name
 * @param folder where the files are
 * @param password the password of the stores
 */
public record TestCertificate(String name, Path folder, String password) {

  private static final String ALIAS = "key";

  /** Makes the key, the certificate and all files. */
  static TestCertificate make(String name, Path folder, String password) throws IOException {
    TestCertificate made = new TestCertificate(name, folder, password);
    String keytool = Path.of(System.getProperty("java.home"), "bin", "keytool").toString();
    String store = made.keyStore().toString();
    List<String> line =
        List.of(
            keytool,
            "-genkeypair",
            "-keyalg",
            "EC",
            "-alias",
            ALIAS,
            "-dname",
            "CN=" + name,
            "-ext",
            "san=ip:127.0.0.1",
            "-validity",
            "1",
            "-storetype",
            "PKCS12",
            "-keystore",
            store,
            "-storepass",
            password);
    Folders.run(line);
    try {
      made.writeOtherForms();
    } catch (GeneralSecurityException e) {
      throw new IOException("What keytool made can't be read: " + store, e);
    }
    return made;
  }

  /**
   * The key with its certificate.
   *
   * @return a PKCS12 store
   */
  public Path keyStore() {
    return file(".p12");
  }

  /**
   * What trusts the certificate.
   *
   * @return a PKCS12 store
   */
  public Path trustStore() {
    return file("-trust.p12");
  }

  /**
   * What trusts the certificate, in Java's older form.
   *
   * @return a JKS store
   */
  public Path trustStoreJks() {
    return file("-trust.jks");
  }

  /**
   * The certificate alone.
   *
   * @return a PEM file
   */
  public Path certificate() {
    return file(".crt");
  }

  /**
   * The private key alone, not encrypted.
   *
   * @return a PEM file (PKCS8)
   */
  public Path privateKey() {
    return file(".key");
  }

  /** The name alone. */
  @Override
  public String toString() {
    return "TestCertificate[" + name + "]";
  }

  private Path file(String ending) {
    return folder.resolve(name + ending);
  }

  private void writeOtherForms() throws IOException, GeneralSecurityException {
    KeyStore keys = KeyStore.getInstance(keyStore().toFile(), password.toCharArray());
    Certificate certificate = keys.getCertificate(ALIAS);
    writeTrust("PKCS12", certificate, trustStore());
    writeTrust("JKS", certificate, trustStoreJks());
    writePem("CERTIFICATE", certificate.getEncoded(), certificate());
    writePem("PRIVATE KEY", keys.getKey(ALIAS, password.toCharArray()).getEncoded(), privateKey());
  }

  private void writeTrust(String type, Certificate trusted, Path file)
      throws IOException, GeneralSecurityException {
    KeyStore store = KeyStore.getInstance(type);
    store.load(null, null);
    store.setCertificateEntry(ALIAS, trusted);
    try (OutputStream out = Files.newOutputStream(file)) {
      store.store(out, password.toCharArray());
    }
  }

  private static void writePem(String kind, byte[] content, Path file) throws IOException {
    String lines = Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(content);
    Files.writeString(
        file, "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(kind, lines, kind), US_ASCII);
  }
}
