import { describe, expect, it } from 'vitest';
import {
  badRelease,
  maxUnavailable,
  paused,
  recreateWaiting,
  rolloutStalled,
  surgeBlocked,
} from '../../../../src/diagnosis/rules/workload/rollout.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const stalled: Fields = {
  'spec.progressDeadlineSeconds': 600,
  'status.conditions[Progressing].status': 'False',
  'status.conditions[Progressing].reason': 'ProgressDeadlineExceeded',
  'status.conditions[Progressing].message': 'ReplicaSet "web-2" has timed out progressing.',
  'status.conditions[Progressing].lastTransitionTime': 'now-4m',
};
const pulling: Fields = {
  'metadata.creationTimestamp': 'now-14m',
  'status.phase': 'Pending',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'ImagePullBackOff',
};
const image = 'spec.template.spec.containers[web].image';
const revision = (n: number): Fields => ({ 'metadata.annotations[deployment.kubernetes.io/revision]': String(n) });

/** Deployment web in the middle of an update from revision 1 to revision 2, one pod of each. */
function update(fields: Fields = {}, newPod: Fields = pulling, oldPod: Fields = {}) {
  const web = object('Deployment', 'web', {
    'status.replicas': 2,
    'status.updatedReplicas': 1,
    'status.unavailableReplicas': 1,
    ...fields,
  });
  const old = owned(object('ReplicaSet', 'web-1', revision(1)), web);
  const now = owned(
    object('ReplicaSet', 'web-2', {
      ...revision(2),
      [image]: 'example.com/web:2',
      'status.readyReplicas': undefined,
      'status.availableReplicas': undefined,
    }),
    web,
  );
  return [web, old, now, owned(pod('web-1-a', oldPod), old), owned(pod('web-2-a', newPod), now)];
}

describe('workload/rollout-stalled', () => {
  it('says when it stopped, what changed and what the new pods say', () => {
    const [finding] = check(rolloutStalled, update(stalled));
    expect(finding?.title).toBe('Rollout of web has stopped: 0 of 1 new pods ready after 600s');
    expect(finding?.cause).toContain('container web cannot pull its image');
    expect(finding?.cause).toContain('Changed since revision 1: image of web (example.com/web:1 to example.com/web:2)');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['web-2-a', 'web-2']);
  });

  it('proposes to return to the revision that serves, and none where none serves', () => {
    expect(check(rolloutStalled, update(stalled))[0]?.fix).toMatchObject({
      verb: 'rollout-undo',
      target: { kind: 'Deployment', name: 'web' },
    });
    const objects = update({ ...stalled, 'status.availableReplicas': undefined });
    const old = objects[1] as { status?: { readyReplicas?: number } };
    const nothing = objects.with(1, { ...old, status: {} } as never);
    const [finding] = check(rolloutStalled, nothing);
    expect(finding?.fix).toBeUndefined();
    expect(finding?.severity).toBe('critical');
  });

  it('proposes no change that Argo CD takes back', () => {
    const synced = { 'metadata.labels[argocd.argoproj.io/instance]': 'shop' };
    const [finding] = check(rolloutStalled, update({ ...stalled, ...synced }));
    expect(finding?.fix).toBeUndefined();
    expect(finding?.remediation.at(-1)?.text).toContain('Argo CD application shop');
  });

  it('is silent inside the deadline and when the controller has not judged the last change', () => {
    expect(check(rolloutStalled, update())).toEqual([]);
    expect(check(rolloutStalled, update({ ...stalled, 'metadata.generation': 2 }))).toEqual([]);
  });
});

describe('workload/bad-release', () => {
  it('names both revisions and their difference, and proposes to return', () => {
    const [finding] = check(badRelease, update());
    expect(finding?.title).toBe('web: revision 2 fails, revision 1 still serves');
    expect(finding?.evidence.map((e) => e.value)).toEqual(
      expect.arrayContaining(['2', '1', 'example.com/web:1', 'example.com/web:2']),
    );
    expect(finding?.fix).toMatchObject({ verb: 'rollout-undo' });
  });

  it('is silent while new pods start, when one is Ready, and when they only lack room', () => {
    const starting = {
      'metadata.creationTimestamp': 'now-60s',
      'status.conditions[Ready].status': 'False',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    };
    const unscheduled = {
      'status.phase': 'Pending',
      'status.conditions[Ready].status': 'False',
      'status.conditions[PodScheduled].status': 'False',
    };
    expect(check(badRelease, update({}, starting))).toEqual([]);
    expect(check(badRelease, update({}, {}))).toEqual([]);
    expect(check(badRelease, update({}, unscheduled))).toEqual([]);
  });

  it('is silent when the old revision does not serve either', () => {
    const objects = update();
    expect(check(badRelease, objects.with(1, { ...objects[1], status: {} } as never))).toEqual([]);
  });
});

