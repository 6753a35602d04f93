import { describe, expect, it } from 'vitest';
import {
  statefulSetBlocked,
  statefulSetServiceMissing,
  statefulSetUpdateHeld,
} from '../../../../src/diagnosis/rules/workload/statefulset.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const crashing: Fields = {
  'metadata.creationTimestamp': 'now-20m',
  'metadata.labels[controller-revision-hash]': 'db-old',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  'status.containerStatuses[web].restartCount': 6,
};

function set(fields: Fields, pods: Readonly<Record<string, Fields>>) {
  const db = object('StatefulSet', 'db', { 'spec.replicas': 3, 'spec.serviceName': '', ...fields });
  return [db, ...Object.entries(pods).map(([name, f]) => owned(pod(name, f), db))];
}

describe('workload/statefulset-blocked', () => {
  const none = { 'status.readyReplicas': undefined };

  it('names the pod that the later ones wait for', () => {
    const [finding] = check(statefulSetBlocked, set(none, { 'db-0': crashing }));
    expect(finding?.title).toBe('db waits for its pod db-0: 2 later replicas not created');
    expect(finding?.causedBy?.[0]).toMatchObject({ kind: 'Pod', name: 'db-0' });
  });

  it('counts from spec.ordinals.start', () => {
    const objects = set({ ...none, 'spec.ordinals.start': 5 }, { 'db-5': {}, 'db-6': crashing });
    expect(check(statefulSetBlocked, objects)[0]?.title).toBe('db waits for its pod db-6: 1 later replica not created');
  });

  it('tells that a broken pod of the old revision must be deleted once', () => {
    const rolling = {
      'status.readyReplicas': 2,
      'status.currentRevision': 'db-old',
      'status.updateRevision': 'db-new',
      'status.updatedReplicas': 0,
    };
    const [finding] = check(statefulSetBlocked, set(rolling, { 'db-0': {}, 'db-1': {}, 'db-2': crashing }));
    expect(finding?.severity).toBe('warning');
    expect(finding?.fix).toMatchObject({ verb: 'restart-pod', target: { name: 'db-2' } });
    expect(finding?.remediation[0].command).toBe('kubectl delete pod db-2 -n shop');
  });

  it('proposes no restart of a pod that has the new revision already', () => {
    const rolling = {
      'status.currentRevision': 'db-older',
      'status.updateRevision': 'db-old',
      'status.updatedReplicas': 1,
    };
    const [finding] = check(statefulSetBlocked, set(rolling, { 'db-0': {}, 'db-1': {}, 'db-2': crashing }));
    expect(finding?.title).toContain('2 pods not updated');
    expect(finding?.fix).toBeUndefined();
  });

  it('is silent when nothing waits, with parallel pods, and while the pod starts', () => {
    expect(check(statefulSetBlocked, set(none, { 'db-0': crashing, 'db-1': {}, 'db-2': {} }))).toEqual([]);
    const parallel = { ...none, 'spec.podManagementPolicy': 'Parallel' };
    expect(check(statefulSetBlocked, set(parallel, { 'db-0': crashing }))).toEqual([]);
    const young = {
      'metadata.creationTimestamp': 'now-40s',
      'status.conditions[Ready].status': 'False',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    };
    expect(check(statefulSetBlocked, set(none, { 'db-0': young }))).toEqual([]);
  });
});

describe('workload/statefulset-service-missing', () => {
  const db = object('StatefulSet', 'db', { 'spec.serviceName': 'db-peers' });

  it('names the Service that does not exist', () => {
    expect(check(statefulSetServiceMissing, [db])[0]?.title).toBe('db: its governing Service db-peers does not exist');
  });

  it('is silent when it exists, and where Services were not read', () => {
    expect(check(statefulSetServiceMissing, [db, object('Service', 'db-peers')])).toEqual([]);
    expect(check(statefulSetServiceMissing, [db], { unread: ['Service'] })).toEqual([]);
  });
});

describe('workload/statefulset-update-held', () => {
  const held = {
    'spec.replicas': 3,
    'spec.updateStrategy': { type: 'OnDelete' },
    'status.currentRevision': 'a',
    'status.updateRevision': 'b',
    'status.updatedReplicas': 1,
  };

  it('counts the pods of the old revision and says what holds them', () => {
    expect(check(statefulSetUpdateHeld, [object('StatefulSet', 'db', held)])[0]?.title).toBe(
      'db: 2 pods still run the old revision (strategy OnDelete)',
    );
  });

  it('leaves the StatefulSets of operators alone', () => {
    const cluster = object('ConfigMap', 'cluster');
    expect(check(statefulSetUpdateHeld, [owned(object('StatefulSet', 'db', held), cluster)])).toEqual([]);
  });
});
