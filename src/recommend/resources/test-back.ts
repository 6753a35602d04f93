import type { UsageSeries } from '../../domain/index.ts';
import type { Setting, UsageIndex } from '../facts/index.ts';
import {
  amountText,
  backtest,
  between,
  minutesAbove,
  workloadP95,
  wouldBeOoms,
  type Readings,
  type Resource,
} from '../numbers/index.ts';
import type { Backtest } from '../types.ts';
import type { Rule } from './draft.ts';

export interface TestBackInput {
  readonly resource: Resource;
  readonly series: readonly UsageSeries[];
  readonly pods: ReadonlyMap<string, Readings>;
  /** Of the deciding pod, or of all where they were pooled. */
  readonly decisive: readonly Readings[];
  readonly index: UsageIndex;
  readonly today: Setting;
  readonly rule: Rule;
  readonly marginPercent: number;
}

export function notTested(reason: string): Backtest {
  return {
    verdict: 'not-tested',
    reason,
    requestHeld: null,
    limitHeld: null,
    minutesAboveRequest: null,
    wouldBeOoms: null,
  };
}

/** Trains on the first five sevenths of the window and tests on the rest; counts over the whole window. */
export function testBack(input: TestBackInput): Backtest {
  const { resource, pods, decisive, index, today, rule, marginPercent } = input;
  const { startMs, endMs } = index.usage.window;
  const splitMs = endMs - ((endMs - startMs) * 2) / 7;
  // A reading at the very split belongs to the earlier part, as in a range of two days that ends now.
  const train = workloadP95(part(input, 'train', -Infinity, splitMs + 1));
  const test = workloadP95(part(input, 'test', splitMs + 1, Infinity));
  if (train.status !== 'ok') return notTested(`${train.n} samples in the first ${spanText(splitMs - startMs)}`);
  if (test.status !== 'ok') return notTested(`${test.n} samples in the last ${spanText(endMs - splitMs)}`);
  const result = backtest({ resource, train, test, marginPercent });
  const last = spanText(endMs - splitMs);
  const text = (amount: bigint) => amountText(resource, amount);
  const failures = [
    ...(result.requestHeld ? [] : [`p95 of last ${last} ${text(test.p95)} > ${text(result.request)}`]),
    ...(result.limitHeld === false && result.limit !== undefined
      ? [`max of last ${last} ${text(test.max)} > ${text(result.limit)}`]
      : []),
  ];
  const all = [...pods.values()];
  return {
    verdict: result.verdict,
    reason: failures.length > 0 ? failures.join(', ') : null,
    requestHeld: result.requestHeld,
    limitHeld: result.limitHeld ?? null,
    minutesAboveRequest: {
      current: today.request === undefined ? null : minutesAbove(decisive, today.request),
      proposed: minutesAbove(decisive, rule.request),
    },
    wouldBeOoms:
      resource === 'cpu' || rule.limit === undefined
        ? null
        : {
            current: today.limit === undefined ? null : wouldBeOoms(all, today.limit),
            proposed: wouldBeOoms(all, rule.limit),
          },
  };
}

/** The readings of every pod in a part of the window, with the raw peak of that part where the source knows it. */
function part(
  { pods, series, resource }: TestBackInput,
  which: 'train' | 'test',
  fromMs: number,
  toMs: number,
): ReadonlyMap<string, Readings> {
  const peaks = new Map(series.map((s) => [s.pod, resource === 'memory' ? s.memoryPeaks?.[which] : undefined]));
  return new Map(
    [...pods].map(([pod, readings]) => {
      const peak = peaks.get(pod);
      return [pod, { ...between(readings, fromMs, toMs), ...(peak !== undefined && { peak }) }];
    }),
  );
}

/** `2d`, `7h`, `52m`, rounded. */
function spanText(ms: number): string {
  const hours = ms / 3_600_000;
  if (hours >= 47.5) return `${Math.round(hours / 24)}d`;
  return hours >= 1 ? `${Math.round(hours)}h` : `${Math.round(hours * 60)}m`;
}
