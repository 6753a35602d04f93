import { describe, expect, it } from 'vitest';
import { failedNotRestarted, statusUnknown } from '../../../../src/diagnosis/rules/container/ended.ts';
import { initFailing, initHanging } from '../../../../src/diagnosis/rules/container/init.ts';
import {
  injectionMissing,
  sidecarBlocksJob,
  sidecarCrash,
  sidecarNotStarted,
} from '../../../../src/diagnosis/rules/container/sidecar.ts';
import { crashLoop } from '../../../../src/diagnosis/rules/container/crash.ts';
import { check, eventOn, logOf, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

describe('container/failed-not-restarted', () => {
  const failed: Fields = {
    'status.phase': 'Failed',
    'spec.restartPolicy': 'Never',
    'status.containerStatuses[main].ready': false,
    'status.containerStatuses[main].state.terminated': { exitCode: 2, reason: 'Error' },
    'status.containerStatuses[main].state.terminated.finishedAt': 'now-5m',
  };

  it('reports a pod that failed for good, with its last words', () => {
    const once = pod('import-once', failed);
    const [finding] = check(failedNotRestarted, [once], { logs: [logOf(once, 'main', 'cannot read input', false)] });
    expect(finding?.title).toBe('import-once ended in failure and is not restarted (exit 2)');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['2', 'Never', 'cannot read input']);
  });

  it('leaves pods of a Job to the Job, refused pods to their reason, and deletions alone', () => {
    const job = object('Job', 'load');
    const others = [
      owned(pod('load-x', failed), job),
      pod('refused', { ...failed, 'status.reason': 'Evicted' }),
      pod('going', { ...failed, 'metadata.deletionTimestamp': 'now-1m' }),
    ];
    expect(check(failedNotRestarted, [job, ...others])).toEqual([]);
  });

  it('says so when it was killed for its memory, and at which limit', () => {
    const killed = {
      ...failed,
      'spec.containers[main].resources.limits.memory': '24Mi',
      'status.containerStatuses[main].state.terminated.reason': 'OOMKilled',
      'status.containerStatuses[main].state.terminated.exitCode': 137,
    };
    const [finding] = check(failedNotRestarted, [pod('import-once', killed)]);
    expect(finding?.title).toBe('import-once ended in failure and is not restarted (OOM-killed, exit 137)');
    expect(finding?.cause).toContain('at limits.memory=24Mi');
  });

  it('calls it a fact after a day', () => {
    const old = { ...failed, 'status.containerStatuses[main].state.terminated.finishedAt': 'now-3d' };
    expect(check(failedNotRestarted, [pod('import-once', old)])[0]?.severity).toBe('info');
  });
});

describe('container/status-unknown', () => {
  const lost: Fields = {
    'status.containerStatuses[web].ready': false,
    'status.containerStatuses[web].state.terminated': { exitCode: 137, reason: 'ContainerStatusUnknown' },
  };

  it('says that the node lost the container, and points at the node', () => {
    const [finding] = check(statusUnknown, [pod('web-1', lost)]);
    expect(finding?.title).toBe('Container web of web-1 was lost by the runtime of node node-1');
    expect(finding?.causedBy).toEqual([{ kind: 'Node', name: 'node-1' }]);
  });

  it('leaves evictions to their own rule', () => {
    const evicted = { ...lost, 'status.phase': 'Failed', 'status.reason': 'Evicted' };
    expect(check(statusUnknown, [pod('web-1', evicted)])).toEqual([]);
  });
});

const initialising: Fields = {
  'status.phase': 'Pending',
  'status.containerStatuses[web].ready': false,
  'status.containerStatuses[web].state.waiting.reason': 'PodInitializing',
};

describe('container/init-failing', () => {
  it('names the init container and its place', () => {
    const web = pod('web-1', {
      ...initialising,
      'status.initContainerStatuses[fetch].state.terminated.exitCode': 0,
      'status.initContainerStatuses[migrate].restartCount': 2,
      'status.initContainerStatuses[migrate].state.waiting.reason': 'CrashLoopBackOff',
      'status.initContainerStatuses[migrate].lastState.terminated': { exitCode: 5, reason: 'Error' },
    });
    const [finding] = check(initFailing, [web]);
    expect(finding?.title).toBe('Init container migrate (2 of 2) of web-1 fails with exit 5');
    expect(check(crashLoop, [web])).toEqual([]);
  });

  it('is silent for an init container that ended well, and for the containers that wait for it', () => {
    const web = pod('web-1', { ...initialising, 'status.initContainerStatuses[migrate].state.terminated.exitCode': 0 });
    expect(check(initFailing, [web])).toEqual([]);
  });
});

describe('container/init-hanging', () => {
  const waits = (since: string, fields: Fields = {}): Fields => ({
    ...initialising,
    'spec.initContainers[wait].command': ['sh', '-c', 'until nc -z db.shop.svc 5432; do sleep 2; done'],
    'status.initContainerStatuses[wait].state.running.startedAt': since,
    ...fields,
  });

  it('names the Service that its command waits for, and looks there for the cause', () => {
    const [finding] = check(initHanging, [pod('web-1', waits('now-10m')), object('Service', 'db')]);
    expect(finding?.title).toBe('Init container wait of web-1 has waited for db for 10m');
    expect(finding?.causedBy).toEqual([{ kind: 'Service', namespace: 'shop', name: 'db' }]);
  });

  it('is silent for five minutes, and within a grace that a workload was given', () => {
    expect(check(initHanging, [pod('web-1', waits('now-4m'))])).toEqual([]);
    const slow = pod('web-1', waits('now-10m', { 'metadata.creationTimestamp': 'now-11m' }));
    const settings = { startupGrace: [{ workload: 'web-1', seconds: 900 }] };
    expect(check(initHanging, [slow], { settings })).toEqual([]);
  });
});

