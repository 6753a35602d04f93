import { describe, expect, it } from 'vitest';
import { recognise } from '../../../src/diagnosis/engine.ts';
import { containerRules } from '../../../src/diagnosis/rules/container/index.ts';
import { podRules } from '../../../src/diagnosis/rules/pod/index.ts';
import { probeRules } from '../../../src/diagnosis/rules/probe/index.ts';
import { defaultSettings, type Settings } from '../../../src/diagnosis/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { eventOn, logOf, object, owned, pod, viewOf, type Fields, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...podRules, ...containerRules, ...probeRules];

/** Ids of everything that the rules of pods, containers and probes say. */
function reported(
  objects: readonly KubeObject[],
  options: ViewOptions = {},
  settings: Partial<Settings> = {},
): readonly string[] {
  const { findings, unseen } = recognise(viewOf(objects, options), {
    rules,
    settings: { ...defaultSettings, ...settings },
  });
  // A rule that fails is not a rule that is silent.
  expect(unseen).toEqual([]);
  return findings.map((f) => `${f.severity} ${f.rule}`);
}

/** A pod of a controller that is not part of the case. */
function pods(name: string, fields: Fields = {}) {
  return owned(pod(name, fields), object('ReplicaSet', name.replace(/-[^-]+$/, '')));
}

const node = (name: string, fields: Fields = {}) => object('Node', name, fields);

