import { describe, expect, it } from 'vitest';
import { exceedsCapacity } from '../../../../src/diagnosis/rules/hpa/capacity.ts';
import { customMetricMissing, metricsUnavailable, noRequests } from '../../../../src/diagnosis/rules/hpa/metrics.ts';
import { atMax, flapping, replicasOwnedTwice } from '../../../../src/diagnosis/rules/hpa/size.ts';
import { cannotScale, sharedTarget, targetMissing } from '../../../../src/diagnosis/rules/hpa/target.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const cpu = { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } };
const hpa = (fields: Fields = {}, name = 'web') =>
  object('HorizontalPodAutoscaler', name, { 'spec.metrics': [cpu], ...fields });
const condition = (type: string, status: string, reason: string, message = '', since = 'now-30m'): Fields => ({
  [`status.conditions[${type}].status`]: status,
  [`status.conditions[${type}].reason`]: reason,
  [`status.conditions[${type}].message`]: message,
  [`status.conditions[${type}].lastTransitionTime`]: since,
});
const web = object('Deployment', 'web');

describe('hpa/target-missing', () => {
  const lost = {
    'spec.scaleTargetRef.name': 'wed',
    ...condition(
      'AbleToScale',
      'False',
      'FailedGetScale',
      `the HPA controller was unable to get the target's current scale: deployments.apps "wed" not found`,
    ),
  };

  it('names the target and the nearest one, as a typed fix', () => {
    const [finding] = check(targetMissing, [hpa(lost), web]);
    expect(finding?.title).toBe('Autoscaler web refers to Deployment wed, which does not exist');
    expect(finding?.fix).toMatchObject({ verb: 'set-autoscaler', path: '.spec.scaleTargetRef.name', value: 'web' });
  });

  it('is silent where workloads were not read, and where the target came back', () => {
    const unread = { 'spec.scaleTargetRef.name': 'wed' };
    expect(check(targetMissing, [hpa(unread)], { unread: ['Deployment'] })).toEqual([]);
    expect(check(targetMissing, [hpa(lost), object('Deployment', 'wed')])).toEqual([]);
  });
});

describe('hpa/cannot-scale', () => {
  const message = `the HPA controller was unable to get the target's current scale: the server could not find the requested resource`;

  it('says that the kind has no size', () => {
    const daemon = {
      'spec.scaleTargetRef.kind': 'DaemonSet',
      ...condition('AbleToScale', 'False', 'FailedGetScale', message),
    };
    expect(check(cannotScale, [hpa(daemon)])[0]?.title).toBe(
      'Autoscaler web cannot change DaemonSet web: DaemonSet has no size to set',
    );
  });

  it('leaves a missing target to its own rule', () => {
    const missing = condition('AbleToScale', 'False', 'FailedGetScale', 'deployments.apps "web" not found');
    expect(check(cannotScale, [hpa(missing), web])).toEqual([]);
  });
});

describe('hpa/metrics-unavailable', () => {
  const none = (since: string) =>
    condition(
      'ScalingActive',
      'False',
      'FailedGetResourceMetric',
      'the HPA was unable to compute the replica count: failed to get cpu utilization: unable to get metrics for resource cpu: no metrics returned from resource metrics API',
      since,
    );

  it('points to the resource metrics API', () => {
    const [finding] = check(metricsUnavailable, [hpa(none('now-10m')), web]);
    expect(finding?.title).toBe('Autoscaler web gets no cpu metrics and does not scale web');
    expect(finding?.causedBy?.[0]).toMatchObject({ kind: 'APIService', name: 'v1beta1.metrics.k8s.io' });
  });

  it('is silent in the first minutes, about missing requests and about pods that are not ready', () => {
    expect(check(metricsUnavailable, [hpa(none('now-100s'))])).toEqual([]);
    for (const message of [
      'failed to get cpu utilization: missing request for cpu in container web of Pod web-1',
      'failed to get cpu utilization: did not receive metrics for targeted pods (pods might be unready)',
    ])
      expect(
        check(metricsUnavailable, [hpa(condition('ScalingActive', 'False', 'FailedGetResourceMetric', message))]),
      ).toEqual([]);
  });
});

