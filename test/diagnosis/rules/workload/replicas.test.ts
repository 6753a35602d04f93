import { describe, expect, it } from 'vitest';
import { degraded, unavailable } from '../../../../src/diagnosis/rules/workload/replicas.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const crashing: Fields = {
  'metadata.creationTimestamp': 'now-20m',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  'status.containerStatuses[web].restartCount': 6,
};
const young: Fields = {
  'metadata.creationTimestamp': 'now-30s',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.running.startedAt': 'now-25s',
  'status.containerStatuses[web].ready': false,
};

/** Deployment web with these pods below its ReplicaSet. */
function deployment(fields: Fields, pods: readonly Fields[]) {
  const web = object('Deployment', 'web', { 'spec.replicas': pods.length, ...fields });
  const set = owned(object('ReplicaSet', 'web-5f', { 'spec.replicas': pods.length }), web);
  return [web, set, ...pods.map((p, i) => owned(pod(`web-5f-${i}`, p), set))];
}

const short = { 'status.readyReplicas': 1, 'status.availableReplicas': 1, 'status.unavailableReplicas': 1 };
const down = {
  'status.readyReplicas': undefined,
  'status.availableReplicas': undefined,
  'status.conditions[Available].status': 'False',
  'status.conditions[Available].message': 'Deployment does not have minimum availability.',
  'status.conditions[Available].lastTransitionTime': 'now-5m',
};

