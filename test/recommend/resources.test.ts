import { describe, expect, it } from 'vitest';
import type { CronJob, KubeObject, Usage } from '../../src/domain/index.ts';
import { ClusterView } from '../../src/cluster/index.ts';
import { defaultSizing, recommendResources, resourceTotals } from '../../src/recommend/index.ts';
import { NOW, object, owned, setPath, viewOf } from '../support/fixtures.ts';
import { advise, cpuOf, memoryOf, res, rowOf, series, shop, usageOf, WEEK } from './support.ts';

const memory = (p95: string, max: string, n = WEEK) =>
  [
    [p95, n - 20],
    [max, 1],
    [p95, 19],
  ] as const;
const full = res('cpu 500m', 'memory 512Mi/512Mi');
const killed = {
  'status.containerStatuses[web].lastState.terminated': { reason: 'OOMKilled', exitCode: 137, finishedAt: 'now-1d' },
};
const finished = new Date(NOW - 86_400_000).toISOString();
setPath(killed['status.containerStatuses[web].lastState.terminated'], 'finishedAt', finished);

describe('the golden example', () => {
  it('turns p95 120Mi into request 156Mi and limit 200Mi', () => {
    const row = memoryOf(shop(full), [series({ memory: memory('120Mi', '130Mi') })]);
    expect(row.recommended).toEqual({ request: '156Mi', limit: '200Mi', limitBy: 'p95' });
    expect(row).toMatchObject({ action: 'decrease', confidence: 1, current: { request: '512Mi', limit: '512Mi' } });
    expect(row.rationale).toContain('p95 120Mi x 1.3 = request 156Mi');
    expect(row.rationale).toContain('limit 200Mi by p95 (p95 200Mi, max 150Mi, request 156Mi, floor 32Mi)');
  });

  it('prices the change of the pod, for all replicas', () => {
    const row = memoryOf(shop(full, { 'spec.replicas': 3 }), [series({ memory: memory('120Mi', '130Mi') })]);
    expect(row.cost).toEqual({ monthlyDelta: '-3.23', currency: 'USD' });
  });

  it('patches the resources of the one container, and knows the way back', () => {
    const row = memoryOf(shop(full), [series()]);
    const resources = (memory: string, limit: string) => ({
      spec: {
        template: {
          spec: { containers: [{ name: 'web', resources: { requests: { memory }, limits: { memory: limit } } }] },
        },
      },
    });
    expect(row.apply?.patch).toEqual(resources('156Mi', '200Mi'));
    expect(row.rollback?.patch).toEqual(resources('512Mi', '512Mi'));
    expect(row.apply?.action).toEqual({
      verb: 'set-resources',
      target: expect.objectContaining({ kind: 'Deployment', name: 'web' }) as unknown,
      container: 'web',
      requests: { memory: '156Mi' },
      limits: { memory: '200Mi' },
    });
  });
});

describe('too little history', () => {
  it('gives no p95 for a single reading, only the maximum', () => {
    const row = memoryOf(shop(full), [series({ n: 1 })]);
    expect(row).toMatchObject({
      action: 'insufficient-data',
      recommended: null,
      confidence: null,
      risk: null,
      priority: null,
    });
    expect(row.usage).toMatchObject({ p95: null, max: String(120 << 20), samples: 1 });
  });

  it('gives none for twenty readings within less than an hour', () => {
    expect(memoryOf(shop(full), [series({ n: 20, stepSeconds: 60 })]).action).toBe('insufficient-data');
  });

  it('says that a day is a seventh of a week, and holds what would be lowered', () => {
    const row = memoryOf(shop(full), [series({ n: 288 })]);
    expect(row).toMatchObject({ action: 'hold', confidence: 0.14, confidenceLimitedBy: 'history 24 of 168 h' });
    expect(row.reasons).toContain('low-confidence');
    expect(row.rationale).toContain('confidence 0.14 low: history 24 of 168 h');
    expect(row.apply).toBeNull();
  });

  it('leaves gaps out, and trusts the rest less', () => {
    const row = memoryOf(shop(full), [
      series({
        memory: [
          ['120Mi', 1152],
          [null, 864],
        ],
      }),
    ]);
    expect(row.usage).toMatchObject({ samples: 1152, coveredHours: 96, p95: String(120 << 20) });
    expect(row.confidence).toBe(0.57);
  });

  it('says why where the source could not be read', () => {
    const unread = [{ namespace: 'shop', why: 'query exceeded its samples' }];
    const row = memoryOf(shop(full), [], { usage: { unread } });
    expect(row.reasons).toEqual(['usage-unread']);
    expect(row.rationale.join('\n')).toContain('query exceeded its samples');
  });
});

