import { X509Certificate } from 'node:crypto';

/** What a public certificate says about itself. */
export interface CertificateDates {
  readonly subject: string;
  /** ms since the epoch. */
  readonly notAfter: number;
  /** As openssl writes it: `Jan  1 00:00:00 2025 GMT`. */
  readonly notAfterText: string;
}

/**
 * The certificates of a bundle as the API holds it: PEM blocks, base64 once more. What cannot be parsed is left out.
 * Bundles are public; certificates in Secrets are not read.
 */
export function certificatesOf(bundle: string): readonly CertificateDates[] {
  const pem = Buffer.from(bundle, 'base64').toString('latin1');
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  return blocks.flatMap((block) => {
    try {
      const { subject, validTo } = new X509Certificate(block);
      return [{ subject: subject.replaceAll('\n', ', '), notAfter: Date.parse(validTo), notAfterText: validTo }];
    } catch {
      return [];
    }
  });
}