describe('hpa/custom-metric-missing', () => {
  const external = {
    'spec.metrics': [
      {
        type: 'External',
        external: { metric: { name: 'queue_depth' }, target: { type: 'AverageValue', averageValue: '5' } },
      },
    ],
  };
  const message =
    'unable to get external metric shop/queue_depth/nil: unable to fetch metrics from external metrics API: the server could not find the requested resource (get queue_depth.external.metrics.k8s.io)';

  it('names the metric and the API that nobody serves', () => {
    const object = hpa({ ...external, ...condition('ScalingActive', 'False', 'FailedGetExternalMetric', message) });
    expect(check(customMetricMissing, [object])[0]?.title).toBe(
      'Autoscaler web: metric queue_depth is not available (no external.metrics.k8s.io)',
    );
  });

  it('is silent in the first minutes', () => {
    const young = condition('ScalingActive', 'False', 'FailedGetExternalMetric', message, 'now-1m');
    expect(check(customMetricMissing, [hpa({ ...external, ...young })])).toEqual([]);
  });
});

describe('hpa/no-requests', () => {
  const inactive = condition(
    'ScalingActive',
    'False',
    'FailedGetResourceMetric',
    'failed to get cpu utilization: missing request for cpu in container web of Pod web-5f-1',
  );

  it('names the container', () => {
    const [finding] = check(noRequests, [hpa(inactive), web]);
    expect(finding?.title).toBe('Autoscaler web scales on cpu utilisation, but container web sets no cpu request');
  });

  it('sees it in the pods before the controller says so', () => {
    const other = condition(
      'ScalingActive',
      'False',
      'FailedGetResourceMetric',
      'no metrics returned from resource metrics API',
    );
    expect(check(noRequests, [hpa(other), web])).toHaveLength(1);
    const defaulted = owned(
      pod('web-1', { 'spec.containers': [{ name: 'web', resources: { requests: { cpu: '100m' } } }] }),
      owned(object('ReplicaSet', 'web-5f'), web),
    );
    const set = owned(object('ReplicaSet', 'web-5f'), web);
    expect(check(noRequests, [hpa(other), web, set, owned(defaulted, set)])).toEqual([]);
  });

  it('is silent while the autoscaler works, at zero replicas and for other kinds of target value', () => {
    expect(check(noRequests, [hpa(), web])).toEqual([]);
    expect(check(noRequests, [hpa(condition('ScalingActive', 'False', 'ScalingDisabled')), web])).toEqual([]);
    const average = {
      'spec.metrics': [
        { type: 'Resource', resource: { name: 'cpu', target: { type: 'AverageValue', averageValue: '1' } } },
      ],
    };
    expect(check(noRequests, [hpa({ ...inactive, ...average }), web])).toEqual([]);
  });
});

describe('hpa/at-max', () => {
  const full = (used: number, since = 'now-30m') => ({
    'spec.maxReplicas': 3,
    'status.currentReplicas': 3,
    'status.currentMetrics': [{ type: 'Resource', resource: { name: 'cpu', current: { averageUtilization: used } } }],
    ...condition(
      'ScalingLimited',
      'True',
      'TooManyReplicas',
      'the desired replica count is more than the maximum replica count',
      since,
    ),
  });

  it('says since when and how far above its target it is', () => {
    expect(check(atMax, [hpa(full(95)), web])[0]?.title).toBe(
      'Autoscaler web is at max 3/3 for 30m: cpu 95%, target 70%',
    );
  });

  it('is silent below the target and in the first quarter of an hour', () => {
    expect(check(atMax, [hpa(full(65))])).toEqual([]);
    expect(check(atMax, [hpa(full(95, 'now-10m'))])).toEqual([]);
  });
});