describe('pods that are well', () => {
  it('pod/succeeded: pod that ended with success', () => {
    const report = pods('report-1', {
      'status.phase': 'Succeeded',
      'status.containerStatuses[main].state.terminated.exitCode': 0,
      'status.containerStatuses[main].state.terminated.reason': 'Completed',
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].reason': 'PodCompleted',
    });
    expect(reported([report, node('node-1')])).toEqual([]);
  });

  it('pod/succeeded-with-failed-sidecar: succeeded pod whose sidecar ended with a non-zero code', () => {
    const load = pods('import-1', {
      'status.phase': 'Succeeded',
      'spec.restartPolicy': 'Never',
      'status.initContainerStatuses[proxy].state.terminated.exitCode': 255,
      'status.containerStatuses[main].state.terminated.exitCode': 0,
    });
    expect(reported([load, node('node-1')])).toEqual([]);
  });

  it('pod/completed-job-pods: pods of a finished Job, also on nodes that no longer exist', () => {
    const job = object('Job', 'nightly-1', { 'status.succeeded': 1, 'status.conditions[Complete].status': 'True' });
    const done = owned(pod('nightly-1-abcde', { 'status.phase': 'Succeeded', 'spec.nodeName': 'node-gone' }), job);
    expect(reported([job, done])).toEqual([]);
  });

  it('pod/job-pod-failed-then-complete: failed pods of a Job that is Complete', () => {
    const job = object('Job', 'load-1', {
      'status.failed': 2,
      'status.succeeded': 1,
      'status.conditions[Complete].status': 'True',
    });
    const tried = owned(
      pod('load-1-x', {
        'status.phase': 'Failed',
        'spec.restartPolicy': 'Never',
        'status.containerStatuses[main].state.terminated.exitCode': 1,
        'status.containerStatuses[main].state.terminated.reason': 'Error',
      }),
      job,
    );
    expect(reported([job, tried, node('node-1')])).toEqual([]);
  });

  it('pod/young-starting: new pod inside its start budget', () => {
    const web = pods('web-1', {
      'metadata.creationTimestamp': 'now-40s',
      'status.phase': 'Running',
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].lastTransitionTime': 'now-40s',
      'status.conditions[ContainersReady].status': 'False',
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].started': true,
      'status.containerStatuses[web].state.running.startedAt': 'now-38s',
      'spec.containers[web].readinessProbe': {
        httpGet: { path: '/', port: 8080 },
        initialDelaySeconds: 20,
        periodSeconds: 10,
        failureThreshold: 3,
      },
    });
    const said = eventOn(web, 'Unhealthy', 'Readiness probe failed: HTTP probe failed with statuscode: 503', {
      'involvedObject.fieldPath': 'spec.containers{web}',
      lastTimestamp: 'now-5s',
    });
    expect(reported([web, said, node('node-1')])).toEqual([]);
  });

  it('pod/startup-grace: slow starter with a configured grace, a finding once that is over', () => {
    const ledger = (age: string) =>
      pods('ledger-1', {
        'metadata.creationTimestamp': `now-${age}`,
        'status.conditions[Ready].status': 'False',
        'status.conditions[Ready].lastTransitionTime': `now-${age}`,
        'status.conditions[ContainersReady].status': 'False',
        'status.containerStatuses[web].ready': false,
        'status.containerStatuses[web].state.running.startedAt': `now-${age}`,
      });
    const settings = { startupGrace: [{ workload: 'ledger', seconds: 360 }] };
    expect(reported([ledger('4m'), node('node-1')], {}, settings)).toEqual([]);
    expect(reported([ledger('7m'), node('node-1')], {}, settings)).toEqual(['warning pod/not-ready']);
  });

  it('pod/one-probe-failure: a single failed probe while the pod is Ready', () => {
    const web = pods('web-1', {
      'spec.containers[web].readinessProbe': { httpGet: { path: '/ready', port: 8080 } },
      'status.containerStatuses[web].restartCount': 0,
    });
    const said = eventOn(
      web,
      'Unhealthy',
      'Readiness probe failed: Get "http://10.1.0.5:8080/ready": context deadline exceeded',
      { 'involvedObject.fieldPath': 'spec.containers{web}', count: 1, lastTimestamp: 'now-10m' },
    );
    expect(reported([web, said, node('node-1')])).toEqual([]);
  });

  it('pod/old-restarts: high lifetime restart count, none recently', () => {
    const agent = pods('agent-1', {
      'metadata.creationTimestamp': 'now-200d',
      'status.startTime': 'now-200d',
      'status.containerStatuses[agent].restartCount': 37,
      'status.containerStatuses[agent].state.running.startedAt': 'now-20d',
      'status.containerStatuses[agent].lastState.terminated.exitCode': 137,
      'status.containerStatuses[agent].lastState.terminated.reason': 'OOMKilled',
      'status.containerStatuses[agent].lastState.terminated.finishedAt': 'now-20d',
      'spec.containers[agent].resources.limits.memory': '64Mi',
    });
    expect(reported([agent, node('node-1')])).toEqual([]);
  });

  it('pod/restart-after-node-reboot: all pods of one node restarted once, together', () => {
    const web = pods('web-1', {
      'status.containerStatuses[web].restartCount': 1,
      'status.containerStatuses[web].state.running.startedAt': 'now-19m',
      'status.containerStatuses[web].lastState.terminated.reason': 'Unknown',
      'status.containerStatuses[web].lastState.terminated.exitCode': 255,
      'status.containerStatuses[web].lastState.terminated.finishedAt': 'now-20m',
    });
    const host = node('node-1');
    const rebooted = eventOn(host, 'Rebooted', 'Node node-1 has been rebooted', { lastTimestamp: 'now-20m' });
    expect(reported([host, rebooted, web])).toEqual([]);
  });

  it('pod/terminating-in-grace: pod inside its grace period', () => {
    const db = pods('db-0', {
      'metadata.deletionTimestamp': 'now+3m',
      'metadata.deletionGracePeriodSeconds': 300,
      'metadata.finalizers': ['example.com/backup'],
      'status.conditions[Ready].status': 'False',
    });
    expect(reported([db, node('node-1')])).toEqual([]);
  });

  it('pod/evicted-leftover: old Evicted record of a healthy workload', () => {
    const web = object('Deployment', 'web', { 'spec.replicas': 3, 'status.availableReplicas': 3 });
    const set = owned(object('ReplicaSet', 'web-5f'), web);
    const old = owned(
      pod('web-5f-old', {
        'status.phase': 'Failed',
        'status.reason': 'Evicted',
        'status.message': 'The node was low on resource: memory. ',
        'metadata.creationTimestamp': 'now-3d',
        'status.conditions[Ready].lastTransitionTime': 'now-2d',
      }),
      set,
    );
    expect(reported([web, set, old, node('node-1')])).toEqual([]);
  });

  it('pod/drain-eviction: pod evicted by a drain', () => {
    const web = object('Deployment', 'web', { 'spec.replicas': 3, 'status.availableReplicas': 2 });
    const set = owned(object('ReplicaSet', 'web-5f'), web);
    const going = owned(
      pod('web-2', {
        'metadata.deletionTimestamp': 'now+20s',
        'spec.nodeName': 'node-2',
        'status.conditions[DisruptionTarget].status': 'True',
        'status.conditions[DisruptionTarget].reason': 'EvictionByEvictionAPI',
      }),
      set,
    );
    const coming = owned(
      pod('web-4', {
        'metadata.creationTimestamp': 'now-15s',
        'status.phase': 'Pending',
        'status.conditions[PodScheduled].lastTransitionTime': 'now-14s',
        'status.conditions[Ready].status': 'False',
        'status.containerStatuses[web].ready': false,
        'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
      }),
      set,
    );
    const drained = node('node-2', { 'spec.unschedulable': true });
    expect(reported([web, set, going, coming, node('node-1'), drained])).toEqual([]);
  });

  it('pod/mirror: static pod mirror without a workload controller', () => {
    const host = node('node-1');
    const apiserver = owned(
      pod('kube-apiserver-cp1', { 'metadata.annotations[kubernetes.io/config.mirror]': 'abc' }),
      host,
    );
    expect(reported([host, apiserver])).toEqual([]);
  });

  it('pod/scheduling-gated: pod held by a queueing system', () => {
    const train = pods('train-1', {
      'status.phase': 'Pending',
      'status.conditions[PodScheduled].status': 'False',
      'status.conditions[PodScheduled].reason': 'SchedulingGated',
      'status.conditions[Ready].status': 'False',
      'spec.nodeName': undefined,
      'spec.schedulingGates': [{ name: 'kueue.x-k8s.io/admission' }],
      'status.containerStatuses': [],
    });
    expect(reported([train])).toEqual([]);
  });

  it('pod/pending-few-seconds: pod that waits a moment for the scheduler or autoscaler', () => {
    const web = pods('web-3', {
      'status.phase': 'Pending',
      'spec.nodeName': undefined,
      'status.conditions[PodScheduled].status': 'False',
      'status.conditions[PodScheduled].lastTransitionTime': 'now-15s',
      'status.conditions[Ready].status': 'False',
    });
    const scaling = eventOn(web, 'TriggeredScaleUp', 'pod triggered scale-up', { type: 'Normal' });
    expect(reported([web, scaling])).toEqual([]);
  });

  it('pod/ephemeral-debug-ended: ended debug container', () => {
    const web = pods('web-1', { 'status.ephemeralContainerStatuses[debugger].state.terminated.exitCode': 130 });
    expect(reported([web, node('node-1')])).toEqual([]);
  });

  it('pod/resize-in-progress: in-place resize under way', () => {
    const web = pods('web-1', {
      'status.conditions[PodResizeInProgress].status': 'True',
      'status.conditions[PodResizeInProgress].lastTransitionTime': 'now-20s',
    });
    expect(reported([web, node('node-1')])).toEqual([]);
  });

  it('service/same-name-event: warning event of an older pod of the same name', () => {
    const web = pods('web-1', {
      'spec.containers[web].readinessProbe': { httpGet: { path: '/ready', port: 8080 } },
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].state.running.startedAt': 'now-20m',
    });
    const earlier = eventOn(
      { ...web, metadata: { ...web.metadata, uid: 'p0' } },
      'Unhealthy',
      'Readiness probe failed: x',
      {
        'involvedObject.fieldPath': 'spec.containers{web}',
      },
    );
    expect(reported([object('Service', 'web-1'), web, earlier, node('node-1')])).toEqual([]);
  });

  it('event/old: warning event outside the window', () => {
    const x = pods('x-1');
    const old = eventOn(x, 'FailedMount', 'MountVolume.SetUp failed', { lastTimestamp: 'now-3h' });
    expect(reported([x, old, node('node-1')])).toEqual([]);
  });
});

