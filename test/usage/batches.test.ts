import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batches, halves } from '../../src/usage/prometheus/batches.ts';
import { duration, podPattern } from '../../src/usage/prometheus/queries.ts';
import type { Target, UsageScope } from '../../src/usage/index.ts';

const target = (namespace: string, name: string, containers = 1, more: Partial<Target> = {}): Target => ({
  namespace,
  workload: { kind: 'Deployment', name },
  makers: [{ kind: 'Deployment', name }],
  livePods: [],
  containers,
  isJob: false,
  ...more,
});
const scopeOf = (targets: readonly Target[], whole: readonly string[] = []): UsageScope => ({
  targets,
  wholeNamespaces: new Set(whole),
  ownerOf: () => undefined,
});
const limits = { containers: 250, points: 1_500_000, pointsPerContainer: 2016, patternBytes: 65_536 };
const sizes = (targets: readonly Target[], more = {}, whole: readonly string[] = []) =>
  batches(scopeOf(targets, whole), targets, { ...limits, ...more }).map((b) => [b.targets.length, b.whole]);

describe('how much is asked at once', () => {
  it('keeps namespaces together where they fit, so that pods need not be named', () => {
    const two = ['a', 'b'].flatMap((ns) => Array.from({ length: 200 }, (_, i) => target(ns, `w${i}`)));
    expect(sizes(two, {}, ['a', 'b'])).toEqual([
      [200, true],
      [200, true],
    ]);
    expect(sizes(two, {}, ['a'])).toEqual([
      [200, true],
      [200, false],
    ]);
  });

  it('fills questions with small namespaces and splits a large one', () => {
    const small = Array.from({ length: 100 }, (_, i) => target(`ns-${i}`, 'web', 5));
    expect(sizes(small)).toEqual([
      [50, false],
      [50, false],
    ]);
    const large = Array.from({ length: 600 }, (_, i) => target('a', `w${i}`));
    expect(sizes(large, {}, ['a'])).toEqual([
      [250, false],
      [250, false],
      [100, false],
    ]);
  });

  it('asks about fewer containers where each has more points, and keeps patterns short', () => {
    const many = Array.from({ length: 300 }, (_, i) => target('a', `w${i}`));
    expect(sizes(many, { pointsPerContainer: 10_080 })).toEqual([
      [148, false],
      [148, false],
      [4, false],
    ]);
    expect(sizes(many, { patternBytes: 10_000 }).length).toBeGreaterThan(2);
  });

  it('asks about each workload once, whatever is cut', () => {
    const some = fc.array(fc.tuple(fc.constantFrom('a', 'b', 'c'), fc.integer({ min: 1, max: 400 })), { minLength: 1 });
    fc.assert(
      fc.property(some, (list) => {
        const targets = list
          .map(([ns, n], i) => target(ns, `w${i}`, n))
          .sort((x, y) => x.namespace.localeCompare(y.namespace));
        const scope = scopeOf(targets, ['a', 'b']);
        const open = batches(scope, targets, limits);
        const leaves: Target[] = [];
        while (open.length > 0) {
          const batch = open.pop()!;
          if (batch.whole)
            for (const t of targets)
              expect(batch.targets.includes(t) || !batch.targets.some((b) => b.namespace === t.namespace)).toBe(true);
          const cut = halves(scope, targets, batch);
          if (cut) open.push(...cut);
          else leaves.push(...batch.targets);
        }
        expect(leaves.map((t) => t.workload.name).sort()).toEqual(targets.map((t) => t.workload.name).sort());
      }),
    );
  });
});

describe('the names of pods in a question', () => {
  it('lists the live pods of names that are cut, and those that fit no pattern', () => {
    const long = 'a'.repeat(48);
    expect(podPattern([target('a', long, 1, { livePods: [`${long}-5b7c9d-x2v4z`] })])).toBe(`${long}-5b7c9d-x2v4z`);
    const indexed = target('a', 'train', 1, {
      makers: [{ kind: 'Job', name: 'train' }],
      livePods: ['train-0-x2v4z', 'train-q9k2m'],
    });
    expect(podPattern([indexed])).toBe('train-[bcdfghjklmnpqrstvwxz2456789]{5}|train-0-x2v4z');
  });

  it('names the pods of a controller of an unknown kind', () => {
    const custom = target('a', 'orders', 1, { makers: [], livePods: ['orders-kafka-0', 'orders.kafka-1'] });
    expect(podPattern([custom])).toBe('orders-kafka-0|orders\\.kafka-1');
  });
});

it.each([
  [604_800, '7d'],
  [432_000, '5d'],
  [3600, '1h'],
  [90, '90s'],
  [300, '5m'],
])('writes %d seconds as %s', (seconds, text) => {
  expect(duration(seconds)).toBe(text);
});
