import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KubeObject, UsageSeries } from '../../src/domain/index.ts';
import {
  amountOf,
  defaultSizing,
  recommendResources,
  type Resource,
  type ResourceRecommendation,
} from '../../src/recommend/index.ts';
import { p95Of, quantile, P95, sortedReadings, withoutGaps } from '../../src/recommend/numbers/index.ts';
import { object, owned, viewOf } from '../support/fixtures.ts';
import { usageOf } from './support.ts';
import { NOW } from '../support/fixtures.ts';

const MI = 1 << 20;

/** One container of one pod, as it is set and as it was used. */
interface Given {
  readonly cpuRequest?: number;
  readonly cpuLimit?: number;
  readonly memoryRequest?: number;
  readonly memoryLimit?: number;
  readonly oom: boolean;
  readonly throttledPercent?: number;
  readonly n: number;
  readonly level: number;
  readonly spread: number;
  readonly peakMi?: number;
  readonly replicas: number;
  readonly javaArgs: readonly string[];
}

const given: fc.Arbitrary<Given> = fc
  .record(
    {
      cpuRequest: fc.integer({ min: 0, max: 3000 }),
      cpuLimit: fc.integer({ min: 1, max: 4000 }),
      memoryRequest: fc.integer({ min: 0, max: 3000 }),
      memoryLimit: fc.integer({ min: 1, max: 6000 }),
      oom: fc.boolean(),
      throttledPercent: fc.integer({ min: 0, max: 100 }),
      n: fc.constantFrom(0, 5, 30, 100, 600, 2016),
      level: fc.integer({ min: 0, max: 3_000_000 }),
      spread: fc.integer({ min: 0, max: 3_000_000 }),
      peakMi: fc.integer({ min: 1, max: 5000 }),
      replicas: fc.integer({ min: 0, max: 5 }),
      javaArgs: fc.constantFrom([], ['java', '-jar', 'x.jar'], ['java', '-Xmx700m']),
    },
    { requiredKeys: ['oom', 'n', 'level', 'spread', 'replicas', 'javaArgs'] },
  )
  .map((g) => ({
    ...g,
    ...(g.cpuRequest !== undefined && g.cpuLimit !== undefined && { cpuLimit: Math.max(g.cpuLimit, g.cpuRequest) }),
    ...(g.memoryRequest !== undefined &&
      g.memoryLimit !== undefined && { memoryLimit: Math.max(g.memoryLimit, g.memoryRequest) }),
  }));

type Resources = Record<'requests' | 'limits', Record<string, string>>;

function resourcesOf(g: Given): Resources {
  const some = (cpu: number | undefined, memory: number | undefined) => ({
    ...(cpu !== undefined && { cpu: `${cpu}m` }),
    ...(memory !== undefined && { memory: `${memory}Mi` }),
  });
  return { requests: some(g.cpuRequest, g.memoryRequest), limits: some(g.cpuLimit, g.memoryLimit) };
}

/** The usage, which says the same before and after the change. */
function usage(g: Given): UsageSeries {
  const wave = (unit: number) =>
    Float64Array.from({ length: g.n }, (_, i) => (g.level + ((i * 7919) % (g.spread + 1))) * unit);
  const peaks = g.peakMi === undefined ? {} : { memoryPeaks: { window: g.peakMi * MI } };
  return {
    namespace: 'shop',
    workload: { kind: 'Deployment', name: 'web' },
    pod: 'web-old',
    container: 'web',
    startMs: NOW - Math.max(g.n - 1, 0) * 300_000,
    stepSeconds: 300,
    cpu: wave(499),
    memory: wave(997),
    ...peaks,
    ...(g.throttledPercent !== undefined && { throttledPercent: g.throttledPercent }),
    ...(g.oom && { oomSeen: true, ...(g.memoryLimit !== undefined && { memoryLimitInForce: g.memoryLimit * MI }) }),
  };
}

function clusterOf(g: Given, resources: Resources, podName: string): KubeObject[] {
  const container = { name: 'web', resources, args: g.javaArgs };
  const deployment = object('Deployment', 'web', {
    'spec.replicas': g.replicas,
    'spec.template.spec.containers': [container],
  });
  const set = owned(object('ReplicaSet', 'web-abc'), deployment);
  const node = object('Node', 'node-1', { 'status.allocatable': { cpu: '64', memory: '256Gi' } });
  return [deployment, set, owned(object('Pod', podName, { 'spec.containers': [container] }), set), node];
}