describe('containers that are well', () => {
  it('container/native-sidecar: native sidecar keeps running in initContainers', () => {
    const web = pods('web-1', {
      'spec.initContainers[proxy].restartPolicy': 'Always',
      'status.initContainerStatuses[proxy].state.running.startedAt': 'now-3d',
      'status.initContainerStatuses[proxy].started': true,
    });
    expect(reported([web, node('node-1')])).toEqual([]);
  });

  it('dapr/native-sidecar: daprd among the init containers', () => {
    const app = pods('app-1', {
      'metadata.annotations[dapr.io/enabled]': 'true',
      'spec.initContainers[daprd].restartPolicy': 'Always',
      'status.initContainerStatuses[daprd].ready': true,
    });
    expect(reported([app, node('node-1')])).toEqual([]);
  });

  it('dapr/ignored-component: a sidecar that runs and complains', () => {
    const app = pods('app-1', { 'status.containerStatuses[daprd].ready': true });
    const log = logOf(app, 'daprd', 'level=error msg="ignored error in component cache"', false);
    expect(reported([app, node('node-1')], { logs: [log] })).toEqual([]);
  });

  it('container/init-still-short: init container working for one minute', () => {
    const web = pods('web-1', {
      'status.phase': 'Pending',
      'status.conditions[Ready].status': 'False',
      'status.initContainerStatuses[migrate].state.running.startedAt': 'now-60s',
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].state.waiting.reason': 'PodInitializing',
    });
    expect(reported([web, node('node-1')])).toEqual([]);
  });

  it('container/pulling-image: first pull of a large image', () => {
    const ml = pods('ml-1', {
      'status.phase': 'Pending',
      'status.conditions[Ready].status': 'False',
      'status.containerStatuses[ml].ready': false,
      'status.containerStatuses[ml].state.waiting.reason': 'ContainerCreating',
    });
    const pulling = eventOn(ml, 'Pulling', 'Pulling image "ml"', { type: 'Normal', lastTimestamp: 'now-90s' });
    expect(reported([ml, pulling, node('node-1')])).toEqual([]);
  });

  it('container/first-pull-retry: one failed pull followed by success', () => {
    const web = pods('web-1', { 'status.containerStatuses[web].state.running.startedAt': 'now-2m' });
    const failed = eventOn(web, 'Failed', 'Failed to pull image "reg.example/web:1": i/o timeout', {
      lastTimestamp: 'now-4m',
    });
    const pulled = eventOn(web, 'Pulled', 'Successfully pulled image', { type: 'Normal', lastTimestamp: 'now-3m' });
    expect(reported([web, failed, pulled, node('node-1')])).toEqual([]);
  });

  it('container/sandbox-retry: one failed sandbox creation followed by a start', () => {
    const web = pods('web-1');
    const failed = eventOn(web, 'FailedCreatePodSandBox', 'Failed to create pod sandbox', { lastTimestamp: 'now-6m' });
    expect(reported([web, failed, node('node-1')])).toEqual([]);
  });

  it('container/exit-zero-in-job: container of a Job ends with 0 under OnFailure', () => {
    const job = object('Job', 'job-1');
    const done = owned(
      pod('job-1-x', {
        'spec.restartPolicy': 'OnFailure',
        'status.phase': 'Succeeded',
        'status.containerStatuses[main].state.terminated.exitCode': 0,
        'status.containerStatuses[main].state.terminated.reason': 'Completed',
      }),
      job,
    );
    expect(reported([job, done, node('node-1')])).toEqual([]);
  });

  it('container/no-cpu-limit: container without CPU limit', () => {
    const web = pods('web-1', {
      'spec.containers[web].resources': {
        requests: { cpu: '200m', memory: '256Mi' },
        limits: { memory: '256Mi' },
      },
    });
    const metrics = object('PodMetrics', 'web-1', {
      containers: [{ name: 'web', usage: { cpu: '2', memory: '90Mi' } }],
    });
    expect(reported([web, metrics, node('node-1')])).toEqual([]);
  });

  it('container/log-with-error-words: healthy container whose log contains the word error', () => {
    const web = pods('web-1');
    const log = logOf(web, 'web', 'msg="processed 100 items, errors=0"\nmsg="retrying after connection refused (1/5)"');
    expect(reported([web, node('node-1')], { logs: [log] })).toEqual([]);
  });

  it('probe/undeclared-port-that-answers: probe on a port that the container serves without declaring it', () => {
    const web = pods('web-1', {
      'spec.containers[web].ports': [{ containerPort: 8080 }],
      'spec.containers[web].readinessProbe': { httpGet: { path: '/ready', port: 9090 } },
    });
    expect(reported([web, node('node-1')])).toEqual([]);
  });
});
