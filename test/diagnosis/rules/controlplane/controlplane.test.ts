import { describe, expect, it } from 'vitest';
import {
  apiServiceUnavailable,
  crdNotServed,
  metricsApiMissing,
} from '../../../../src/diagnosis/rules/controlplane/apis.ts';
import { leaseStale, staticPodCrash } from '../../../../src/diagnosis/rules/controlplane/components.ts';
import { check, object, pod, type Fields } from '../../../support/fixtures.ts';

const api = (name: string, fields: Fields = {}) =>
  object('APIService', name, {
    'spec.group': 'op.example.com',
    'spec.version': 'v1',
    'spec.service': { name: 'op', namespace: 'ops' },
    'status.conditions[Available].status': 'False',
    'status.conditions[Available].reason': 'MissingEndpoints',
    'status.conditions[Available].message': 'endpoints for service/op in "ops" have no addresses',
    'status.conditions[Available].lastTransitionTime': 'now-5m',
    ...fields,
  });

describe('controlplane/apiservice-unavailable', () => {
  it('tells the reason in words and points to the Service and its pods', () => {
    const op = object('Service', 'op', { 'metadata.namespace': 'ops' });
    const behind = pod('op-1', { 'metadata.namespace': 'ops', 'metadata.labels.app': 'op' });
    const [finding] = check(apiServiceUnavailable, [api('v1.op.example.com'), op, behind]);
    expect(finding?.title).toBe('API op.example.com is unavailable: Service op has no ready endpoint');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['op', 'op-1']);
  });

  it('is silent in the first minute and for an API that the server serves itself', () => {
    const young = { 'status.conditions[Available].lastTransitionTime': 'now-20s' };
    expect(check(apiServiceUnavailable, [api('a', young), api('b', { 'spec.service': undefined })])).toEqual([]);
  });
});

describe('controlplane/metrics-api-missing', () => {
  const name = 'v1beta1.metrics.k8s.io';

  it('is information when metrics-server is not installed', () => {
    expect(check(metricsApiMissing, [])[0]?.title).toBe('No resource metrics: metrics-server is not installed');
    expect(metricsApiMissing.severity).toBe('info');
  });

  it('is silent when it answers and when registrations could not be read', () => {
    expect(check(metricsApiMissing, [api(name, { 'status.conditions[Available].status': 'True' })])).toEqual([]);
    expect(check(metricsApiMissing, [], { unread: ['APIService'] })).toEqual([]);
  });

  it('is a consequence of the registration that does not answer', () => {
    expect(check(metricsApiMissing, [api(name)])[0]?.causedBy).toContainEqual(expect.objectContaining({ name }));
  });
});

describe('controlplane/crd-not-served', () => {
  const crd = (fields: Fields) =>
    object('CustomResourceDefinition', 'gears.example.com', {
      'spec.versions': [{ name: 'v1', served: true }],
      'status.conditions[Established].status': 'True',
      'status.conditions[NamesAccepted].status': 'True',
      ...fields,
    });

  it('quotes a conflict of names', () => {
    const [finding] = check(crdNotServed, [
      crd({
        'status.conditions[NamesAccepted].status': 'False',
        'status.conditions[NamesAccepted].reason': 'ListKindConflict',
        'status.conditions[NamesAccepted].message': '"CogList" is already in use',
      }),
    ]);
    expect(finding?.title).toBe('Custom resource type gears.example.com is not usable: CogList is already in use');
  });

  it('gives a deletion ten minutes', () => {
    const leaving = (since: string) =>
      crd({
        'status.conditions[Terminating].status': 'True',
        'status.conditions[Terminating].message': 'instances remain',
        'status.conditions[Terminating].lastTransitionTime': since,
      });
    expect(check(crdNotServed, [leaving('now-20m')])).toHaveLength(1);
    expect(check(crdNotServed, [leaving('now-5m')])).toEqual([]);
  });

  const converted = {
    'spec.conversion': {
      strategy: 'Webhook',
      webhook: { clientConfig: { service: { name: 'op', namespace: 'ops' } } },
    },
  };
  it('sees a converter that is gone, where more than one version is served', () => {
    const two = {
      ...converted,
      'spec.versions': [
        { name: 'v1', served: true },
        { name: 'v2', served: true },
      ],
    };
    const [finding] = check(crdNotServed, [crd(two)]);
    expect(finding?.causedBy).toContainEqual({ kind: 'Service', namespace: 'ops', name: 'op' });
    expect(check(crdNotServed, [crd(converted)])).toEqual([]);
  });
});

describe('controlplane/lease-stale', () => {
  const lease = (renewTime: string) =>
    object('Lease', 'kube-scheduler', {
      'metadata.namespace': 'kube-system',
      'spec.holderIdentity': 'cp-1_abc',
      'spec.renewTime': renewTime,
    });

  it('says for how long nobody has led', () => {
    expect(check(leaseStale, [lease('now-90s')])[0]?.title).toBe('kube-scheduler has had no active leader for 90s');
  });

  it('is silent for a Lease that is renewed, and for a control plane that shows none', () => {
    expect(check(leaseStale, [lease('now-20s')])).toEqual([]);
    expect(check(leaseStale, [])).toEqual([]);
  });
});

describe('controlplane/static-pod-crash', () => {
  const etcd = (fields: Fields) =>
    pod('etcd-cp-1', {
      'metadata.namespace': 'kube-system',
      'metadata.annotations[kubernetes.io/config.mirror]': 'a1',
      'status.containerStatuses[etcd].restartCount': 4,
      ...fields,
    });
  const ended = (startedAt: string, finishedAt: string) => ({
    'status.containerStatuses[etcd].lastState.terminated.exitCode': 2,
    'status.containerStatuses[etcd].lastState.terminated.startedAt': startedAt,
    'status.containerStatuses[etcd].lastState.terminated.finishedAt': finishedAt,
  });

  it('names the node and the exit code of a control-plane pod in a crash loop', () => {
    const crashing = etcd({
      'status.containerStatuses[etcd].state.waiting.reason': 'CrashLoopBackOff',
      'status.conditions[Ready].status': 'False',
      ...ended('now-3m', 'now-2m'),
    });
    const [finding] = check(staticPodCrash, [crashing]);
    expect(finding?.title).toBe('Control-plane pod etcd-cp-1 on node-1 fails: exit code 2');
    expect(finding?.severity).toBe('critical');
  });

  it('is silent for one restart after a long run, and for pods that a controller makes', () => {
    expect(check(staticPodCrash, [etcd(ended('now-30d', 'now-20m'))])).toEqual([]);
    const ordinary = etcd({ 'metadata.annotations': undefined, ...ended('now-3m', 'now-2m') });
    expect(check(staticPodCrash, [ordinary])).toEqual([]);
  });
});
