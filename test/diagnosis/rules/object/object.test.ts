import { describe, expect, it } from 'vitest';
import { namespaceTerminating, stuckDeleting } from '../../../../src/diagnosis/rules/object/deletion.ts';
import { ownerBroken } from '../../../../src/diagnosis/rules/object/owners.ts';
import { warningEvents } from '../../../../src/diagnosis/rules/object/warnings.ts';
import { check, eventOn, object, owned, pod, timeOr, type Fields } from '../../../support/fixtures.ts';

const held = (ago: string, fields: Fields = {}) =>
  object('ConfigMap', 'held', {
    'metadata.namespace': 'old',
    'metadata.deletionTimestamp': `now-${ago}`,
    'metadata.finalizers': ['shop.example.com/cleanup'],
    ...fields,
  });

describe('object/stuck-deleting', () => {
  it('names the finalizer that remains, and does not propose to remove it', () => {
    const [finding] = check(stuckDeleting, [held('20m')]);
    expect(finding).toMatchObject({
      title: 'ConfigMap held cannot be deleted: finalizer shop.example.com/cleanup remains',
      since: timeOr('now-20m'),
    });
    expect(finding?.remediation.map((s) => s.command ?? '').join()).not.toMatch(/patch|delete|edit/);
  });

  it('is silent for ten minutes', () => {
    expect(check(stuckDeleting, [held('9m')])).toEqual([]);
  });

  it('is silent while dependents go first, and for a volume that is still bound', () => {
    const deployment = object('Deployment', 'web', {
      'metadata.deletionTimestamp': 'now-1h',
      'metadata.finalizers': ['foregroundDeletion'],
    });
    expect(check(stuckDeleting, [deployment, owned(object('ReplicaSet', 'web-5f'), deployment)])).toEqual([]);
    expect(check(stuckDeleting, [deployment])).toHaveLength(1);
    const volume = object('PersistentVolume', 'data', {
      'metadata.deletionTimestamp': 'now-1h',
      'metadata.finalizers': ['kubernetes.io/pv-protection'],
    });
    expect(check(stuckDeleting, [volume])).toEqual([]);
  });
});

describe('object/namespace-terminating', () => {
  const terminating = (ago: string) =>
    object('Namespace', 'old', {
      'status.phase': 'Terminating',
      'metadata.deletionTimestamp': `now-${ago}`,
      'status.conditions[NamespaceDeletionDiscoveryFailure].status': 'False',
      'status.conditions[NamespaceContentRemaining].status': 'True',
      'status.conditions[NamespaceContentRemaining].message':
        'Some resources are remaining: configmaps. has 1 resource instances',
      'status.conditions[NamespaceFinalizersRemaining].status': 'True',
      'status.conditions[NamespaceFinalizersRemaining].message':
        'Some content in the namespace has finalizers remaining: shop.example.com/cleanup in 1 resource instances',
    });

  it('quotes what holds it and points at the object that hangs in it', () => {
    const [finding] = check(namespaceTerminating, [terminating('20m'), held('20m')]);
    expect(finding?.title).toBe('Namespace old has been terminating for 20m: finalizers remain in it');
    expect(finding?.cause).toContain('shop.example.com/cleanup in 1 resource instances');
    expect(finding?.causedBy).toMatchObject([{ kind: 'ConfigMap', namespace: 'old', name: 'held' }]);
  });

  it('is silent in the first minutes and for an active namespace', () => {
    expect(check(namespaceTerminating, [terminating('4m')])).toEqual([]);
    expect(check(namespaceTerminating, [object('Namespace', 'shop')])).toEqual([]);
  });
});

describe('object/owner-broken', () => {
  const orphan = (apiVersion: string, kind: string, fields: Fields = {}) =>
    object('ConfigMap', 'copy', {
      'metadata.ownerReferences': [{ apiVersion, kind, name: 'web', uid: 'gone', controller: true }],
      ...fields,
    });

  it('names the owner that does not exist', () => {
    const [finding] = check(ownerBroken, [orphan('apps/v1', 'Deployment')]);
    expect(finding?.title).toBe('ConfigMap copy names an owner that does not exist: Deployment web');
  });

  it('knows that an object without a namespace has no namespaced owner', () => {
    const role = object('ClusterRole', 'shared', {
      'metadata.creationTimestamp': 'now-10s',
      'metadata.ownerReferences': [{ apiVersion: 'v1', kind: 'ConfigMap', name: 'web', uid: 'gone' }],
    });
    expect(check(ownerBroken, [role])[0]?.cause).toContain('belongs to no namespace');
  });

  it('is silent for kinds that were not read, of other groups, and in the first minutes', () => {
    expect(check(ownerBroken, [orphan('apps/v1', 'Deployment')], { unread: ['Deployment'] })).toEqual([]);
    expect(check(ownerBroken, [orphan('serving.knative.dev/v1', 'Service')])).toEqual([]);
    expect(check(ownerBroken, [orphan('v1', 'Service', { 'metadata.creationTimestamp': 'now-1m' })])).toEqual([]);
    const service = object('Service', 'web', { 'metadata.uid': 'gone' });
    expect(check(ownerBroken, [orphan('v1', 'Service'), service])).toEqual([]);
  });
});

describe('object/warning-events', () => {
  const budget = object('PodDisruptionBudget', 'web');
  const said = (fields: Fields) => eventOn(budget, 'UnmanagedPods', 'Pods were found to be unmanaged', fields);

  it('quotes what is said often and lately, and no rule knows', () => {
    const [finding] = check(warningEvents, [budget, said({ count: 5 })]);
    expect(finding?.title).toBe('PodDisruptionBudget web: UnmanagedPods (5 times): Pods were found to be unmanaged');
  });

  it('adds up events of one reason', () => {
    expect(check(warningEvents, [budget, said({ count: 2 }), said({ count: 1 })])).toHaveLength(1);
  });

  it('is silent when it is said seldom, long ago, of an object that is gone, or judged elsewhere', () => {
    expect(check(warningEvents, [budget, said({ count: 2 })])).toEqual([]);
    expect(check(warningEvents, [budget, said({ count: 9, lastTimestamp: 'now-40m' })])).toEqual([]);
    expect(check(warningEvents, [said({ count: 9 })])).toEqual([]);
    const web = pod('web-1');
    expect(check(warningEvents, [web, eventOn(web, 'Unhealthy', 'Readiness probe failed', { count: 9 })])).toEqual([]);
  });
});