describe('pods of one workload', () => {
  it('lets the hot pod decide and says that the load is uneven', () => {
    const row = cpuOf(shop(full), [
      series({ pod: 'a', cpu: '100m' }),
      series({ pod: 'b', cpu: '400m' }),
      series({ pod: 'c', cpu: '100m' }),
    ]);
    expect(row.recommended?.request).toBe('520m');
    expect(row.usage.pod).toBe('b');
    expect(row.notes.map((n) => n.code)).toContain('uneven-load');
  });

  it('does not let the start of a young pod decide, but keeps its maximum', () => {
    const row = memoryOf(shop(full), [series({ pod: 'a' }), series({ pod: 'b', memory: '400Mi', n: 30 })]);
    expect(row.recommended).toMatchObject({ request: '156Mi', limit: '460Mi', limitBy: 'max' });
  });

  it('pools pods of which none lived for 48 readings', () => {
    const row = memoryOf(shop(full), [series({ pod: 'a', n: 30 }), series({ pod: 'b', n: 30 })]);
    expect(row.usage).toMatchObject({ pod: null, samples: 60 });
    expect(row.caps).toContain('pooled');
  });
});

describe('an OOM kill', () => {
  it('raises the limit and keeps the request, first of all rows', () => {
    const objects = shop(res('memory 512Mi/512Mi', 'cpu 500m'), {}, killed);
    const rows = advise(objects, [series({ memory: memory('380Mi', '511Mi') })]);
    expect(rows[0]).toMatchObject({
      resource: 'memory',
      risk: 'oom',
      priority: 1,
      action: 'increase',
      recommended: { request: '512Mi', limit: '640Mi', limitBy: 'oom-guard' },
    });
    expect(rows[0]?.caps).toEqual(['oom', 'near-limit']);
  });

  it('raises the limit without any sample, at no confidence', () => {
    const row = memoryOf(shop(res('memory 128Mi/128Mi', 'cpu 1'), {}, killed), []);
    expect(row).toMatchObject({
      action: 'increase',
      confidence: 0,
      risk: 'oom',
      recommended: { request: '128Mi', limit: '228Mi', limitBy: 'oom-guard' },
      current: { request: '128Mi' },
    });
    expect(row.apply?.patch).toMatchObject({
      spec: { template: { spec: { containers: [{ resources: { limits: { memory: '228Mi' } } }] } } },
    });
    expect(JSON.stringify(row.apply?.patch)).not.toContain('requests');
  });

  it('counts in the window only', () => {
    const old = structuredClone(killed);
    setPath(
      old['status.containerStatuses[web].lastState.terminated'],
      'finishedAt',
      new Date(NOW - 9 * 86_400_000).toISOString(),
    );
    expect(memoryOf(shop(full, {}, old), [series()]).action).toBe('decrease');
  });

  it('takes the limit under which the dead pod ran, not the one that was set since', () => {
    const row = memoryOf(shop(res('memory 512Mi/640Mi', 'cpu 500m')), [
      series({ pod: 'web-0', memory: memory('380Mi', '511Mi'), oomSeen: true, memoryLimitInForce: 512 << 20 }),
    ]);
    expect(row.recommended).toMatchObject({ limit: '640Mi' });
    expect(row.action).toBe('keep');
  });
});

describe('CPU limits', () => {
  it('adds none where there is none', () => {
    const row = cpuOf(shop(full), [series({ cpu: '212m' })]);
    expect(row.recommended).toEqual({ request: '276m', limit: null, limitBy: null });
  });

  it('guards against throttling and marks p95 as what the limit let through', () => {
    const row = cpuOf(shop(res('cpu 250m/500m')), [series({ cpu: '500m', throttledPercent: 40 })]);
    expect(row.recommended).toEqual({ request: '650m', limit: '1300m', limitBy: 'ratio' });
    expect(row.caps).toContain('throttled');
    expect(row.risk).toBe('short');
  });

  it('keeps a Guaranteed pod Guaranteed unless told otherwise', () => {
    const objects = shop(res('cpu 1/1', 'memory 1Gi/1Gi'));
    const list = [series({ cpu: '200m' })];
    expect(cpuOf(objects, list)).toMatchObject({
      recommended: { request: '260m', limit: '260m' },
      qos: { after: 'Guaranteed' },
    });
    const row = memoryOf(objects, list, { settings: { qos: 'burstable' } });
    expect(row).toMatchObject({ recommended: { request: '156Mi', limit: '200Mi' }, qos: { after: 'Burstable' } });
    expect(row.notes.map((n) => n.code)).toContain('qos-change');
  });
});

