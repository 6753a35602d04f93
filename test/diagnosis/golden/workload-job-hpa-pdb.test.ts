/** States that look like faults of workloads, Jobs, autoscalers or budgets and are none. */
import { describe, expect, it } from 'vitest';
import { recognise } from '../../../src/diagnosis/engine.ts';
import { defaultSettings, type Settings } from '../../../src/diagnosis/index.ts';
import { hpaRules } from '../../../src/diagnosis/rules/hpa/index.ts';
import { jobRules } from '../../../src/diagnosis/rules/job/index.ts';
import { pdbRules } from '../../../src/diagnosis/rules/pdb/index.ts';
import { workloadRules } from '../../../src/diagnosis/rules/workload/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { eventOn, object, owned, pod, viewOf, type Fields, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...workloadRules, ...jobRules, ...hpaRules, ...pdbRules];

/** Severity and id of everything that these rules say. */
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

const notReady: Fields = { 'status.conditions[Ready].status': 'False' };

/** A Deployment with one ReplicaSet and these pods; counts are the test's to give. */
function deployment(name: string, fields: Fields, pods: readonly Fields[]): readonly KubeObject[] {
  const d = object('Deployment', name, { 'spec.replicas': pods.length, ...fields });
  const set = owned(object('ReplicaSet', `${name}-5f`, { 'spec.replicas': pods.length }), d);
  return [d, set, ...pods.map((p, i) => owned(pod(`${name}-5f-${i}`, p), set))];
}

const counts = (n: number, ready = n): Fields => ({
  'spec.replicas': n,
  'status.replicas': n,
  'status.updatedReplicas': n,
  'status.readyReplicas': ready,
  'status.availableReplicas': ready,
});

