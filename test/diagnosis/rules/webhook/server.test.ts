import { describe, expect, it } from 'vitest';
import { lockout, noReadyEndpoints, serviceMissing } from '../../../../src/diagnosis/rules/webhook/server.ts';
import { check, object, pod, type Fields } from '../../../support/fixtures.ts';

const hook = (entry: Fields = {}, fields: Fields = {}) =>
  object('ValidatingWebhookConfiguration', 'policies', {
    webhooks: [
      {
        name: 'check.example.com',
        failurePolicy: 'Fail',
        clientConfig: { service: { name: 'op', namespace: 'ops' } },
        rules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }],
        ...entry,
      },
    ],
    ...fields,
  });
const ops = { 'metadata.namespace': 'ops' };
const service = (fields: Fields = {}) => object('Service', 'op', { ...ops, 'spec.ports': [{ port: 443 }], ...fields });
const slice = (...ready: boolean[]) =>
  object('EndpointSlice', 'op', {
    ...ops,
    endpoints: ready.map((r) => ({ addresses: ['10.1.0.9'], conditions: { ready: r } })),
  });
const down = pod('op-1', {
  ...ops,
  'metadata.labels.app': 'op',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
});

describe('webhook/service-missing', () => {
  it('says what is refused when it fails closed', () => {
    const [finding] = check(serviceMissing, [hook()]);
    expect(finding?.title).toBe('Webhook check.example.com calls Service op, which does not exist');
    expect(finding?.cause).toContain('every CREATE of pods that it selects is refused');
    expect(finding?.severity).toBe('critical');
  });

  it('is a warning when it fails open', () => {
    expect(check(serviceMissing, [hook({ failurePolicy: 'Ignore' })])[0]?.severity).toBe('warning');
  });

  it('sees a port that the Service does not have', () => {
    const [finding] = check(serviceMissing, [hook(), service({ 'spec.ports': [{ port: 8443 }] })]);
    expect(finding?.title).toBe('Webhook check.example.com calls port 443, which Service op does not have');
  });

  it('reports the webhooks of one configuration that call the same Service once', () => {
    const two = hook({}, {});
    const entries = (two as unknown as { webhooks: Fields[] }).webhooks;
    entries.push({ ...entries[0], name: 'other.example.com' });
    expect(check(serviceMissing, [two])).toHaveLength(1);
  });

  it('is silent for a URL, an existing Service and unread Services', () => {
    expect(check(serviceMissing, [hook({ clientConfig: { url: 'https://x.example.com' } })])).toEqual([]);
    expect(check(serviceMissing, [hook(), service()])).toEqual([]);
    expect(check(serviceMissing, [hook()], { unread: ['Service'] })).toEqual([]);
  });
});

describe('webhook/no-ready-endpoints', () => {
  it('points to the Service and its pods', () => {
    const [finding] = check(noReadyEndpoints, [hook(), service(), slice(false), down]);
    expect(finding?.title).toBe('Webhook check.example.com: Service op has no ready pod');
    expect(finding?.causedBy).toContainEqual(expect.objectContaining({ kind: 'Pod', name: 'op-1' }));
  });

  it('is silent while one endpoint is ready and when slices could not be read', () => {
    expect(check(noReadyEndpoints, [hook(), service(), slice(false, true), down])).toEqual([]);
    expect(check(noReadyEndpoints, [hook(), service(), down], { unread: ['EndpointSlice'] })).toEqual([]);
  });
});

describe('webhook/lockout', () => {
  const world = (entry: Fields = {}, up = true) => [hook(entry), service(), slice(up), ...(up ? [] : [down])];

  it('warns of a webhook that fails closed for the pods of its own server', () => {
    const [finding] = check(lockout, world());
    expect(finding?.title).toBe('Webhook check.example.com can lock the cluster: it fails closed for its own pods');
    expect(finding?.severity).toBe('warning');
  });

  it('is critical when its server is down already', () => {
    expect(check(lockout, world({}, false))[0]?.severity).toBe('critical');
  });

  const notOps = { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: ['ops'] }] };
  it.each<[string, Fields]>([
    ['it fails open', { failurePolicy: 'Ignore' }],
    ['its namespace is left out', { namespaceSelector: notOps }],
    ['its pods are left out by label', { objectSelector: { matchLabels: { checked: 'yes' } } }],
    ['conditions may leave them out', { matchConditions: [{ name: 'x', expression: 'true' }] }],
    [
      'it checks other things than pods',
      { rules: [{ apiGroups: ['op.example.com'], operations: ['*'], resources: ['*'] }] },
    ],
    ['the labels of its namespace are not known', { namespaceSelector: { matchLabels: { injected: 'yes' } } }],
  ])('is silent when %s', (_, entry) => {
    expect(check(lockout, world(entry))).toEqual([]);
  });
});