describe('the backtest', () => {
  it('shows usage that rose, holds the decrease and says how to look again', () => {
    const row = memoryOf(shop(full), [
      series({
        memory: [
          ['120Mi', 1440],
          ['170Mi', 576],
        ],
      }),
    ]);
    expect(row.backtest).toMatchObject({ verdict: 'failed', reason: 'p95 of last 2d 170Mi > 156Mi' });
    expect(row).toMatchObject({ action: 'hold', confidence: 0.49 });
    expect(row.notes.map((n) => n.code)).toContain('rising');
  });

  it('predicts the kills that today’s limit causes and the proposal avoids', () => {
    const spikes = [
      ['100Mi', 1000],
      ['300Mi', 2],
      ['100Mi', 500],
      ['310Mi', 1],
      ['100Mi', 513],
    ] as const;
    const row = memoryOf(shop(res('memory 128Mi/256Mi', 'cpu 500m')), [series({ memory: spikes })]);
    expect(row.backtest.wouldBeOoms).toEqual({ current: 2, proposed: 0 });
    expect(row.backtest.minutesAboveRequest).toEqual({ current: 15, proposed: 15 });
  });

  it('sees a peak that lies between two steps', () => {
    const peaks = { window: 500 << 20, train: 500 << 20, test: 120 << 20 };
    const row = memoryOf(shop(res('memory 156Mi/200Mi', 'cpu 500m')), [series({ memoryPeaks: peaks })]);
    expect(row.recommended).toMatchObject({ limit: '575Mi', limitBy: 'max' });
    expect(row.backtest.wouldBeOoms).toEqual({ current: 1, proposed: 0 });
  });

  it('is not tested on a short history', () => {
    const row = memoryOf(shop(full), [series({ n: 60 })]);
    expect(row.backtest).toMatchObject({ verdict: 'not-tested', minutesAboveRequest: null });
    expect(row.caps).toContain('backtest-not-tested');
  });
});

describe('bounds of the namespace and of policy', () => {
  const limits = (entry: object) =>
    object('LimitRange', 'bounds', { 'spec.limits': [{ type: 'Container', ...entry }] });

  it('raises to a LimitRange minimum and names it', () => {
    const row = memoryOf([...shop(full), limits({ min: { memory: '300Mi' } })], [series()]);
    expect(row.recommended).toMatchObject({ request: '300Mi', limit: '300Mi' });
    expect(row.checks[0]).toMatchObject({ status: 'changed', object: 'limitrange/bounds' });
  });

  it('blocks what a LimitRange would refuse', () => {
    const row = memoryOf([...shop(full), limits({ max: { memory: '100Mi' } })], [series()]);
    expect(row).toMatchObject({ action: 'blocked', reasons: ['limit-range'], apply: null });
    expect(row.recommended?.request).toBe('156Mi');
  });

  it('names the LimitRange that would inject a CPU limit', () => {
    const row = cpuOf([...shop(full), limits({ default: { cpu: '200m' } })], [series()]);
    expect(row.checks[0]?.detail).toContain('gives every container without a cpu limit one of 200m');
  });

  it('raises to a policy minimum, and never shrinks the margin for a maximum', () => {
    const policies = [{ resource: 'memory' as const, min: '200Mi' }];
    expect(memoryOf(shop(full), [series()], { settings: { policies } }).recommended?.request).toBe('200Mi');
    const tight = [{ resource: 'memory' as const, max: '140Mi' }];
    const row = memoryOf(shop(full), [series()], { settings: { policies: tight } });
    expect(row).toMatchObject({ action: 'blocked', reasons: ['exceeds-policy-maximum'] });
  });

  it('needs room in the quota for the pod of the rollout', () => {
    const quota = object('ResourceQuota', 'team', {
      'spec.hard': { 'requests.cpu': '1' },
      'status.hard': { 'requests.cpu': '1' },
      'status.used': { 'requests.cpu': '500m' },
    });
    const row = cpuOf([...shop(res('cpu 500m')), quota], [series({ cpu: '450m' })]);
    expect(row).toMatchObject({ action: 'blocked', reasons: ['quota'] });
    expect(row.checks.find((c) => c.name === 'quota')?.detail).toContain(
      'resourcequota/team requests.cpu: 1170m needed',
    );
  });

  it('blocks a pod that fits on no node, and warns where only an empty node would do', () => {
    const row = cpuOf(shop(res('cpu 3500m')), [series({ cpu: '3800m' })]);
    expect(row).toMatchObject({ action: 'blocked', reasons: ['node-fit'] });
    const other = object('Pod', 'other', { 'spec.containers[web].resources': res('cpu 2500m') });
    const warned = cpuOf([...shop(res('cpu 1')), other], [series({ cpu: '1400m' })]);
    expect(warned.action).toBe('increase');
    expect(warned.checks.find((c) => c.name === 'node-fit')).toMatchObject({ status: 'warning' });
  });

  it('says unknown where quotas were not read', () => {
    const row = memoryOf(shop(full), [series()], { unread: ['ResourceQuota'] });
    expect(row.checks.find((c) => c.name === 'quota')).toMatchObject({
      status: 'unknown',
      detail: 'you may not list ResourceQuota',
    });
    expect(row.action).toBe('decrease');
  });
});