describe('workloads that are well', () => {
  it('workload/rolling-update: rolling update inside its deadline', () => {
    const web = object('Deployment', 'web', {
      'spec.replicas': 4,
      'spec.progressDeadlineSeconds': 600,
      'status.replicas': 5,
      'status.updatedReplicas': 2,
      'status.readyReplicas': 3,
      'status.availableReplicas': 3,
      'status.unavailableReplicas': 2,
      'status.conditions[Progressing].status': 'True',
      'status.conditions[Progressing].reason': 'ReplicaSetUpdated',
      'status.conditions[Available].status': 'True',
    });
    const revision = (n: number) => ({ 'metadata.annotations[deployment.kubernetes.io/revision]': String(n) });
    const old = owned(object('ReplicaSet', 'web-1', { ...revision(1), ...counts(3) }), web);
    const now = owned(object('ReplicaSet', 'web-2', { ...revision(2), ...counts(2, 0) }), web);
    const young = {
      ...notReady,
      'metadata.creationTimestamp': 'now-50s',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    };
    const pods = [
      ...['a', 'b', 'c'].map((p) => owned(pod(`web-1-${p}`), old)),
      ...['a', 'b'].map((p) => owned(pod(`web-2-${p}`, young), now)),
    ];
    expect(reported([web, old, now, ...pods])).toEqual([]);
  });

  it('workload/scale-up: scale-up that has just begun', () => {
    const young = {
      ...notReady,
      'metadata.creationTimestamp': 'now-30s',
      'status.containerStatuses[web].state.running.startedAt': 'now-20s',
      'status.containerStatuses[web].ready': false,
    };
    const fields = {
      ...counts(10, 4),
      'status.conditions[Progressing].reason': 'NewReplicaSetAvailable',
      'status.conditions[Progressing].lastUpdateTime': 'now-9d',
    };
    const pods = Array.from({ length: 10 }, (_, i) => (i < 4 ? {} : young));
    expect(reported(deployment('web', fields, pods))).toEqual([]);
  });

  it('workload/old-replicasets: old ReplicaSets with zero replicas', () => {
    const [web, ...rest] = deployment('web', counts(1), [{}]);
    const old = object('ReplicaSet', 'web-6f', { 'spec.replicas': 0, 'status.replicas': 0 });
    expect(reported([web!, ...rest, owned(old, web!)])).toEqual([]);
  });

  it('workload/scaled-to-zero-on-purpose: Deployment set to 0 by a person', () => {
    const legacy = object('Deployment', 'legacy', {
      'spec.replicas': 0,
      'status.replicas': 0,
      'status.readyReplicas': undefined,
      'status.availableReplicas': undefined,
    });
    const slice = object('EndpointSlice', 'legacy', { 'metadata.name': 'legacy-1' });
    expect(reported([legacy, object('Service', 'legacy'), slice])).toEqual(['info workload/scaled-to-zero']);
  });

  it('workload/scaled-to-zero-keda: Deployment at 0 under KEDA', () => {
    const worker = object('Deployment', 'worker', { 'spec.replicas': 0 });
    const hpa = object('HorizontalPodAutoscaler', 'keda-hpa-worker', {
      'spec.scaleTargetRef.name': 'worker',
      'status.conditions[ScalingActive].status': 'False',
      'status.conditions[ScalingActive].reason': 'ScalingDisabled',
      'metadata.ownerReferences': [
        { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', name: 'worker', uid: 'so', controller: true },
      ],
    });
    expect(reported([worker, hpa])).toEqual([]);
  });

  it('workload/scaled-to-zero-knative: Knative revision at 0', () => {
    const fn = object('Deployment', 'fn-00001-deployment', {
      'spec.replicas': 0,
      'metadata.labels[serving.knative.dev/service]': 'fn',
    });
    expect(reported([fn, object('Service', 'fn-00001-private', { 'spec.selector.app': 'fn-00001' })])).toEqual([]);
  });

  it('workload/statefulset-empty-service-name: StatefulSet without governing Service name', () => {
    const cache = object('StatefulSet', 'cache', { ...counts(2), 'spec.serviceName': '' });
    expect(reported([cache, ...[0, 1].map((i) => owned(pod(`cache-${i}`), cache))])).toEqual([]);
  });

  it('workload/statefulset-ordinals-start: StatefulSet that starts at ordinal 5', () => {
    const db = object('StatefulSet', 'db', { ...counts(2), 'spec.ordinals.start': 5 });
    expect(reported([db, object('Service', 'db'), ...[5, 6].map((i) => owned(pod(`db-${i}`), db))])).toEqual([]);
  });

  it('workload/statefulset-partition: StatefulSet canary with partition', () => {
    const db = object('StatefulSet', 'db', {
      ...counts(3),
      'spec.updateStrategy.rollingUpdate.partition': 2,
      'status.currentRevision': 'a',
      'status.updateRevision': 'b',
      'status.updatedReplicas': 1,
    });
    const pods = [0, 1, 2].map((i) => owned(pod(`db-${i}`), db));
    expect(reported([db, object('Service', 'db'), ...pods])).toEqual(['info workload/statefulset-update-held']);
  });

  it('workload/daemonset-tainted-nodes: DaemonSet absent from tainted nodes', () => {
    const logs = object('DaemonSet', 'logs', {
      'status.desiredNumberScheduled': 3,
      'status.numberReady': 3,
      'status.updatedNumberScheduled': 3,
    });
    const workers = ['w-1', 'w-2', 'w-3'];
    const control = object('Node', 'cp-1', {
      'spec.taints': [{ key: 'node-role.kubernetes.io/control-plane', effect: 'NoSchedule' }],
    });
    const pods = workers.map((n) => owned(pod(`logs-${n}`, { 'spec.nodeName': n }), logs));
    expect(reported([logs, control, ...workers.map((n) => object('Node', n)), ...pods])).toEqual([]);
  });

  it('workload/daemonset-no-node-yet: device DaemonSet on a cluster without such devices', () => {
    const plugin = object('DaemonSet', 'gpu-plugin', {
      'spec.template.spec.nodeSelector': { gpu: 'true' },
      'status.desiredNumberScheduled': 0,
      'status.numberReady': 0,
      'status.updatedNumberScheduled': 0,
    });
    expect(reported([plugin, object('Node', 'node-1')])).toEqual([]);
  });

  it('workload/daemonset-rolling: DaemonSet update one node at a time', () => {
    const cni = object('DaemonSet', 'cni', {
      'status.desiredNumberScheduled': 3,
      'status.updatedNumberScheduled': 2,
      'status.numberReady': 2,
      'status.numberUnavailable': 1,
    });
    const revision = (hash: string, fields: Fields = {}) => ({
      'metadata.labels[controller-revision-hash]': hash,
      ...fields,
    });
    const pods = [
      revision('a', { 'metadata.creationTimestamp': 'now-9d' }),
      revision('b', {
        'metadata.creationTimestamp': 'now-2m',
        'status.conditions[Ready].lastTransitionTime': 'now-1m',
      }),
      revision('b', {
        ...notReady,
        'metadata.creationTimestamp': 'now-3m',
        'status.containerStatuses[web].restartCount': 1,
        'status.containerStatuses[web].ready': false,
      }),
    ].map((fields, i) => owned(pod(`cni-${i}`, fields), cni));
    expect(reported([cni, object('Node', 'node-1'), ...pods])).toEqual([]);
  });

  it('workload/single-replica-by-design: single-replica database listed as intended', () => {
    const postgres = object('StatefulSet', 'postgres', counts(1));
    const nodes = ['node-1', 'node-2', 'node-3'].map((n) => object('Node', n));
    expect(reported([postgres, object('Service', 'postgres'), owned(pod('postgres-0'), postgres), ...nodes])).toEqual(
      [],
    );
  });

  it('workload/failed-create-old-news: FailedCreate events from before the missing account was made', () => {
    const job = object('Job', 'job-1', { 'status.active': 1 });
    const said = eventOn(
      job,
      'FailedCreate',
      'Error creating: pods "job-1-" is forbidden: error looking up service account shop/runner: serviceaccount "runner" not found',
      { lastTimestamp: 'now-26m' },
    );
    const later = owned(pod('job-1-x', { 'metadata.creationTimestamp': 'now-24m' }), job);
    const account = object('ServiceAccount', 'runner', { 'metadata.creationTimestamp': 'now-25m' });
    expect(reported([job, said, later, account])).toEqual([]);
  });

  it('workload/paused-without-change: paused Deployment with nothing to roll out', () => {
    const fields = {
      ...counts(3),
      'spec.paused': true,
      'status.conditions[Progressing].status': 'Unknown',
      'status.conditions[Progressing].reason': 'DeploymentPaused',
      'status.conditions[Progressing].lastTransitionTime': 'now-9d',
    };
    expect(reported(deployment('web', fields, [{}, {}, {}]))).toEqual([]);
  });
});

describe('pods whose workload is well', () => {
  it('pod/succeeded: pod that ended with success', () => {
    const job = object('Job', 'report', { 'status.succeeded': 1, 'status.conditions[Complete].status': 'True' });
    const done = { ...notReady, 'status.phase': 'Succeeded', 'status.conditions[Ready].reason': 'PodCompleted' };
    expect(reported([job, owned(pod('report-1', done), job)])).toEqual([]);
  });

  it('pod/job-pod-failed-then-complete: failed pods of a Job that is Complete', () => {
    const job = object('Job', 'load-1', {
      'status.failed': 2,
      'status.succeeded': 1,
      'status.conditions[Complete].status': 'True',
    });
    const lost = {
      ...notReady,
      'status.phase': 'Failed',
      'status.containerStatuses[main].state.terminated.exitCode': 1,
    };
    expect(reported([job, owned(pod('load-1-x', lost), job)])).toEqual([]);
  });

  it('pod/young-starting: new pod inside its start budget', () => {
    const young = {
      ...notReady,
      'metadata.creationTimestamp': 'now-40s',
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].started': true,
      'status.containerStatuses[web].state.running.startedAt': 'now-38s',
      'spec.containers[web].readinessProbe': { initialDelaySeconds: 20, periodSeconds: 10, failureThreshold: 3 },
    };
    const fields = {
      ...counts(1, 0),
      'status.conditions[Available].status': 'False',
      'status.conditions[Available].lastTransitionTime': 'now-70s',
    };
    expect(reported(deployment('web', fields, [young]))).toEqual([]);
  });

  it('pod/startup-grace: slow starter with a configured grace', () => {
    const slow = (age: string) => ({
      ...notReady,
      'metadata.creationTimestamp': `now-${age}`,
      'status.conditions[Ready].lastTransitionTime': `now-${age}`,
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].state.running.startedAt': `now-${age}`,
    });
    const startupGrace = [{ workload: 'ledger', seconds: 360 }];
    const at = (age: string) => reported(deployment('ledger', counts(2, 1), [{}, slow(age)]), {}, { startupGrace });
    expect(at('4m')).toEqual([]);
    expect(at('7m')).toEqual(['warning workload/degraded']);
  });

  it('pod/terminating-in-grace: pod inside its grace period', () => {
    const db = object('StatefulSet', 'db', counts(1, 0));
    const leaving = { ...notReady, 'metadata.deletionTimestamp': 'now+3m', 'metadata.deletionGracePeriodSeconds': 300 };
    expect(reported([db, object('Service', 'db'), owned(pod('db-0', leaving), db)])).toEqual([]);
  });

  it('pod/evicted-leftover: old Evicted record of a healthy workload', () => {
    const evicted = {
      ...notReady,
      'status.phase': 'Failed',
      'status.reason': 'Evicted',
      'metadata.creationTimestamp': 'now-3d',
    };
    expect(reported(deployment('web', counts(3), [{}, {}, {}, evicted]))).toEqual([]);
  });

  it('node/new: node in its first two minutes', () => {
    const cni = object('DaemonSet', 'cni', {
      'status.desiredNumberScheduled': 1,
      'status.numberReady': 0,
      'status.numberUnavailable': 1,
    });
    const node = object('Node', 'node-9', {
      'metadata.creationTimestamp': 'now-70s',
      'status.conditions[Ready].status': 'False',
      'spec.taints': [{ key: 'node.kubernetes.io/not-ready', effect: 'NoSchedule' }],
    });
    const waiting = {
      ...notReady,
      'spec.nodeName': 'node-9',
      'metadata.creationTimestamp': 'now-65s',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    };
    expect(reported([cni, node, owned(pod('cni-1', waiting), cni)])).toEqual([]);
  });

  it('rbac/partial-permissions: identity that may read one namespace only', () => {
    const web = object('Deployment', 'web', { ...counts(2), 'metadata.namespace': 'other' });
    const unread = ['Node', 'Pod', 'Event'] as const;
    expect(reported([web], { unread })).toEqual([]);
  });
});

