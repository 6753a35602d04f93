import { describe, expect, it } from 'vitest';
import {
  deadlineExceeded,
  evictedNodePressure,
  evictedOwnLimit,
  preempted,
  rejectedByKubelet,
} from '../../../../src/diagnosis/rules/pod/ended.ts';
import { lostWithNode, onUnhealthyNode, stuckTerminating } from '../../../../src/diagnosis/rules/pod/nodes.ts';
import { bare, restartStorm } from '../../../../src/diagnosis/rules/pod/restarts.ts';
import {
  notReady,
  readinessGate,
  resizeNotApplied,
  stuckCreating,
} from '../../../../src/diagnosis/rules/pod/waiting.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

describe('pod/stuck-creating', () => {
  const creating = (scheduled: string): Fields => ({
    'status.phase': 'Pending',
    'status.conditions[PodScheduled].lastTransitionTime': scheduled,
    'status.conditions[Ready].status': 'False',
    'status.containerStatuses[web].ready': false,
    'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
  });

  it('prefers the event that names the fault to the one that sums up', () => {
    const web = pod('web-1', creating('now-4m'));
    const cause = 'MountVolume.SetUp failed for volume "data" : hostPath type check failed: /srv is not a directory';
    const events = [
      eventOn(web, 'FailedMount', cause, { lastTimestamp: 'now-3m' }),
      eventOn(web, 'FailedMount', 'Unable to attach or mount volumes: unmounted volumes=[data]'),
    ];
    const [finding] = check(stuckCreating, [web, ...events]);
    expect(finding?.title).toBe('web-1 cannot start its containers: a volume cannot be mounted');
    expect(finding?.evidence[0].value).toBe(cause);
  });

  it('says after five minutes that a kubelet says nothing', () => {
    expect(check(stuckCreating, [pod('web-1', creating('now-4m'))])).toEqual([]);
    expect(check(stuckCreating, [pod('web-1', creating('now-6m'))])[0]?.title).toContain('says nothing');
    expect(check(stuckCreating, [pod('web-1', creating('now-6m'))], { unread: ['Event'] })).toEqual([]);
  });

  it('is silent for two minutes, while an image is pulled, and once an init container runs', () => {
    const young = pod('web-1', creating('now-90s'));
    expect(check(stuckCreating, [young, eventOn(young, 'FailedMount', 'x')])).toEqual([]);
    const pulling = pod('web-2', creating('now-9m'));
    const events = [
      eventOn(pulling, 'FailedMount', 'x', { lastTimestamp: 'now-8m' }),
      eventOn(pulling, 'Pulling', 'Pulling image', { type: 'Normal', lastTimestamp: 'now-7m' }),
    ];
    expect(check(stuckCreating, [pulling, ...events])).toEqual([]);
    const initialising = pod('web-3', {
      ...creating('now-9m'),
      'status.initContainerStatuses[migrate].state.running.startedAt': 'now-8m',
    });
    expect(check(stuckCreating, [initialising, eventOn(initialising, 'FailedMount', 'x')])).toEqual([]);
  });
});

const failed = (reason: string, message: string): Fields => ({
  'status.phase': 'Failed',
  'status.reason': reason,
  'status.message': message,
  'metadata.creationTimestamp': 'now-1h',
  'status.conditions[Ready].status': 'False',
  'status.conditions[Ready].lastTransitionTime': 'now-10m',
});

const ofDeployment = (replicas: { wanted: number; available: number }, fields: Fields) => {
  const web = object('Deployment', 'web', {
    'spec.replicas': replicas.wanted,
    'status.availableReplicas': replicas.available,
  });
  const set = owned(object('ReplicaSet', 'web-5f'), web);
  return [web, set, owned(pod('web-5f-old', fields), set)];
};

describe('pod/evicted-node-pressure', () => {
  const low = failed(
    'Evicted',
    'The node was low on resource: memory. Threshold quantity: 100Mi, available: 90Mi. Container web was using 900Mi',
  );

  it('names the resource, and looks for the cause at the node', () => {
    const [finding] = check(evictedNodePressure, ofDeployment({ wanted: 3, available: 2 }, low));
    expect(finding).toMatchObject({
      severity: 'warning',
      title: 'web was evicted: node node-1 ran low on memory',
      causedBy: [{ kind: 'Node', name: 'node-1' }],
    });
  });

  it('is a fact once the workload has replaced it, and history after a day', () => {
    const full = { wanted: 3, available: 3 };
    expect(check(evictedNodePressure, ofDeployment(full, low))[0]?.severity).toBe('info');
    const old = { ...low, 'status.conditions[Ready].lastTransitionTime': 'now-3d' };
    expect(check(evictedNodePressure, ofDeployment(full, old))).toEqual([]);
  });

  it('leaves a pod that broke its own limit to the other rule', () => {
    const own = failed('Evicted', 'Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ');
    expect(check(evictedNodePressure, [pod('web-1', own)])).toEqual([]);
  });
});