const sized = (objects: readonly KubeObject[], list: readonly UsageSeries[]) =>
  recommendResources(viewOf(objects), usageOf(list), defaultSizing);

/** The template after a person applied every row that offers a change. */
function applied(resources: Resources, rows: readonly ResourceRecommendation[]): Resources {
  const next = structuredClone(resources);
  for (const { apply } of rows) {
    if (apply?.action.verb !== 'set-resources') continue;
    Object.assign(next.requests, apply.action.requests);
    Object.assign(next.limits, apply.action.limits);
  }
  return next;
}

const amount = (resource: Resource, text: string | null | undefined) => amountOf(resource, text ?? undefined) ?? 0n;

describe('for any usage and any setting', () => {
  it('a request is never below 1.3 x p95, a limit never below the request and what was seen of memory', () => {
    fc.assert(
      fc.property(given, (g) => {
        for (const row of sized(clusterOf(g, resourcesOf(g), 'web-old'), [usage(g)])) {
          if (row.usage.p95 === null) continue;
          const request = amount(row.resource, row.recommended?.request);
          expect(request * 10n).toBeGreaterThanOrEqual(BigInt(row.usage.p95) * 13n);
          if (row.recommended?.limit == null) continue;
          const limit = amount(row.resource, row.recommended.limit);
          expect(limit).toBeGreaterThanOrEqual(request);
          expect(limit).toBeGreaterThanOrEqual(BigInt(row.usage.max ?? 0));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('applying a recommendation twice changes nothing', () => {
    fc.assert(
      fc.property(given, (g) => {
        const list = [usage(g)];
        const before = resourcesOf(g);
        const once = applied(before, sized(clusterOf(g, before, 'web-old'), list));
        const rows = sized(clusterOf(g, once, 'web-new'), list);
        expect(
          rows.filter((r) => r.apply !== null).map((r) => [r.resource, r.action, r.current, r.recommended]),
        ).toEqual([]);
        expect(applied(once, rows)).toEqual(once);
      }),
      { numRuns: 300 },
    );
  });

  it('never lowers memory after an OOM kill', () => {
    fc.assert(
      fc.property(given, (g) => {
        const resources = resourcesOf(g);
        const next = applied(resources, sized(clusterOf(g, resources, 'web-old'), [{ ...usage(g), oomSeen: true }]));
        for (const list of ['requests', 'limits'] as const)
          expect(amount('memory', next[list].memory)).toBeGreaterThanOrEqual(amount('memory', resources[list].memory));
      }),
      { numRuns: 200 },
    );
  });

  it('does not depend on the order in which anything was read', () => {
    fc.assert(
      fc.property(fc.array(given, { minLength: 2, maxLength: 4 }), fc.infiniteStream(fc.nat()), (many, random) => {
        const objects: KubeObject[] = [object('Node', 'node-1')];
        const list: UsageSeries[] = [];
        many.forEach((g, i) => {
          const spec = [{ name: 'web', resources: resourcesOf(g) }];
          objects.push(object('Deployment', `d${i}`, { 'spec.template.spec.containers': spec }));
          for (const pod of ['a', 'b'])
            list.push({ ...usage(g), workload: { kind: 'Deployment', name: `d${i}` }, pod: `d${i}-${pod}` });
        });
        const shuffled = <T>(items: readonly T[]): T[] =>
          items
            .map((item) => [random.next().value as number, item] as const)
            .sort(([a], [b]) => a - b)
            .map(([, item]) => item);
        expect(sized(shuffled(objects), shuffled(list))).toEqual(sized(objects, list));
      }),
      { numRuns: 50 },
    );
  });
});

describe('the percentile', () => {
  it('is that of the definition, exactly, also of readings that repeat', () => {
    const reading = fc.oneof(fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }), fc.nat(3));
    fc.assert(
      fc.property(fc.array(reading, { minLength: 1, maxLength: 400 }), (values) => {
        const sorted = values.map(BigInt).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
        const twentieths = 19 * (sorted.length - 1);
        const low = sorted[Math.floor(twentieths / 20)] ?? 0n;
        const high = sorted[Math.floor(twentieths / 20) + 1] ?? low;
        const expected = low * 20n + BigInt(twentieths % 20) * (high - low);
        expect(quantile(P95, sortedReadings(values))).toEqual({ num: expected, den: 20n });
        expect(p95Of(withoutGaps(values))).toBe((expected * 2n + 20n) / 40n);
      }),
    );
  });
});
