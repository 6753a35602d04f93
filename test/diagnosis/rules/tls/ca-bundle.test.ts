import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { certificatesOf } from '../../../../src/cluster/index.ts';
import { caBundleExpired } from '../../../../src/diagnosis/rules/tls/ca-bundle.ts';
import { check, eventOn, object, owned, type Fields } from '../../../support/fixtures.ts';

/** A certificate authority that was valid during 2024, as the manifest of the cluster suite has it. */
const manifest = readFileSync(`${import.meta.dirname}/../../../cluster/faults/tls/ca-bundle-expired.yaml`, 'utf8');
const old = /caBundle: (\S+)/.exec(manifest)?.[1] ?? '';
const at = (day: string) => ({ at: Date.parse(`${day}T00:00:00Z`) });

const configuration = (caBundle: string, fields: Fields = {}) =>
  object('ValidatingWebhookConfiguration', 'policies', {
    webhooks: [{ name: 'check.example.com', clientConfig: { service: { name: 'op', namespace: 'ops' }, caBundle } }],
    ...fields,
  });

describe('certificatesOf', () => {
  it('reads the dates of a bundle and leaves out what is no certificate', () => {
    const broken = Buffer.from('-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n');
    const both = Buffer.concat([broken, Buffer.from(old, 'base64')]).toString('base64');
    expect(certificatesOf(both)).toEqual([
      {
        subject: 'CN=f-old-ca',
        notAfter: Date.parse('2025-01-01T00:00:00Z'),
        notAfterText: 'Jan  1 00:00:00 2025 GMT',
      },
    ]);
    expect(certificatesOf('')).toEqual([]);
  });
});

describe('tls/ca-bundle-expired', () => {
  it('says when a bundle ended, with the date as openssl prints it', () => {
    const [finding] = check(caBundleExpired, [configuration(old)]);
    expect(finding?.title).toBe('CA bundle of ValidatingWebhookConfiguration policies expired on 2025-01-01');
    expect(finding?.severity).toBe('critical');
    expect(finding?.evidence[0].value).toBe('Jan  1 00:00:00 2025 GMT');
    expect(finding?.evidence[0].command).toContain('.caBundle}');
  });

  it('warns before the end, as early as the settings say', () => {
    expect(check(caBundleExpired, [configuration(old)], at('2024-12-20'))[0]?.severity).toBe('warning');
    expect(check(caBundleExpired, [configuration(old)], at('2024-11-20'))).toEqual([]);
    expect(
      check(caBundleExpired, [configuration(old)], { ...at('2024-11-20'), settings: { certificateWarnDays: 60 } }),
    ).toHaveLength(1);
  });

  it('judges API registrations and conversions of custom resources alike', () => {
    const api = object('APIService', 'v1.op.example.com', {
      'spec.service': { name: 'op', namespace: 'ops' },
      'spec.caBundle': old,
    });
    const crd = object('CustomResourceDefinition', 'ops.example.com', {
      'spec.conversion.webhook.clientConfig': { service: { name: 'op', namespace: 'ops' }, caBundle: old },
    });
    expect(check(caBundleExpired, [api, crd]).map((f) => f.subject.kind)).toEqual([
      'APIService',
      'CustomResourceDefinition',
    ]);
  });

  it('reports a bundle that does not vouch for the server, as the API server said', () => {
    const deployment = object('Deployment', 'web');
    const replicaSet = owned(object('ReplicaSet', 'web-5f', { 'status.replicas': 0 }), deployment);
    const event = eventOn(
      replicaSet,
      'FailedCreate',
      'Error creating: failed calling webhook "check.example.com": tls: failed to verify certificate: x509: certificate signed by unknown authority',
    );
    const [finding] = check(caBundleExpired, [configuration(old), deployment, replicaSet, event], at('2024-06-01'));
    expect(finding?.title).toContain('does not match its server');
  });

  it('is silent for a webhook that relies on the roots of the system', () => {
    expect(check(caBundleExpired, [configuration('')])).toEqual([]);
  });
});