describe('pod/evicted-own-limit', () => {
  it.each([
    ['Usage of EmptyDir volume "cache" exceeds the limit "1Mi". ', '1Mi emptyDir sizeLimit'],
    ['Pod ephemeral local storage usage exceeds the total limit of containers 10Mi. ', '10Mi ephemeral-storage limit'],
    ['Container web exceeded its local ephemeral storage limit "2Gi". ', '2Gi ephemeral-storage limit'],
  ])('names the limit in %s', (message, limit) => {
    const [finding] = check(evictedOwnLimit, [pod('web-1', failed('Evicted', message))]);
    expect(finding?.title).toBe(`web-1 was evicted: it wrote more than its own ${limit}`);
  });

  it('is silent when the node ran low', () => {
    const low = failed('Evicted', 'The node was low on resource: ephemeral-storage. ');
    expect(check(evictedOwnLimit, [pod('web-1', low)])).toEqual([]);
  });
});

describe('pod/rejected-by-kubelet', () => {
  const refused = {
    ...failed('OutOfcpu', "Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: 1100"),
    'status.containerStatuses': undefined,
  };

  it('names the reason; only a pod that somebody makes anew may be removed as a fix', () => {
    const [finding] = check(rejectedByKubelet, [pod('big', { ...refused, 'spec.containers': [] })]);
    expect(finding?.title).toBe('Node node-1 refused a pod of big at admission: OutOfcpu');
    expect(finding?.fix).toBeUndefined();
    const owned = ofDeployment({ wanted: 2, available: 1 }, { ...refused, 'spec.containers': [] });
    expect(check(rejectedByKubelet, owned)[0]?.fix).toMatchObject({ verb: 'restart-pod' });
  });

  it('is silent for a pod that waits to be placed', () => {
    const pending = { ...refused, 'spec.containers': [], 'status.phase': 'Pending' };
    expect(check(rejectedByKubelet, [pod('big', pending)])).toEqual([]);
  });
});

describe('pod/deadline-exceeded', () => {
  const late = {
    ...failed('DeadlineExceeded', 'Pod was active on the node longer than the specified deadline'),
    'spec.activeDeadlineSeconds': 5,
  };

  it('names the deadline', () => {
    const [finding] = check(deadlineExceeded, [pod('limited', late)]);
    expect(finding?.title).toBe('limited was stopped after its activeDeadlineSeconds of 5s');
  });

  it('leaves a Job that reports its own deadline to the Job', () => {
    const job = object('Job', 'load', {
      'status.conditions[Failed].status': 'True',
      'status.conditions[Failed].reason': 'DeadlineExceeded',
    });
    expect(check(deadlineExceeded, [job, owned(pod('load-x', late), job)])).toEqual([]);
  });
});

describe('pod/preempted', () => {
  const marked: Fields = {
    'spec.priority': 0,
    'status.conditions[DisruptionTarget].status': 'True',
    'status.conditions[DisruptionTarget].reason': 'PreemptionByScheduler',
  };

  it('names the workload that took the room', () => {
    const by = pod('batch-1', { 'spec.priority': 1000, 'metadata.uid': '0a1b2c3d-0000-4000-8000-000000000001' });
    const objects = ofDeployment({ wanted: 2, available: 1 }, marked);
    const said = eventOn(objects[2]!, 'Preempted', `Preempted by pod ${by.metadata.uid ?? ''} on node node-1`);
    const [finding] = check(preempted, [...objects, by, said]);
    expect(finding?.title).toBe('web lost a pod to batch-1 of higher priority, for want of room');
    expect(finding?.causedBy).toMatchObject([{ kind: 'Pod', name: 'batch-1' }]);
  });

  it('is silent once the workload is complete again, and for a drain', () => {
    expect(check(preempted, ofDeployment({ wanted: 2, available: 2 }, marked))).toEqual([]);
    const drained = { ...marked, 'status.conditions[DisruptionTarget].reason': 'EvictionByEvictionAPI' };
    expect(check(preempted, [pod('web-1', drained)])).toEqual([]);
  });
});

const silentNode = object('Node', 'node-1', {
  'status.conditions[Ready].status': 'Unknown',
  'status.conditions[Ready].reason': 'NodeStatusUnknown',
  'status.conditions[Ready].lastTransitionTime': 'now-10m',
});