describe('hpa/exceeds-capacity', () => {
  const sized = object('Deployment', 'web', { 'spec.template.spec.containers[web].resources.requests.cpu': '500m' });
  const node = object('Node', 'node-1', { 'status.allocatable': { cpu: '2', memory: '8Gi', pods: '110' } });

  it('compares a full scale-out with the room that is left', () => {
    const [finding] = check(exceedsCapacity, [hpa({ 'spec.maxReplicas': 10 }), sized, node]);
    expect(finding?.title).toBe('Autoscaler web could ask for 5 cpu; the nodes have 2 free');
  });

  it('compares it with the quota', () => {
    const quota = object('ResourceQuota', 'team', { 'spec.hard': { 'requests.cpu': '4' } });
    const large = object('Node', 'node-1', { 'status.allocatable': { cpu: '64', memory: '8Gi', pods: '110' } });
    const [finding] = check(exceedsCapacity, [hpa({ 'spec.maxReplicas': 10 }), sized, large, quota]);
    expect(finding?.title).toBe('Autoscaler web could ask for 5 cpu; quota team allows 4');
  });

  it('is silent where it fits, where nodes are added and where the cluster was not read', () => {
    expect(check(exceedsCapacity, [hpa({ 'spec.maxReplicas': 5 }), sized, node])).toEqual([]);
    const karpenter = object('Deployment', 'karpenter');
    const objects = [hpa({ 'spec.maxReplicas': 10 }), sized, node];
    expect(check(exceedsCapacity, [...objects, karpenter])).toEqual([]);
    expect(check(exceedsCapacity, objects, { unread: ['Node'] })).toEqual([]);
  });
});

describe('hpa/flapping', () => {
  const up = 'New size: 5; reason: cpu resource utilization (percentage of request) above target';
  const down = 'New size: 2; reason: All metrics below target';

  it('counts changes in both directions', () => {
    const object = hpa();
    const events = [up, down].map((m) =>
      eventOn(object, 'SuccessfulRescale', m, { count: 4, firstTimestamp: 'now-1h' }),
    );
    expect(check(flapping, [object, ...events])[0]?.title).toBe('Autoscaler web changed web 8 times in 60m');
  });

  it('is silent about one way up and one way down', () => {
    const object = hpa();
    expect(
      check(flapping, [object, ...[up, down].map((m) => eventOn(object, 'SuccessfulRescale', m, { count: 1 }))]),
    ).toEqual([]);
  });
});

describe('hpa/replicas-owned-twice', () => {
  const raised = 'New size: 2; reason: Current number of replicas below Spec.MinReplicas';

  it('infers another writer from raising the same size again and again', () => {
    const object = hpa({ 'spec.minReplicas': 2 });
    const [finding] = check(replicasOwnedTwice, [object, eventOn(object, 'SuccessfulRescale', raised, { count: 3 })]);
    expect(finding?.title).toBe('web: replicas are set by web and by somebody else in turn');
  });

  it('is silent about the first change, and when the autoscaler shrank it itself', () => {
    const object = hpa();
    expect(check(replicasOwnedTwice, [object, eventOn(object, 'SuccessfulRescale', raised, { count: 1 })])).toEqual([]);
    const both = [raised, 'New size: 1; reason: All metrics below target'].map((m) =>
      eventOn(object, 'SuccessfulRescale', m, { count: 3 }),
    );
    expect(check(replicasOwnedTwice, [object, ...both])).toEqual([]);
  });
});

describe('hpa/shared-target', () => {
  it('names all autoscalers of one target', () => {
    expect(check(sharedTarget, [hpa({}, 'web-a'), hpa({}, 'web-b'), web])[0]?.title).toBe(
      'Deployment web is scaled by 2 autoscalers: web-a and web-b',
    );
  });

  it('names the rival whose pods the selector takes too, whatever the order in the message', () => {
    const said = (order: string) =>
      condition(
        'ScalingActive',
        'False',
        'AmbiguousSelector',
        `pods by selector app=web are controlled by multiple HPAs: [${order}]`,
      );
    const rival = { 'spec.scaleTargetRef.name': 'web-canary' };
    for (const order of ['shop/web shop/canary', 'shop/canary shop/web']) {
      const [finding] = check(sharedTarget, [hpa(said(order)), hpa(rival, 'canary')]);
      expect(finding?.title).toBe('Autoscalers web and canary control the same pods');
      expect(finding?.causeKey).toBe('canary');
    }
  });

  it('is silent for two targets of one name and different kind', () => {
    expect(check(sharedTarget, [hpa({}, 'a'), hpa({ 'spec.scaleTargetRef.kind': 'StatefulSet' }, 'b')])).toEqual([]);
  });
});