describe('autoscalers', () => {
  const hpa = (fields = {}) =>
    object('HorizontalPodAutoscaler', 'web', {
      'spec.metrics': [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
      ],
      ...fields,
    });

  it('hold CPU while they regulate, so that rounds of advice do not drift', () => {
    const row = cpuOf([...shop(full), hpa()], [series()]);
    expect(row).toMatchObject({ action: 'hold', hpa: { regulating: true, target: 70 } });
    expect(row.reasons).toContain('hpa-regulating');
    expect(cpuOf([...shop(full), hpa()], [series({ cpu: '600m' })]).action).toBe('increase');
  });

  it('leave memory alone', () => {
    expect(memoryOf([...shop(full), hpa()], [series()]).action).toBe('decrease');
  });

  it('at their minimum and idle allow a decrease, with the target that goes with it', () => {
    const pinned = { 'status.currentReplicas': 1, 'spec.metrics[0].resource.target.averageUtilization': 60 };
    const row = cpuOf([...shop(res('cpu 300m')), hpa(pinned)], [series({ cpu: '150m' })]);
    expect(row).toMatchObject({
      action: 'decrease',
      recommended: { request: '200m' },
      hpa: { change: { decision: 'raise-request', target: 90 } },
    });
  });

  it('that cannot be listed are taken for regulating, never for none', () => {
    const row = cpuOf(shop(full), [series()], { unread: ['HorizontalPodAutoscaler'] });
    expect(row.action).toBe('hold');
    expect(row.reasons).toEqual(['hpa-regulating', 'hpa-unknown']);
    expect(row.rationale.join('\n')).toContain('autoscalers could not be read');
  });

  const vpa = (updateMode: string) => ({
    kind: 'VerticalPodAutoscaler',
    metadata: { name: 'web-vpa', namespace: 'shop' },
    spec: { targetRef: { kind: 'Deployment', name: 'web' }, updatePolicy: { updateMode } },
    status: { recommendation: { containerRecommendations: [{ containerName: 'web', target: { memory: '250Mi' } }] } },
  });

  it('of the vertical kind keep what they manage; one that is off is shown beside ours', () => {
    const settings = (mode: string) => ({ settings: { vpas: { state: 'read' as const, objects: [vpa(mode)] } } });
    expect(memoryOf(shop(full), [series()], settings('Recreate'))).toMatchObject({
      action: 'hold',
      reasons: ['vpa-in-control'],
      vpa: { name: 'web-vpa' },
    });
    expect(memoryOf(shop(full), [series()], settings('Off'))).toMatchObject({
      action: 'decrease',
      vpa: { target: '250Mi' },
    });
  });

  it('of both kinds on one resource are named', () => {
    const settings = { vpas: { state: 'read' as const, objects: [vpa('Off')] } };
    const row = cpuOf([...shop(full), hpa()], [series()], { settings });
    expect(row.notes.map((n) => n.code)).toContain('vpa-and-hpa');
  });
});