describe('pod/lost-with-node', () => {
  it('reports a pod whose deletion nobody confirms', () => {
    const db = pod('db-0', { 'metadata.deletionTimestamp': 'now-4m' });
    const [finding] = check(lostWithNode, [silentNode, db]);
    expect(finding?.title).toBe('db-0 has a pod stuck on node node-1, which stopped answering');
  });

  it('reports a pod on a node that is gone, only where all nodes were read', () => {
    const db = pod('db-0', { 'metadata.deletionTimestamp': 'now-4m', 'spec.nodeName': 'node-gone' });
    expect(check(lostWithNode, [db])[0]?.title).toContain('does not exist any more');
    expect(check(lostWithNode, [db], { unread: ['Node'] })).toEqual([]);
  });

  it('is silent on a healthy node, for a drain, and for finished pods', () => {
    const going = pod('db-0', { 'metadata.deletionTimestamp': 'now-4m' });
    expect(check(lostWithNode, [object('Node', 'node-1'), going])).toEqual([]);
    const drained = pod('db-0', {
      'metadata.deletionTimestamp': 'now+20s',
      'status.conditions[DisruptionTarget].reason': 'EvictionByEvictionAPI',
    });
    expect(check(lostWithNode, [silentNode, drained])).toEqual([]);
    expect(check(lostWithNode, [pod('job-1', { 'status.phase': 'Succeeded', 'spec.nodeName': 'gone' })])).toEqual([]);
  });
});

describe('pod/on-unhealthy-node', () => {
  const fell: Fields = {
    'status.conditions[Ready].status': 'False',
    'status.conditions[Ready].lastTransitionTime': 'now-9m',
  };

  it('follows its node', () => {
    const [finding] = check(onUnhealthyNode, [silentNode, pod('web-1', fell)]);
    expect(finding?.title).toBe('web-1 has pods that are not Ready, because node node-1 is not');
    expect(finding?.causedBy).toEqual([{ kind: 'Node', name: 'node-1' }]);
  });

  it('is silent for a pod that was not Ready before, and on a healthy node', () => {
    const before = { ...fell, 'status.conditions[Ready].lastTransitionTime': 'now-3h' };
    expect(check(onUnhealthyNode, [silentNode, pod('web-1', before)])).toEqual([]);
    expect(check(onUnhealthyNode, [object('Node', 'node-1'), pod('web-1', fell)])).toEqual([]);
  });
});

describe('pod/stuck-terminating', () => {
  it('names the finalizer that holds it, and never proposes to remove that', () => {
    const held = pod('held', { 'metadata.deletionTimestamp': 'now-10m', 'metadata.finalizers': ['example.com/hold'] });
    const [finding] = check(stuckTerminating, [object('Node', 'node-1'), held]);
    expect(finding?.title).toBe('A pod of held does not go away: finalizer example.com/hold holds it');
    expect(finding?.remediation.map((s) => s.command ?? '').join()).not.toMatch(/patch|delete/);
  });

  it('names a node that does not confirm the end', () => {
    const db = pod('db-0', { 'metadata.deletionTimestamp': 'now-10m' });
    expect(check(stuckTerminating, [silentNode, db])[0]?.causedBy).toEqual([{ kind: 'Node', name: 'node-1' }]);
  });

  it('is silent for five minutes after the grace period', () => {
    const held = pod('held', { 'metadata.deletionTimestamp': 'now-4m', 'metadata.finalizers': ['example.com/hold'] });
    expect(check(stuckTerminating, [held])).toEqual([]);
  });
});

describe('pod/not-ready', () => {
  const unready = (since: string): Fields => ({
    'status.conditions[Ready].status': 'False',
    'status.conditions[Ready].message': 'containers with unready status: [web]',
    'status.conditions[Ready].lastTransitionTime': since,
    'status.conditions[ContainersReady].status': 'False',
    'status.containerStatuses[web].ready': false,
  });

  it('reports a running container that says no more than not ready', () => {
    const [finding] = check(notReady, [pod('web-1', unready('now-10m'))]);
    expect(finding?.title).toBe('web-1 runs but is not Ready: 1 container web not ready');
  });

  it('is silent where a probe tells why, and within the budget of the probe', () => {
    const probe = { httpGet: { path: '/', port: 80 }, periodSeconds: 60, failureThreshold: 10 };
    const slow = { 'spec.containers[web].readinessProbe': probe };
    expect(check(notReady, [pod('web-1', { ...unready('now-9m'), ...slow })])).toEqual([]);
    const web = pod('web-2', { ...unready('now-50m'), ...slow });
    const said = eventOn(web, 'Unhealthy', 'Readiness probe failed: connection refused', {
      'involvedObject.fieldPath': 'spec.containers{web}',
    });
    expect(check(notReady, [web, said])).toEqual([]);
  });
});