describe('Jobs that are well', () => {
  it('job/complete-with-retries: Complete Job with failed tries', () => {
    const load = { 'status.failed': 3, 'status.succeeded': 1, 'status.conditions[Complete].status': 'True' };
    expect(reported([object('Job', 'load', load)])).toEqual([]);
  });

  it('job/suspended-by-queue: Job suspended by a queueing system', () => {
    const train = object('Job', 'train', {
      'spec.suspend': true,
      'metadata.labels[kueue.x-k8s.io/queue-name]': 'team-a',
      'status.conditions[Suspended].status': 'True',
    });
    expect(reported([train])).toEqual([]);
  });

  it('job/cronjob-suspended: CronJob suspended by its owner', () => {
    const cleanup = object('CronJob', 'cleanup', { 'spec.suspend': true, 'status.lastScheduleTime': 'now-30d' });
    expect(reported([cleanup])).toEqual(['info job/cronjob-suspended']);
  });

  it('job/cronjob-idle: CronJob between two runs, or never due yet', () => {
    const monthly = object('CronJob', 'monthly', {
      'spec.schedule': '0 3 1 * *',
      'status.active': [],
      'status.lastScheduleTime': 'now-12d',
      'status.lastSuccessfulTime': 'now-12d',
    });
    const fresh = object('CronJob', 'new', {
      'metadata.creationTimestamp': 'now-1h',
      'spec.schedule': '0 3 1 * *',
      status: {},
    });
    expect(reported([monthly, fresh])).toEqual([]);
  });

  it('job/cronjob-one-failure: one failed run between successful ones', () => {
    const sync = object('CronJob', 'sync', { 'spec.schedule': '*/15 * * * *', 'status.lastSuccessfulTime': 'now-5m' });
    const lost = object('Job', 'sync-1', {
      'metadata.creationTimestamp': 'now-35m',
      'status.startTime': 'now-35m',
      'status.conditions[Failed].status': 'True',
      'status.conditions[Failed].reason': 'BackoffLimitExceeded',
      'status.conditions[Failed].lastTransitionTime': 'now-34m',
    });
    expect(reported([sync, owned(lost, sync)])).toEqual([]);
  });

  it('job/cronjob-forbid-once: Forbid skipped one run', () => {
    const report = object('CronJob', 'report', {
      'spec.concurrencyPolicy': 'Forbid',
      'status.lastScheduleTime': 'now-6m',
      'status.active': [],
    });
    const skipped = eventOn(report, 'JobAlreadyActive', 'Not starting job because prior execution is running', {
      count: 1,
      lastTimestamp: 'now-50m',
    });
    expect(reported([report, skipped])).toEqual([]);
  });
});