describe('containers of a pod', () => {
  const two = {
    'spec.template.spec.containers': [
      { name: 'web', resources: res('cpu 500m', 'memory 512Mi/512Mi') },
      { name: 'proxy', resources: res('cpu 100m', 'memory 64Mi/64Mi') },
    ],
  };

  it('are judged one by one', () => {
    const rows = advise(shop({}, two), [series(), series({ container: 'proxy', cpu: '5m', memory: '20Mi' })]);
    expect(rows).toHaveLength(4);
    expect(rowOf(rows, 'cpu', 'proxy').recommended?.request).toBe('10m');
    expect(rowOf(rows, 'memory', 'proxy').recommended).toMatchObject({ request: '26Mi', limit: '34Mi' });
  });

  it('save nothing below an init container that asks for more', () => {
    const init = { 'spec.template.spec.initContainers': [{ name: 'setup', resources: res('memory 600Mi') }] };
    const rows = advise(shop(full, init), [series()]);
    expect(rows.some((r) => r.container === 'setup')).toBe(false);
    expect(rowOf(rows, 'memory').cost?.monthlyDelta).toBe('0.00');
  });

  it('that are native sidecars are patched among the init containers', () => {
    const sidecar = {
      'spec.template.spec.initContainers': [{ name: 'mesh', restartPolicy: 'Always', resources: full }],
    };
    const row = rowOf(advise(shop(full, sidecar), [series(), series({ container: 'mesh' })]), 'memory', 'mesh');
    expect(row).toMatchObject({ role: 'sidecar', action: 'decrease' });
    expect(JSON.stringify(row.apply?.patch)).toContain('"initContainers":[{"name":"mesh"');
  });

  it('that were injected are advised without a patch', () => {
    const objects = shop(full, {}, { 'spec.containers[istio-proxy].resources': full });
    const row = rowOf(advise(objects, [series(), series({ container: 'istio-proxy' })]), 'memory', 'istio-proxy');
    expect(row).toMatchObject({ action: 'decrease', apply: null });
    expect(row.notes.map((n) => n.code)).toContain('injected');
  });

  it('without a request but with a limit count with the limit', () => {
    const row = memoryOf(shop(res('memory /512Mi', 'cpu 500m')), [series()]);
    expect(row).toMatchObject({
      action: 'set',
      current: { request: '512Mi', limit: '512Mi' },
      recommended: { request: '156Mi' },
    });
    const young = memoryOf(shop(res('memory /512Mi', 'cpu 500m')), [series({ n: 288 })]);
    expect(young.recommended).toMatchObject({ request: '512Mi', limit: '512Mi' });
  });

  it('of a JVM keep their memory unless the heap is fixed', () => {
    const java = (args: readonly string[]) => ({ 'spec.template.spec.containers[web].args': ['java', ...args] });
    const held = memoryOf(shop(full, java(['-XX:MaxRAMPercentage=75'])), [series()]);
    expect(held).toMatchObject({ action: 'hold', reasons: ['heap-unknown'] });
    const fixed = memoryOf(shop(full, java(['-Xmx256m'])), [series()]);
    expect(fixed).toMatchObject({ action: 'decrease', recommended: { limit: '320Mi', limitBy: 'heap-guard' } });
  });
});