describe('workload/surge-blocked', () => {
  const strict = { 'spec.strategy.rollingUpdate': { maxUnavailable: 0, maxSurge: 1 } };
  const unscheduled: Fields = {
    'metadata.creationTimestamp': 'now-5m',
    'status.phase': 'Pending',
    'status.conditions[Ready].status': 'False',
    'status.conditions[PodScheduled].status': 'False',
    'status.conditions[PodScheduled].reason': 'Unschedulable',
  };

  it('says that maxUnavailable leaves no way without room for one more pod', () => {
    const [finding] = check(surgeBlocked, update(strict, unscheduled));
    expect(finding?.title).toBe('Rolling update of web needs room for one more pod and has none');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['web-2-a', 'web-2']);
  });

  it('is silent when an old pod may stop first, and when the new pod starts and fails', () => {
    const loose = { 'spec.strategy.rollingUpdate': { maxUnavailable: 1, maxSurge: 1 } };
    expect(check(surgeBlocked, update(loose, unscheduled))).toEqual([]);
    expect(check(surgeBlocked, update(strict))).toEqual([]);
  });

  it('rounds percentages as the controller does', () => {
    const of = (replicas: number, down: unknown, up: unknown = '25%') =>
      maxUnavailable(
        object('Deployment', 'web', {
          'spec.replicas': replicas,
          'spec.strategy.rollingUpdate': { maxUnavailable: down, maxSurge: up },
        }),
      );
    expect([of(3, '25%'), of(4, '25%'), of(10, '33%'), of(3, 0, 0)]).toEqual([0, 1, 3, 1]);
  });
});

describe('workload/recreate-waiting', () => {
  const recreate = { 'spec.strategy.type': 'Recreate' };
  const ending = (fields: Fields) => {
    const web = object('Deployment', 'web', recreate);
    const old = owned(object('ReplicaSet', 'web-1', revision(1)), web);
    return [web, old, owned(pod('web-1-a', fields), old)];
  };

  it('names the pod that should have ended', () => {
    const [finding] = check(recreateWaiting, ending({ 'metadata.deletionTimestamp': 'now-10m' }));
    expect(finding?.title).toBe('web (Recreate) waits for its old pod to end');
    expect(finding?.causedBy?.[0]).toMatchObject({ kind: 'Pod', name: 'web-1-a' });
  });

  it('is silent inside the grace period, and for a pod that has ended but is kept by a finalizer', () => {
    expect(check(recreateWaiting, ending({ 'metadata.deletionTimestamp': 'now+3m' }))).toEqual([]);
    const kept = { 'metadata.deletionTimestamp': 'now-10m', 'status.phase': 'Failed' };
    expect(check(recreateWaiting, ending(kept))).toEqual([]);
  });
});

describe('workload/paused', () => {
  const half: Fields = {
    'spec.paused': true,
    'spec.replicas': 3,
    'status.replicas': 3,
    'status.updatedReplicas': 1,
    'status.conditions[Progressing].status': 'Unknown',
    'status.conditions[Progressing].reason': 'DeploymentPaused',
    'status.conditions[Progressing].lastTransitionTime': 'now-1h',
  };

  it('reports a change that a pause holds back, and proposes to resume', () => {
    const [finding] = check(paused, [object('Deployment', 'web', half)]);
    expect(finding?.title).toBe('web is paused in the middle of a rollout: 1 of 3 pods are updated');
    expect(finding?.fix).toMatchObject({ verb: 'rollout-resume' });
  });

  it('is critical when the pause lets nothing start', () => {
    const never = { ...half, 'status.replicas': undefined, 'status.updatedReplicas': undefined };
    expect(check(paused, [object('Deployment', 'web', never)])[0]?.severity).toBe('critical');
  });

  it('is silent while a person edits, and where an operator pauses', () => {
    const fresh = { ...half, 'status.conditions[Progressing].lastTransitionTime': 'now-50s' };
    expect(check(paused, [object('Deployment', 'web', fresh)])).toEqual([]);
    const operator = object('ConfigMap', 'canary');
    expect(check(paused, [owned(object('Deployment', 'web', half), operator)])).toEqual([]);
  });
});
