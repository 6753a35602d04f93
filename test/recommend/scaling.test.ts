import { describe, expect, it } from 'vitest';
import type { KubeObject, UsageSeries } from '../../src/domain/index.ts';
import {
  defaultPrices,
  recommendScaling,
  type ScalingRecommendation,
  type ScalingSettings,
} from '../../src/recommend/index.ts';
import { object, viewOf, type ViewOptions } from '../support/fixtures.ts';
import { res, series, shop, usageOf } from './support.ts';

const settings: ScalingSettings = { metricsApi: true, prices: defaultPrices };

function scale(
  objects: readonly KubeObject[],
  list: readonly UsageSeries[],
  own: Partial<ScalingSettings> = {},
  options: ViewOptions = {},
): ScalingRecommendation {
  const [first] = recommendScaling(viewOf(objects, options), usageOf(list), { ...settings, ...own });
  if (!first) throw new Error('no recommendation');
  return first;
}

const replicas = (n: number) => ({ 'spec.replicas': n });
const each = (n: number, cpu: string, more = {}) =>
  Array.from({ length: n }, (_, i) => series({ pod: `web-${i}`, cpu, ...more }));
const half = res('cpu 500m');

describe('the number of pods', () => {
  it('grows with p95 x 1.3 over the request, up to the cap', () => {
    const row = scale(shop(half, replicas(2)), each(2, '425m'), { as: 'replicas' });
    expect(row).toMatchObject({
      action: 'scale-up',
      replicas: { needed: 3, recommended: 3, capped: false },
      utilization: 85,
    });
    expect(row.apply).toMatchObject({ tier: 'low', command: 'kubectl scale deployment/web -n shop --replicas=3' });
    expect(row.rollback?.command).toContain('--replicas=2');
  });

  it('is capped at 3 and says so, but never below what runs', () => {
    const capped = scale(shop(half, replicas(3)), each(3, '600m'), { as: 'replicas' });
    expect(capped).toMatchObject({ action: 'keep', replicas: { needed: 5, recommended: 3, capped: true } });
    expect(capped.rationale).toContain('capped at 3, needs 5');
    expect(scale(shop(half, replicas(5)), each(5, '500m'), { as: 'replicas' }).replicas.recommended).toBe(5);
    expect(
      scale(shop(half, replicas(3)), each(3, '600m'), { as: 'replicas', maxReplicas: 10 }).replicas.recommended,
    ).toBe(5);
  });

  it('shrinks after a day of data, and warns of the last one', () => {
    const row = scale(shop(half, replicas(3)), each(3, '100m'));
    expect(row).toMatchObject({ action: 'scale-down', replicas: { recommended: 1 } });
    expect(row.notes.map((n) => n.code)).toEqual(['single-replica']);
    expect(row.cost?.monthlyDelta).toBe('-23.08');
    expect(scale(shop(half, replicas(3)), each(3, '100m', { n: 200 }))).toMatchObject({ action: 'hold', apply: null });
  });

  it('respects a disruption budget', () => {
    const pdb = object('PodDisruptionBudget', 'web', {
      'spec.minAvailable': '50%',
      'spec.selector.matchLabels.app': 'web',
    });
    const row = scale([...shop(half, replicas(4)), pdb], each(4, '50m'));
    expect(row.replicas.recommended).toBe(2);
    expect(row.checks[0]?.object).toBe('poddisruptionbudget/web');
  });

  it('takes the percentile of the sum, not the sum of percentiles', () => {
    const early = series({
      pod: 'a',
      cpu: [
        ['800m', 1008],
        ['0', 1008],
      ],
    });
    const late = series({
      pod: 'b',
      cpu: [
        ['0', 1008],
        ['800m', 1008],
      ],
    });
    expect(scale(shop(half, replicas(2)), [early, late]).usage).toMatchObject({
      p95Total: '800000000',
      perPod: '400000000',
    });
  });
});

describe('an autoscaler', () => {
  it('is proposed where pods are busy: 70 %, 1 to 3, without a second margin', () => {
    const row = scale(shop(half, replicas(2)), each(2, '425m'));
    expect(row).toMatchObject({
      action: 'enable-hpa',
      hpa: { proposed: { target: 70, min: 1, max: 3 }, expectedAtP95: 3 },
      alternative: '3 replicas without an autoscaler',
    });
    expect(row.apply?.patch).toMatchObject({ apiVersion: 'autoscaling/v2', spec: { minReplicas: 1, maxReplicas: 3 } });
    expect(row.rationale.join('\n')).toContain('no 1.3 on top, 70% leaves 30% already');
    expect(row.rationale.join('\n')).toContain('consider an ADR');
  });

  it('is not proposed without a metrics API, nor for a StatefulSet', () => {
    expect(scale(shop(half, replicas(2)), each(2, '425m'), { metricsApi: false }).action).toBe('scale-up');
    const db = object('StatefulSet', 'db', {
      'spec.replicas': 2,
      'spec.template.spec.containers': [{ name: 'web', resources: half }],
    });
    const workload = { kind: 'StatefulSet', name: 'db' };
    expect(scale([db], each(2, '425m', { workload })).action).toBe('scale-up');
  });

  it('that exists decides; only its maximum is advised', () => {
    const hpa = (current: number) =>
      object('HorizontalPodAutoscaler', 'web', {
        'spec.maxReplicas': 3,
        'status.currentReplicas': current,
        'spec.metrics': [
          { type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 70 } } },
        ],
      });
    expect(scale([...shop(half, replicas(2)), hpa(2)], each(2, '100m'))).toMatchObject({ action: 'keep', apply: null });
    const row = scale([...shop(half, replicas(3)), hpa(3)], each(3, '600m'));
    expect(row).toMatchObject({ action: 'raise-max', hpa: { existing: { max: 3 }, proposed: { max: 6 } } });
    expect(row.apply?.command).toContain('"maxReplicas":6');
  });

  it('that could not be listed holds everything', () => {
    const row = scale(shop(half, replicas(3)), each(3, '100m'), {}, { unread: ['HorizontalPodAutoscaler'] });
    expect(row.action).toBe('hold');
    expect(row.reasons[0]).toContain('autoscalers could not be read');
  });
});

describe('what cannot be scaled', () => {
  it('needs a CPU request first, and says what it would give', () => {
    const row = scale(shop({}, replicas(2)), each(2, '400m'));
    expect(row).toMatchObject({ action: 'blocked', reasons: ['set a CPU request first'] });
    expect(row.rationale.join('\n')).toContain('with the recommended request of 520m a pod: 2 replicas');
  });

  it.each(['DaemonSet', 'Job', 'CronJob', 'Pod'] as const)('%s: not applicable', (kind) => {
    expect(scale([object(kind, 'web')], [])).toMatchObject({ action: 'not-applicable', apply: null });
  });

  it('gets no number from a few readings', () => {
    expect(scale(shop(half), [series({ n: 12 })])).toMatchObject({ action: 'insufficient-data', confidence: null });
  });
});