describe('kinds of workload', () => {
  const of = (kind: string, name: string) => ({ workload: { kind, name } });

  it('DaemonSets count a pod for each node and need room on every one', () => {
    const agent = object('DaemonSet', 'agent', {
      'status.desiredNumberScheduled': 2,
      'spec.template.spec.containers': [{ name: 'web', resources: res('cpu 100m') }],
    });
    const nodes = [
      object('Node', 'big'),
      object('Node', 'small', { 'status.allocatable': { cpu: '200m', memory: '8Gi' } }),
    ];
    const row = cpuOf([agent, ...nodes], [series({ ...of('DaemonSet', 'agent'), cpu: '400m' })]);
    expect(row).toMatchObject({ replicas: 2, action: 'blocked', reasons: ['node-fit'] });
    expect(row.checks.find((c) => c.name === 'node-fit')?.object).toBe('node/small');
  });

  it('StatefulSets restart in order', () => {
    const db = object('StatefulSet', 'db', { 'spec.template.spec.containers': [{ name: 'web', resources: full }] });
    const row = memoryOf([db, object('Node', 'n')], [series(of('StatefulSet', 'db'))]);
    expect(row.notes.map((n) => n.code)).toContain('ordered-restart');
    expect(row.apply?.command).toContain('kubectl patch statefulset/db -n shop');
  });

  it('CronJobs need three finished runs, and are patched below their job template', () => {
    const cron: CronJob = object('CronJob', 'report', {
      'spec.jobTemplate.spec.template.spec.containers': [{ name: 'web', resources: full }],
    });
    const run = (i: number) => series({ ...of('CronJob', 'report'), pod: `report-2900000${i}-abcde` });
    expect(memoryOf([cron, object('Node', 'n')], [run(1), run(2)]).reasons).toEqual(['too-few-runs']);
    const row = memoryOf([cron, object('Node', 'n')], [run(1), run(2), run(3)]);
    expect(row.apply?.patch).toHaveProperty('spec.jobTemplate.spec.template.spec.containers');
  });

  it.each<[string, () => KubeObject[], string]>([
    ['bare pods', () => [object('Pod', 'web-1', { 'spec.containers[web].resources': full })], 'bare-pod'],
    [
      'static pods',
      () => [
        object('Pod', 'web-1', {
          'spec.containers[web].resources': full,
          'metadata.ownerReferences': [{ kind: 'Node', name: 'n', uid: 'x', apiVersion: 'v1', controller: true }],
        }),
      ],
      'node-file',
    ],
  ])('%s are shown without a patch', (_name, objects, manager) => {
    const row = memoryOf([...objects(), object('Node', 'n')], [series(of('Pod', 'web-1'))]);
    expect(row).toMatchObject({ action: 'decrease', owner: { manager }, apply: null, rollback: null });
  });

  it('Jobs are immutable', () => {
    const job = object('Job', 'once', { 'spec.template.spec.containers': [{ name: 'web', resources: full }] });
    const runs = ['a', 'b', 'c'].map((pod) => series({ ...of('Job', 'once'), pod }));
    expect(memoryOf([job, object('Node', 'n')], runs)).toMatchObject({ owner: { manager: 'job' }, apply: null });
  });

  it('custom resources are changed where they are made', () => {
    const set = object('ReplicaSet', 'web-5b7c9d8f46', {
      'metadata.ownerReferences': [
        { kind: 'Rollout', name: 'web', uid: 'r', apiVersion: 'argoproj.io/v1alpha1', controller: true },
      ],
    });
    const pod = owned(object('Pod', 'web-1', { 'spec.containers[web].resources': full }), set);
    const row = memoryOf([set, pod, object('Node', 'n')], [series(of('Rollout', 'web'))]);
    expect(row).toMatchObject({
      workload: { kind: 'Rollout' },
      owner: { manager: 'operator', name: 'Rollout/web' },
      apply: null,
    });
  });

  it('two of one name are kept apart', () => {
    const db = object('StatefulSet', 'web', { 'spec.template.spec.containers': [{ name: 'web', resources: full }] });
    const rows = advise([...shop(full), db], [series(), series({ ...of('StatefulSet', 'web'), memory: '300Mi' })]);
    const requests = rows.filter((r) => r.resource === 'memory').map((r) => [r.workload.kind, r.recommended?.request]);
    expect(Object.fromEntries(requests)).toEqual({ Deployment: '156Mi', StatefulSet: '390Mi' });
  });

  it('scaled to zero are advised from what was', () => {
    const row = memoryOf(shop(full, { 'spec.replicas': 0 }), [series()]);
    expect(row.notes.map((n) => n.code)).toContain('scaled-to-zero');
    expect(row.cost?.monthlyDelta).toBe('0.00');
  });
});