describe('pod/readiness-gate', () => {
  const gated = (since: string): Fields => ({
    'spec.readinessGates': [{ conditionType: 'example.com/lb-ready' }],
    'status.conditions[Ready].status': 'False',
    'status.conditions[Ready].reason': 'ReadinessGatesNotReady',
    'status.conditions[Ready].lastTransitionTime': since,
  });

  it('names the gate that nobody has opened', () => {
    const [finding] = check(readinessGate, [pod('web-1', gated('now-5m'))]);
    expect(finding?.title).toBe('web-1 runs but waits for readiness gate example.com/lb-ready');
    expect(finding?.cause).toContain('no controller has ever set');
  });

  it('is silent for two minutes, and when containers are not ready themselves', () => {
    expect(check(readinessGate, [pod('web-1', gated('now-60s'))])).toEqual([]);
    const own = { ...gated('now-5m'), 'status.conditions[ContainersReady].status': 'False' };
    expect(check(readinessGate, [pod('web-1', own)])).toEqual([]);
  });
});

describe('pod/restart-storm', () => {
  const restarted = (restartCount: number, fields: Fields = {}): Fields => ({
    'status.startTime': 'now-4m',
    'status.containerStatuses[web].restartCount': restartCount,
    'status.containerStatuses[web].state.running.startedAt': 'now-10s',
    'status.containerStatuses[web].lastState.terminated': { exitCode: 1, reason: 'Error' },
    'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-30s',
    ...fields,
  });

  it('counts more than three restarts within five minutes: four, not three', () => {
    expect(check(restartStorm, [pod('web-1', restarted(3))])).toEqual([]);
    const [finding] = check(restartStorm, [pod('web-1', restarted(4))]);
    expect(finding?.title).toBe('Container web of web-1 restarted more than 3 times within 5 minutes');
    expect(finding?.evidence[0].value).toBe('4');
  });

  it('counts more than five within an hour', () => {
    const slower = { 'status.startTime': 'now-50m' };
    expect(check(restartStorm, [pod('web-1', restarted(5, slower))])).toEqual([]);
    expect(check(restartStorm, [pod('web-1', restarted(6, slower))])).toHaveLength(1);
  });

  it('counts the starts of an older pod by their events', () => {
    const old = pod('web-1', restarted(40, { 'status.startTime': 'now-9d' }));
    const started = (count: number) =>
      eventOn(old, 'Started', 'Started container web', {
        'involvedObject.fieldPath': 'spec.containers{web}',
        type: 'Normal',
        count,
        firstTimestamp: 'now-4m',
      });
    expect(check(restartStorm, [old, started(3)])).toEqual([]);
    expect(check(restartStorm, [old, started(4)])).toHaveLength(1);
  });

  it('is silent about history', () => {
    const old = restarted(37, {
      'status.startTime': 'now-200d',
      'status.containerStatuses[web].state.running.startedAt': 'now-20d',
      'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20d',
    });
    expect(check(restartStorm, [pod('web-1', old)])).toEqual([]);
  });
});

describe('pod/bare', () => {
  it('mentions a pod that nothing would make anew', () => {
    expect(check(bare, [pod('lonely')])[0]?.title).toBe(
      'Pod lonely has no controller: it does not come back after the loss of its node',
    );
  });

  it('is silent for static pods, young ones, and those that a person runs', () => {
    const pods = [
      pod('static', { 'metadata.annotations[kubernetes.io/config.mirror]': 'x' }),
      pod('young', { 'metadata.creationTimestamp': 'now-30m' }),
      pod('shell', { 'metadata.labels.run': 'shell' }),
    ];
    expect(check(bare, pods)).toEqual([]);
  });
});

describe('pod/resize-not-applied', () => {
  const pending = (reason: string, since: string): Fields => ({
    'status.conditions[PodResizePending].status': 'True',
    'status.conditions[PodResizePending].reason': reason,
    'status.conditions[PodResizePending].message': "Node didn't have enough capacity: cpu, requested: 100000",
    'status.conditions[PodResizePending].lastTransitionTime': since,
  });

  it('says at once what can never be', () => {
    const [finding] = check(resizeNotApplied, [pod('web-1', pending('Infeasible', 'now-10s'))]);
    expect(finding?.title).toBe('The resize of a pod of web-1 is not applied: node node-1 can never give so much');
  });

  it('waits five minutes for what is only deferred', () => {
    expect(check(resizeNotApplied, [pod('web-1', pending('Deferred', 'now-4m'))])).toEqual([]);
    expect(check(resizeNotApplied, [pod('web-1', pending('Deferred', 'now-6m'))])).toHaveLength(1);
  });

  it('is silent while a resize is under way', () => {
    const running = { 'status.conditions[PodResizeInProgress].status': 'True' };
    expect(check(resizeNotApplied, [pod('web-1', running)])).toEqual([]);
  });
});
