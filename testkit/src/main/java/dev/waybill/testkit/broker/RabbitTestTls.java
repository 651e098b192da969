package dev.waybill.testkit.broker;

/**
 * How clients connect to a {@link RabbitTestBroker} with TLS.
 *
 * @param port the port at 127.0.0.1
 * @param server the broker's certificate, made out to 127.0.0.1 and to no host name
 * @param client a certificate that the broker trusts
 */
public record RabbitTestTls(int port, TestCertificate server, TestCertificate client) {}