describe('autoscalers that are well', () => {
  const web = deployment('web', counts(2), [{}, {}]);
  const hpa = (fields: Fields, name = 'web') => object('HorizontalPodAutoscaler', name, fields);

  it('hpa/at-min: autoscaler at its minimum', () => {
    const atMin = hpa({
      'spec.minReplicas': 2,
      'status.currentReplicas': 2,
      'status.conditions[ScalingLimited].status': 'True',
      'status.conditions[ScalingLimited].reason': 'TooFewReplicas',
      'status.conditions[ScalingLimited].lastTransitionTime': 'now-9d',
    });
    expect(reported([...web, atMin])).toEqual([]);
  });

  it('hpa/stabilized: scale-down waits for its window', () => {
    expect(reported([...web, hpa({ 'status.conditions[AbleToScale].reason': 'ScaleDownStabilized' })])).toEqual([]);
  });

  it('hpa/fixed-size: autoscaler with equal bounds', () => {
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } };
    const used = { name: 'cpu', current: { averageUtilization: 95 } };
    const pinned = hpa({
      'spec.metrics': [{ type: 'Resource', resource: cpu }],
      'status.currentMetrics': [{ type: 'Resource', resource: used }],
      'spec.minReplicas': 3,
      'spec.maxReplicas': 3,
      'status.currentReplicas': 3,
      'status.conditions[ScalingLimited].status': 'True',
      'status.conditions[ScalingLimited].reason': 'TooManyReplicas',
      'status.conditions[ScalingLimited].lastTransitionTime': 'now-9d',
    });
    expect(reported([...web, pinned])).toEqual([]);
  });

  it('hpa/custom-target: autoscaler of a custom resource', () => {
    const shop = hpa({ 'spec.scaleTargetRef.kind': 'Rollout', 'spec.scaleTargetRef.name': 'shop' }, 'shop');
    expect(reported([shop])).toEqual([]);
  });

  it('hpa/limits-only: containers with limits but no written requests', () => {
    const resources = { limits: { cpu: '500m' }, requests: { cpu: '500m' } };
    const pods = [{ 'spec.containers': [{ name: 'web', resources }] }];
    const cpu = { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } };
    const scaled = hpa({ 'spec.metrics': [{ type: 'Resource', resource: cpu }] });
    const objects = deployment(
      'web',
      { ...counts(1), 'spec.template.spec.containers': [{ name: 'web', resources }] },
      pods,
    );
    expect(reported([...objects, scaled])).toEqual([]);
  });

  it('hpa/new-pods-without-metrics: metrics missing in the first minutes', () => {
    const young = hpa({
      'status.conditions[ScalingActive].status': 'False',
      'status.conditions[ScalingActive].reason': 'FailedGetResourceMetric',
      'status.conditions[ScalingActive].message':
        'unable to get metrics for resource cpu: no metrics returned from resource metrics API',
      'status.conditions[ScalingActive].lastTransitionTime': 'now-60s',
    });
    expect(reported([...web, young])).toEqual([]);
  });

  it('container/no-cpu-limit: container without CPU limit', () => {
    const resources = { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '256Mi' } };
    const objects = deployment('web', { ...counts(1), 'spec.template.spec.containers': [{ name: 'web', resources }] }, [
      { 'spec.containers': [{ name: 'web', resources }] },
    ]);
    expect(reported([...objects, hpa({})])).toEqual([]);
  });

  it('helm/drift-by-autoscaler: replicas of a Helm workload set by an autoscaler', () => {
    const helm = { ...counts(2), 'metadata.labels[app.kubernetes.io/managed-by]': 'Helm' };
    const scaled = hpa({});
    const once = eventOn(
      scaled,
      'SuccessfulRescale',
      'New size: 2; reason: cpu resource utilization (percentage of request) above target',
      { count: 1 },
    );
    expect(reported([...deployment('web', helm, [{}, {}]), scaled, once])).toEqual([]);
  });
});