describe('container/sidecar-not-started', () => {
  const sidecar = (since: string): Fields => ({
    ...initialising,
    'spec.initContainers[proxy].restartPolicy': 'Always',
    'spec.initContainers[proxy].startupProbe': { tcpSocket: { port: 15021 } },
    'status.initContainerStatuses[proxy].started': false,
    'status.initContainerStatuses[proxy].ready': false,
    'status.initContainerStatuses[proxy].state.running.startedAt': since,
  });

  it('says that the others wait for it, in the words of its probe', () => {
    const web = pod('web-1', sidecar('now-3m'));
    const said = eventOn(
      web,
      'Unhealthy',
      'Startup probe failed: dial tcp 10.1.0.9:15021: connect: connection refused',
      {
        'involvedObject.fieldPath': 'spec.initContainers{proxy}',
      },
    );
    const [finding] = check(sidecarNotStarted, [web, said]);
    expect(finding?.title).toBe('Sidecar proxy of web-1 has not started, so the app containers wait');
    expect(finding?.evidence[1]?.value).toContain('connection refused');
  });

  it('is silent for a minute, and once it has started', () => {
    expect(check(sidecarNotStarted, [pod('web-1', sidecar('now-30s'))])).toEqual([]);
    const started = { ...sidecar('now-3m'), 'status.initContainerStatuses[proxy].started': true };
    expect(check(sidecarNotStarted, [pod('web-1', started)])).toEqual([]);
  });
});

describe('container/sidecar-blocks-job', () => {
  const halfDone = (finished: string): Fields => ({
    'status.containerStatuses[task].state.terminated.exitCode': 0,
    'status.containerStatuses[task].state.terminated.finishedAt': finished,
    'status.containerStatuses[proxy].state.running.startedAt': 'now-1h',
  });

  it('names the container that the Job still waits for', () => {
    const job = object('Job', 'report');
    const [finding] = check(sidecarBlocksJob, [job, owned(pod('report-x', halfDone('now-20m')), job)]);
    expect(finding?.title).toBe('Job report does not complete: sidecar proxy keeps running after task ended');
  });

  it('is silent for five minutes, and for pods that no Job waits for', () => {
    const job = object('Job', 'report');
    expect(check(sidecarBlocksJob, [job, owned(pod('report-x', halfDone('now-2m')), job)])).toEqual([]);
    expect(check(sidecarBlocksJob, [pod('report-x', halfDone('now-20m'))])).toEqual([]);
  });
});

describe('container/sidecar-crash', () => {
  const crash: Fields = {
    'status.containerStatuses[web].ready': true,
    'status.containerStatuses[istio-proxy].ready': false,
    'status.containerStatuses[istio-proxy].restartCount': 5,
    'status.containerStatuses[istio-proxy].state.waiting.reason': 'CrashLoopBackOff',
    'status.containerStatuses[istio-proxy].lastState.terminated': { exitCode: 255, reason: 'Error' },
  };

  it('blames the platform for a container that the template does not have', () => {
    const set = object('ReplicaSet', 'web');
    const objects = [set, owned(pod('web-1', crash), set)];
    const [finding] = check(sidecarCrash, objects);
    expect(finding?.title).toBe('Sidecar istio-proxy of web crashes (exit 255), the application runs');
    expect(finding?.cause).toContain('Most likely Istio');
    expect(check(crashLoop, objects)).toEqual([]);
  });

  it('is silent when the container belongs to the template', () => {
    const own = object('ReplicaSet', 'web', { 'spec.template.spec.containers[istio-proxy].image': 'example.com/p:1' });
    expect(check(sidecarCrash, [own, owned(pod('web-1', crash), own)])).toEqual([]);
  });
});

describe('container/injection-missing', () => {
  const hook = object('MutatingWebhookConfiguration', 'istio-sidecar-injector');
  const namespace = object('Namespace', 'shop', { 'metadata.labels': { 'istio-injection': 'enabled' } });
  const young = { 'metadata.creationTimestamp': 'now-1h' };

  it('tells a pod that was made without the sidecar of its namespace', () => {
    const [finding] = check(injectionMissing, [hook, namespace, pod('web-1', young)]);
    expect(finding?.title).toBe('web-1 has no Istio sidecar, though its namespace asks for it');
  });

  it('is silent with a native sidecar, with an opt-out, and for pods older than the injector', () => {
    const pods = [
      pod('a', { ...young, 'spec.initContainers[istio-proxy].restartPolicy': 'Always' }),
      pod('b', { ...young, 'metadata.labels': { 'sidecar.istio.io/inject': 'false' } }),
      pod('c', { 'metadata.creationTimestamp': 'now-9d' }),
    ];
    expect(check(injectionMissing, [hook, namespace, ...pods])).toEqual([]);
  });
});
