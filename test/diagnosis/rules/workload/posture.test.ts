import { describe, expect, it } from 'vitest';
import { allOnOneNode, scaledToZero, selectorOverlap } from '../../../../src/diagnosis/rules/workload/posture.ts';
import { check, object, owned, pod } from '../../../support/fixtures.ts';

describe('workload/scaled-to-zero', () => {
  const web = object('Deployment', 'web', { 'spec.replicas': 0 });
  const service = object('Service', 'web');
  const ingress = object('Ingress', 'web', {
    'spec.defaultBackend': { service: { name: 'web', port: { number: 80 } } },
  });

  it('is a fact where nothing sends traffic, and a warning where an Ingress does', () => {
    expect(check(scaledToZero, [web, service])[0]?.severity).toBeUndefined();
    const [finding] = check(scaledToZero, [web, service, ingress]);
    expect(finding?.severity).toBe('warning');
    expect(finding?.title).toBe('web is scaled to zero, but Ingress web sends traffic to it');
    expect(finding?.affects?.map((r) => r.kind)).toEqual(['Service', 'Ingress']);
  });

  it('is silent where an autoscaler sizes the workload', () => {
    expect(check(scaledToZero, [web, service, ingress, object('HorizontalPodAutoscaler', 'web')])).toEqual([]);
  });
});

describe('workload/selector-overlap', () => {
  const labels = (app: string) => ({ 'spec.selector.matchLabels.app': app, 'spec.template.metadata.labels.app': app });

  it('names two workloads that take the same pods, once', () => {
    const objects = [object('Deployment', 'web', labels('web')), object('Deployment', 'web-canary', labels('web'))];
    expect(check(selectorOverlap, objects).map((f) => f.title)).toEqual(['web and web-canary select the same pods']);
  });

  it('is silent where one label differs, across namespaces, and for ReplicaSets of one Deployment', () => {
    const web = object('Deployment', 'web', labels('web'));
    expect(check(selectorOverlap, [web, object('Deployment', 'api', labels('api'))])).toEqual([]);
    expect(
      check(selectorOverlap, [web, object('Deployment', 'web', { ...labels('web'), 'metadata.namespace': 'test' })]),
    ).toEqual([]);
    const sets = ['web-1', 'web-2'].map((n) => owned(object('ReplicaSet', n, labels('web')), web));
    expect(check(selectorOverlap, [web, ...sets])).toEqual([]);
  });
});

describe('workload/all-on-one-node', () => {
  const nodes = ['node-1', 'node-2', 'node-3'].map((n) => object('Node', n));
  const replicas = (fields = {}) => {
    const web = object('Deployment', 'web', { 'spec.replicas': 2, ...fields });
    const set = owned(object('ReplicaSet', 'web-5f', { 'spec.replicas': 2 }), web);
    return [web, set, owned(pod('web-5f-1'), set), owned(pod('web-5f-2'), set)];
  };

  it('names the node, and warns when that node is about to go', () => {
    expect(check(allOnOneNode, [...replicas(), ...nodes])[0]?.title).toBe('All 2 replicas of web run on node node-1');
    const cordoned = [
      object('Node', 'node-1', { 'spec.unschedulable': true }),
      ...nodes.slice(1),
      object('Node', 'node-4'),
    ];
    expect(check(allOnOneNode, [...replicas(), ...cordoned])[0]?.severity).toBe('warning');
  });

  it('is silent in a small cluster, where a volume is shared and where the pods must be together', () => {
    expect(check(allOnOneNode, [...replicas(), ...nodes.slice(1)])).toEqual([]);
    const volume = { 'spec.template.spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
    expect(check(allOnOneNode, [...replicas(volume), ...nodes])).toEqual([]);
    const pinned = { 'spec.template.spec.nodeSelector': { disk: 'ssd' } };
    expect(check(allOnOneNode, [...replicas(pinned), ...nodes])).toEqual([]);
  });
});
