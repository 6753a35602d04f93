import { wordings } from '../pattern.ts';

/** A server that tells how a client of its own broke off. */
const FROM_CLIENT = /TLS handshake error from|SSL_do_handshake\(\) failed .{0,300}client:/;

export const tls = wordings('log/tls-failure', {
  'tls-go-x509': { find: /x509: (?<detail>.{1,200})/, unless: FROM_CLIENT },
  'tls-go': {
    find: /(?:remote error: )?tls: (?<detail>bad certificate|handshake failure|failed to verify certificate|unknown certificate authority|protocol version not supported|certificate required|expired certificate|first record does not look like a TLS handshake|internal error)/,
    unless: FROM_CLIENT,
  },
  'tls-go-plain': /(?<detail>server gave HTTP response to HTTPS client|malformed HTTP response)/,
  'tls-node':
    /\b(?<detail>CERT_HAS_EXPIRED|UNABLE_TO_VERIFY_LEAF_SIGNATURE|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_GET_ISSUER_CERT(?:_LOCALLY)?|ERR_TLS_CERT_ALTNAME_INVALID|CERT_NOT_YET_VALID)\b/,
  'tls-java-pkix': /(?<detail>PKIX path (?:building|validation) failed)/,
  'tls-java':
    /(?:SSLHandshakeException|CertificateExpiredException|CertificateException|SSLPeerUnverifiedException): (?<detail>.{1,200})/,
  'tls-java-plain': /SSLException: (?<detail>Unsupported or unrecognized SSL message)/,
  'tls-python': /\[SSL: (?<detail>[A-Z_]{4,60})\]/,
  'tls-openssl': {
    find: /(?<detail>wrong version number|certificate verify failed|certificate has expired|self[- ]signed certificate(?: in certificate chain)?|unable to get local issuer certificate|sslv3 alert handshake failure|tlsv1 alert \w{1,30}(?: \w{1,30}){0,3})/,
    unless: FROM_CLIENT,
  },
  'tls-curl': /curl: \((?:35|51|58|60|77)\) (?<detail>.{1,200})/,
  'tls-dotnet':
    /(?<detail>The remote certificate is invalid.{0,160}|The SSL connection could not be established.{0,100})/,
  'tls-postgres':
    /(?<detail>server does not support SSL, but SSL was required|root certificate file "[^"]{1,300}" does not exist)/,
  'tls-rust': /invalid peer certificate: (?<detail>.{1,120})/,
  'tls-erlang': /TLS client: In state \w{1,30} .{0,160}?(?<detail>Fatal - .{1,80})/,
});
