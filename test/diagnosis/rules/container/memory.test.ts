import { describe, expect, it } from 'vitest';
import { raisedMemoryLimit } from '../../../../src/diagnosis/rules/container/fixes.ts';
import { memoryNearLimit, oomKilled, oomRecent } from '../../../../src/diagnosis/rules/container/memory.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const limit: Fields = { 'spec.containers[web].resources.limits.memory': '64Mi' };

const killed = (finished: string, restartCount: number): Fields => ({
  ...limit,
  'status.containerStatuses[web].restartCount': restartCount,
  'status.containerStatuses[web].lastState.terminated': { exitCode: 137, reason: 'OOMKilled' },
  'status.containerStatuses[web].lastState.terminated.startedAt': 'now-1d',
  'status.containerStatuses[web].lastState.terminated.finishedAt': finished,
});

const waiting: Fields = {
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
};

describe('container/oom-killed', () => {
  it('names the limit, and proposes at least a quarter more on the workload', () => {
    const deployment = object('Deployment', 'web');
    const set = owned(object('ReplicaSet', 'web-5f'), deployment);
    const web = owned(pod('web-5f-x', { ...killed('now-20s', 2), ...waiting }), set);
    const [finding] = check(oomKilled, [deployment, set, web]);
    expect(finding?.title).toBe('Container web of web is OOM-killed at its 64Mi memory limit');
    expect(finding?.fix).toMatchObject({ verb: 'set-resources', container: 'web', limits: { memory: '80Mi' } });
    expect(finding?.evidence.map((e) => e.value)).toEqual(['OOMKilled', '64Mi', '2']);
  });

  it('sees it also while the container runs between two kills', () => {
    const web = pod('web-1', { ...killed('now-3m', 4), 'status.startTime': 'now-20m' });
    expect(check(oomKilled, [web])).toHaveLength(1);
    expect(check(oomRecent, [web])).toEqual([]);
  });

  it('knows a limit that is too small for the runtime itself', () => {
    const message = 'OOM: container init was OOM-killed (memory limit too low?)';
    const web = pod('web-1', {
      ...killed('now-20s', 2),
      ...waiting,
      'status.containerStatuses[web].lastState.terminated.reason': 'StartError',
      'status.containerStatuses[web].lastState.terminated.exitCode': 128,
      'status.containerStatuses[web].lastState.terminated.message': message,
    });
    expect(check(oomKilled, [web])).toHaveLength(1);
  });

  it('is silent for exit 137 without that reason, and where there is no limit to hit', () => {
    const other = { 'status.containerStatuses[web].lastState.terminated.reason': 'Error' };
    const unlimited = { 'spec.containers[web].resources': {} };
    const pods = [other, unlimited].map((fields, i) =>
      pod(`web-${i}`, { ...killed('now-20s', 2), ...waiting, ...fields }),
    );
    expect(check(oomKilled, pods)).toEqual([]);
  });
});

describe('container/oom-recent', () => {
  it('remembers a kill of the last day in a container that runs again', () => {
    const [finding] = check(oomRecent, [pod('web-1', killed('now-3h', 1))]);
    expect(finding?.title).toBe('Container web of web-1 was OOM-killed once at its 64Mi limit and runs again');
  });

  it('forgets it after a day', () => {
    expect(check(oomRecent, [pod('web-1', killed('now-25h', 1))])).toEqual([]);
  });
});

describe('container/memory-near-limit', () => {
  const reading = (memory: string, fields: Fields = {}) =>
    object('PodMetrics', 'web-1', {
      timestamp: 'now-20s',
      containers: [{ name: 'web', usage: { memory } }],
      ...fields,
    });

  it('warns above the threshold, and names the share', () => {
    const [finding] = check(memoryNearLimit, [pod('web-1', limit), reading('58Mi')]);
    expect(finding?.title).toBe('Container web of web-1 uses 90 % of its 64Mi memory limit');
    expect(finding?.evidence[0]).toMatchObject({
      value: '58Mi',
      command: 'kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/shop/pods/web-1',
    });
  });

  it('takes the threshold from the settings', () => {
    const objects = [pod('web-1', limit), reading('48Mi')];
    expect(check(memoryNearLimit, objects)).toEqual([]);
    expect(check(memoryNearLimit, objects, { settings: { memoryThresholdPct: 70 } })).toHaveLength(1);
  });

  it('says nothing at the threshold, without a limit, without metrics, or of an old reading', () => {
    expect(
      check(memoryNearLimit, [
        pod('web-1', { 'spec.containers[web].resources.limits.memory': '100Mi' }),
        reading('80Mi'),
      ]),
    ).toEqual([]);
    expect(check(memoryNearLimit, [pod('web-1'), reading('58Mi')])).toEqual([]);
    expect(check(memoryNearLimit, [pod('web-1', limit)])).toEqual([]);
    expect(check(memoryNearLimit, [pod('web-1', limit), reading('58Mi', { timestamp: 'now-1h' })])).toEqual([]);
  });
});

describe('a raised memory limit', () => {
  it('is five quarters of the present one at least, five thirds of what is used, in whole Mi', () => {
    expect(raisedMemoryLimit('100Mi')).toBe('125Mi');
    expect(raisedMemoryLimit('100Mi', 90 * 1024 * 1024)).toBe('150Mi');
    expect(raisedMemoryLimit('1')).toBe('1Mi');
    expect(raisedMemoryLimit(undefined)).toBeUndefined();
  });
});