describe('budgets that are well', () => {
  const budget = (name: string, fields: Fields) =>
    object('PodDisruptionBudget', name, {
      'spec.selector.matchLabels.app': name,
      'status.observedGeneration': 1,
      'status.disruptionsAllowed': 0,
      ...fields,
    });

  it('pdb/strict-with-operator: budget of 0 with a drain webhook', () => {
    const kafka = budget('kafka', {
      'spec.maxUnavailable': 0,
      'metadata.labels[strimzi.io/cluster]': 'main',
      'status.expectedPods': 3,
      'status.desiredHealthy': 3,
      'status.currentHealthy': 3,
    });
    const cleaner = deployment('strimzi-drain-cleaner', counts(1), [{}]);
    const broker = pod('kafka-0', { 'metadata.labels.app': 'kafka' });
    expect(reported([kafka, broker, ...cleaner])).toEqual([]);
  });

  it('pdb/rolling-zero: budget at 0 for a moment', () => {
    const web = budget('web', {
      'spec.minAvailable': 2,
      'status.expectedPods': 3,
      'status.desiredHealthy': 2,
      'status.currentHealthy': 2,
      'status.conditions[DisruptionAllowed].status': 'False',
      'status.conditions[DisruptionAllowed].reason': 'InsufficientPods',
      'status.conditions[DisruptionAllowed].lastTransitionTime': 'now-20m',
    });
    const young = {
      ...notReady,
      'metadata.creationTimestamp': 'now-30s',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    };
    const rolling = {
      ...counts(3, 2),
      'status.conditions[Progressing].reason': 'ReplicaSetUpdated',
      'status.conditions[Progressing].lastUpdateTime': 'now-1m',
    };
    const labelled = { 'metadata.labels.app': 'web' };
    expect(reported([web, ...deployment('web', rolling, [labelled, labelled, { ...labelled, ...young }])])).toEqual([]);
  });
});

it('cluster/healthy: healthy cluster', () => {
  const db = object('StatefulSet', 'db', counts(1));
  const sync = object('CronJob', 'sync');
  const run = owned(
    object('Job', 'sync-1', {
      'status.succeeded': 1,
      'status.conditions[Complete].status': 'True',
      'status.completionTime': 'now-29m',
    }),
    sync,
  );
  const budget = object('PodDisruptionBudget', 'web', {
    'spec.maxUnavailable': 1,
    'spec.selector.matchLabels.app': 'web',
    'status.observedGeneration': 1,
    'status.expectedPods': 2,
    'status.desiredHealthy': 1,
    'status.currentHealthy': 2,
    'status.disruptionsAllowed': 1,
  });
  const labelled = { 'metadata.labels.app': 'web' };
  expect(
    reported([
      object('Node', 'node-1'),
      ...deployment('web', counts(2), [labelled, labelled]),
      db,
      object('Service', 'db'),
      owned(pod('db-0'), db),
      sync,
      run,
      budget,
      object('HorizontalPodAutoscaler', 'web'),
    ]),
  ).toEqual([]);
});