describe('owners of the template', () => {
  it('Helm: a patch with the values to change beside it', () => {
    const row = memoryOf(shop(full, { 'metadata.annotations[meta.helm.sh/release-name]': 'front' }), [series()]);
    expect(row.owner).toMatchObject({ manager: 'helm', name: 'front' });
    expect(row.apply?.tier).toBe('medium');
    expect(row.rationale.join('\n')).toContain(
      'helm upgrade front CHART -n shop --reuse-values --set resources.requests.memory=156Mi,resources.limits.memory=200Mi',
    );
  });

  it.each([
    ['argo-cd', 'metadata.labels[argocd.argoproj.io/instance]'],
    ['flux', 'metadata.labels[kustomize.toolkit.fluxcd.io/name]'],
  ])('%s: no patch, it would be reverted', (manager, path) => {
    expect(memoryOf(shop(full, { [path]: 'apps' }), [series()])).toMatchObject({
      owner: { manager, name: 'apps' },
      apply: null,
    });
  });
});

describe('notes and trials', () => {
  it('call an idle container idle and keep the floors', () => {
    const rows = advise(shop(full), [series({ cpu: '0', memory: '0' })]);
    expect(rowOf(rows, 'cpu')).toMatchObject({ recommended: { request: '10m' } });
    expect(rowOf(rows, 'memory')).toMatchObject({ recommended: { request: '16Mi', limit: '32Mi', limitBy: 'floor' } });
    expect(rowOf(rows, 'cpu').notes.map((n) => n.code)).toContain('idle');
  });

  it('call a spiky one spiky', () => {
    const row = memoryOf(shop(full), [series({ memory: memory('100Mi', '500Mi') })]);
    expect(row.notes.map((n) => n.code)).toContain('spiky');
    expect(row.recommended?.limit).toBe('575Mi');
  });

  it('show how to try the numbers on a running pod where the server can', () => {
    const identity = (version: string) => {
      const view = viewOf(shop(res('cpu 200m')));
      const on = new ClusterView({ ...view.facts, identity: { name: 'test', recorded: true, version } });
      return rowOf(recommendResources(on, usageOf([series()]), defaultSizing), 'cpu').rationale.join('\n');
    };
    expect(identity('v1.34.4')).toContain('kubectl patch pod web-1 -n shop --subresource resize -p');
    expect(identity('v1.32.0')).not.toContain('--subresource resize');
  });

  it('name the rollout that leaves pods missing', () => {
    const strategy = { 'spec.replicas': 4, 'spec.strategy.rollingUpdate.maxUnavailable': 1 };
    expect(memoryOf(shop(full, strategy), [series()]).notes.map((n) => n.text)).toContain(
      'up to 1 of 4 pods may be missing during the rollout',
    );
  });
});

describe('the list', () => {
  it('adds up requests and money, up and down apart', () => {
    const short = object('Deployment', 'short', {
      'spec.replicas': 2,
      'spec.template.spec.containers': [{ name: 'web', resources: res('cpu 100m', 'memory 64Mi/512Mi') }],
    });
    const rows = advise(
      [...shop(full), short],
      [series(), series({ workload: { kind: 'Deployment', name: 'short' } })],
    );
    const totals = resourceTotals(rows);
    expect(totals.memory).toEqual({ current: '640Mi', proposed: '468Mi', changePercent: '-26.9' });
    expect(totals.cpu).toEqual({ current: '700m', proposed: '390m', changePercent: '-44.3' });
    expect(totals).toMatchObject({ monthlyIncreases: '1.94', monthlyDecreases: '-9.62', monthlyDelta: '-7.68' });
    expect(totals.actions).toEqual({ increase: 2, decrease: 2 });
  });

  it('puts what is short before what is wasted, whatever it costs', () => {
    const waste = object('Deployment', 'big', {
      'spec.template.spec.containers': [{ name: 'web', resources: res('memory 100Gi/100Gi') }],
    });
    const rows = advise(
      [...shop(res('memory 64Mi/4Gi', 'cpu 500m')), waste],
      [series(), series({ workload: { kind: 'Deployment', name: 'big' } })],
    );
    expect(rows.map((r) => [r.workload.name, r.resource, r.risk]).slice(0, 2)).toEqual([
      ['web', 'memory', 'short'],
      ['big', 'cpu', 'thin'],
    ]);
  });

  it('prices with the average of replicas where the source knows it', () => {
    const replicas: Usage['replicas'] = [
      {
        namespace: 'shop',
        workload: { kind: 'Deployment', name: 'web' },
        startMs: 0,
        stepSeconds: 300,
        replicas: Float64Array.from([1, 3, NaN, 5]),
      },
    ];
    const row = memoryOf(shop(full), [series()], { usage: { replicas } });
    expect(row.cost?.monthlyDelta).toBe('-3.23');
  });
});