describe('workload/degraded', () => {
  it('says how many replicas are ready, since when, and what the others say of themselves', () => {
    const [finding] = check(degraded, deployment(short, [{}, crashing]));
    expect(finding?.title).toBe('web: 1/2 replicas ready for 20m');
    expect(finding?.cause).toBe(
      '1 of 2 replicas of web are available. Cause not seen beyond this: container web waits with CrashLoopBackOff.',
    );
    expect(finding?.evidence[0]).toMatchObject({ value: '1/2', command: 'kubectl get deployment web -n shop' });
  });

  it('quotes the end of the last run of a crashing container, which holds between two tries', () => {
    const ended = {
      ...crashing,
      'status.containerStatuses[web].lastState.terminated': { exitCode: 3, reason: 'Error' },
    };
    const [finding] = check(degraded, deployment(short, [{}, ended]));
    expect(finding?.cause).toContain('container web keeps ending with exit code 3');
    expect(finding?.evidence.at(-1)?.command).toContain('.lastState.terminated.exitCode');
  });

  it('names the pods that are not ready, their claims and their ReplicaSet as the places of its cause', () => {
    const claim = { 'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] };
    const [finding] = check(degraded, deployment(short, [{}, { ...crashing, ...claim }]));
    expect(finding?.causedBy?.map((r) => `${r.kind}/${r.name}`)).toEqual([
      'Pod/web-5f-1',
      'PersistentVolumeClaim/data',
      'ReplicaSet/web-5f',
    ]);
  });

  it('names the node of a pod only where the node is not Ready', () => {
    const objects = deployment(short, [{}, crashing]);
    const sick = object('Node', 'node-1', { 'status.conditions[Ready].status': 'Unknown' });
    const refs = (node: typeof sick) => check(degraded, [...objects, node])[0]?.causedBy?.map((r) => r.kind);
    expect(refs(sick)).toContain('Node');
    expect(refs(object('Node', 'node-1'))).not.toContain('Node');
  });

  it('is silent while the missing replica is inside its start budget', () => {
    expect(check(degraded, deployment(short, [{}, young]))).toEqual([]);
  });

  it('is silent in the first two minutes, and while a rollout moves', () => {
    const fresh = { ...crashing, 'metadata.creationTimestamp': 'now-100s' };
    expect(check(degraded, deployment(short, [{}, fresh]))).toEqual([]);
    const moving = { ...short, 'status.conditions[Progressing].reason': 'ReplicaSetUpdated' };
    expect(check(degraded, deployment(moving, [{}, crashing]))).toEqual([]);
  });

  it('is silent for as long as a person allows the workload to start', () => {
    const slow = {
      ...young,
      'metadata.creationTimestamp': 'now-4m',
      'status.containerStatuses[web].state.running.startedAt': 'now-4m',
      'status.conditions[Ready].lastTransitionTime': 'now-4m',
    };
    const objects = deployment(short, [{}, slow]);
    const startupGrace = [{ workload: 'web', seconds: 360 }];
    expect(check(degraded, objects)).toHaveLength(1);
    expect(check(degraded, objects, { settings: { startupGrace } })).toEqual([]);
  });

  it('counts a replica that is Ready but not yet available as starting until minReadySeconds have passed', () => {
    const ready = { 'spec.minReadySeconds': 300, 'status.readyReplicas': 2, 'status.availableReplicas': 1 };
    const since = (t: string) => ({ 'status.conditions[Ready].lastTransitionTime': t });
    expect(check(degraded, deployment(ready, [{}, since('now-100s')]))).toEqual([]);
  });

  it('reports a replica that nobody made, without Deployment condition, by what the controller did last', () => {
    const set = object('StatefulSet', 'db', {
      'spec.replicas': 3,
      'status.readyReplicas': 2,
      'status.availableReplicas': 2,
    });
    const pods = [0, 1].map((i) => owned(pod(`db-${i}`, { 'metadata.creationTimestamp': 'now-10m' }), set));
    expect(check(degraded, [set, ...pods])[0]?.title).toBe('db: 2/3 replicas ready for 10m');
  });

  it('waits for a StatefulSet pod that ends within its grace period', () => {
    const set = object('StatefulSet', 'db', {
      'spec.replicas': 2,
      'status.readyReplicas': 1,
      'status.availableReplicas': 1,
    });
    const leaving = pod('db-1', {
      'metadata.deletionTimestamp': 'now+20s',
      'status.conditions[Ready].status': 'False',
    });
    expect(check(degraded, [set, owned(pod('db-0'), set), owned(leaving, set)])).toEqual([]);
  });

  it('says nothing where pods could not be read and no condition tells the age', () => {
    expect(check(degraded, deployment(short, []).slice(0, 2), { unread: ['Pod'] })).toEqual([]);
  });
});

describe('workload/unavailable', () => {
  it('reports a Deployment without any available replica', () => {
    const [finding] = check(unavailable, deployment(down, [crashing, crashing]));
    expect(finding?.title).toBe('web is down: 0/2 replicas ready');
    expect(finding?.cause).toContain('container web waits with CrashLoopBackOff (2 pods)');
    expect(finding?.causedBy?.filter((r) => r.kind === 'Pod')).toHaveLength(2);
  });

  it('reports a rollout that fails inside its deadline', () => {
    const first = { ...down, 'status.conditions[Progressing].reason': 'ReplicaSetUpdated' };
    expect(check(unavailable, deployment(first, [crashing]))).toHaveLength(1);
  });

  it('is silent in the first minute, and while pods only start', () => {
    expect(
      check(
        unavailable,
        deployment({ ...down, 'status.conditions[Available].lastTransitionTime': 'now-40s' }, [
          { ...crashing, 'metadata.creationTimestamp': 'now-40s' },
        ]),
      ),
    ).toEqual([]);
    expect(check(unavailable, deployment(down, [young]))).toEqual([]);
  });

  it('does not take a pod that waits at a readiness gate for a starting one', () => {
    const gated = (since: string) => ({
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].reason': 'ReadinessGatesNotReady',
      'status.conditions[ContainersReady].lastTransitionTime': since,
    });
    expect(check(unavailable, deployment(down, [gated('now-10m')]))[0]?.cause).toContain('ReadinessGatesNotReady');
    expect(check(unavailable, deployment(down, [gated('now-1m')]))).toEqual([]);
  });

  it('says that the pods were not read where that is so', () => {
    const objects = [object('Deployment', 'web', { 'spec.replicas': 2, ...down })];
    expect(check(unavailable, objects, { unread: ['Pod'] })[0]?.cause).toContain('its pods were not read');
  });

  it('leaves a paused Deployment that never started to workload/paused', () => {
    const paused = object('Deployment', 'web', { ...down, 'spec.paused': true });
    expect(check(unavailable, [paused])).toEqual([]);
  });

  it('takes StatefulSets and bare ReplicaSets alike, but no ReplicaSet of a Deployment', () => {
    const none = { 'status.readyReplicas': undefined, 'status.availableReplicas': undefined };
    const sets = [object('StatefulSet', 'db', none), object('ReplicaSet', 'cache', none)];
    const objects = sets.flatMap((s) => [s, owned(pod(`${s.metadata.name ?? ''}-0`, crashing), s)]);
    expect(check(unavailable, objects).map((f) => f.subject.kind)).toEqual(['StatefulSet', 'ReplicaSet']);
    expect(check(unavailable, deployment(down, [crashing])).map((f) => f.subject.kind)).toEqual(['Deployment']);
  });
});
