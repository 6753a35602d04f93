import { describe, expect, it } from 'vitest';
import { selectorMatchesNothing, selectorNearMiss } from '../../../../src/diagnosis/rules/service/selector.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const service = (selector: Fields, fields: Fields = {}) =>
  object('Service', 'checkout', { 'spec.selector': selector, ...fields });
// The controller writes a slice without endpoints as null.
const emptySlice = object('EndpointSlice', 'checkout', { endpoints: null, ports: null });

/** A Deployment with one Ready pod; its template and pod carry the labels. */
function running(name: string, labels: Fields, fields: Fields = {}) {
  const deployment = object('Deployment', name, { 'spec.template.metadata.labels': labels, ...fields });
  const replicaSet = owned(object('ReplicaSet', `${name}-5f`, { 'spec.template.metadata.labels': labels }), deployment);
  return [deployment, replicaSet, owned(pod(`${name}-5f-1`, { 'metadata.labels': labels }), replicaSet)];
}

const idle = (name: string, labels: Fields) =>
  object('Deployment', name, { 'spec.template.metadata.labels': labels, 'spec.replicas': 0 });
const routed = object('Ingress', 'web', {
  'spec.rules': [
    {
      host: 'a.example.com',
      http: {
        paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'checkout', port: { number: 80 } } } }],
      },
    },
  ],
});

describe('service/selector-matches-nothing', () => {
  it('reports a Service whose selector no pod and no template carries', () => {
    const [finding] = check(selectorMatchesNothing, [
      service({ app: 'gone' }),
      emptySlice,
      ...running('web', { app: 'web' }),
    ]);
    expect(finding?.title).toBe('Service checkout has no endpoints: its selector matches no pod');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['{"app":"gone"}', '<unset>']);
    expect(finding?.evidence[1]?.command).toBe(
      'kubectl get endpointslices -n shop -l kubernetes.io/service-name=checkout',
    );
  });

  it.each([
    ['the Service has no selector', { 'spec.selector': undefined }],
    ['the Service is a DNS alias', { 'spec.type': 'ExternalName' }],
    ['the Service is headless and nothing uses it', { 'spec.clusterIP': 'None' }],
    ['the Service is seconds old', { 'metadata.creationTimestamp': 'now-30s' }],
  ])('is silent when %s', (_, fields) => {
    expect(check(selectorMatchesNothing, [service({ app: 'gone' }, fields), emptySlice])).toEqual([]);
  });

  it('is silent when a pod or a template carries the labels, whatever its state', () => {
    expect(
      check(selectorMatchesNothing, [service({ app: 'web' }), emptySlice, ...running('web', { app: 'web' })]),
    ).toEqual([]);
    expect(check(selectorMatchesNothing, [service({ app: 'web' }), emptySlice, idle('web', { app: 'web' })])).toEqual(
      [],
    );
  });

  it('is silent when pods, templates or slices could not be read', () => {
    for (const kind of ['Pod', 'Deployment', 'EndpointSlice'] as const)
      expect(check(selectorMatchesNothing, [service({ app: 'gone' }), emptySlice], { unread: [kind] })).toEqual([]);
  });

  it('is a consequence of its idle workload where an Ingress sends traffic to it', () => {
    const [finding] = check(selectorMatchesNothing, [
      service({ app: 'web' }),
      emptySlice,
      idle('web', { app: 'web' }),
      routed,
    ]);
    expect(finding?.causedBy).toEqual([expect.objectContaining({ kind: 'Deployment', name: 'web' })]);
  });

  it('leaves a workload alone that its platform wakes on traffic', () => {
    const knative = object('Deployment', 'fn', {
      'spec.replicas': 0,
      'spec.template.metadata.labels.app': 'web',
      'metadata.labels[serving.knative.dev/service]': 'fn',
    });
    expect(check(selectorMatchesNothing, [service({ app: 'web' }), emptySlice, knative, routed])).toEqual([]);
  });
});

describe('service/selector-near-miss', () => {
  it('names the pair that differs and the workload that was meant, and offers its value', () => {
    const [finding] = check(selectorNearMiss, [
      service({ app: 'chekout', tier: 'shop' }),
      emptySlice,
      ...running('checkout', { app: 'checkout', tier: 'shop' }),
      ...running('other', { app: 'other' }),
    ]);
    expect(finding?.title).toBe('Service checkout selects app=chekout, pods of checkout have app=checkout');
    expect(finding?.cause).toContain('1 Ready pod of checkout would match');
    expect(finding?.remediation[0].command).toBe(
      `kubectl patch service checkout -n shop -p '{"spec":{"selector":{"app":"checkout"}}}'`,
    );
    expect(finding?.fix).toEqual({
      verb: 'set-selector',
      target: { kind: 'Service', namespace: 'shop', name: 'checkout' },
      path: '.spec.selector.app',
      value: 'checkout',
    });
  });

  it('sees a key that was renamed', () => {
    const [finding] = check(selectorNearMiss, [
      service({ app: 'web' }),
      emptySlice,
      ...running('web', { 'app.kubernetes.io/name': 'web' }),
    ]);
    expect(finding?.evidence[1]?.command).toContain('.spec.template.metadata.labels.app\\.kubernetes\\.io/name');
    expect(finding?.remediation[0].command).toContain('{"app":null,"app.kubernetes.io/name":"web"}');
    expect(finding?.fix).toMatchObject({ path: '.spec.selector', value: { 'app.kubernetes.io/name': 'web' } });
  });

  it('does not guess between two workloads that miss by the same pair', () => {
    const two = [...running('a', { app: 'web', tier: 'a' }), ...running('b', { app: 'web', tier: 'b' })];
    expect(check(selectorNearMiss, [service({ app: 'web', tier: 'front' }), emptySlice, ...two])).toEqual([]);
  });

  it('does not take the other colour of a pair for the one that is meant', () => {
    const blue = object('Service', 'blue', { 'spec.selector': { app: 'web', color: 'blue' } });
    const pods = running('web', { app: 'web', color: 'blue' });
    expect(check(selectorNearMiss, [service({ app: 'web', color: 'green' }), emptySlice, blue, ...pods])).toEqual([]);
  });

  it('does not call a workload near that shares no pair and no spelling', () => {
    expect(
      check(selectorNearMiss, [service({ app: 'accounting' }), emptySlice, ...running('web', { app: 'web' })]),
    ).toEqual([]);
  });
});
