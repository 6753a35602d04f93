import {
  amountOf,
  amountText,
  decimalText,
  fixedText,
  fractionOf,
  type Amount,
  type Resource,
} from '../numbers/index.ts';
import type { ResourceRecommendation } from '../types.ts';

/** Requests of one resource over all rows with data, times replicas, and what the offered changes make of them. */
export interface RequestTotal {
  readonly current: string;
  readonly proposed: string;
  /** Percent with one decimal; null where nothing is requested today. */
  readonly changePercent: string | null;
}

export interface ResourceTotals {
  readonly cpu: RequestTotal;
  readonly memory: RequestTotal;
  /** Sums of the rows as they are printed. */
  readonly monthlyDelta: string;
  readonly monthlyIncreases: string;
  readonly monthlyDecreases: string;
  /** Rows by action. */
  readonly actions: Readonly<Partial<Record<ResourceRecommendation['action'], number>>>;
}

export function resourceTotals(items: readonly ResourceRecommendation[]): ResourceTotals {
  const cents = items
    .map(({ cost }) => fractionOf(cost?.monthlyDelta ?? '0'))
    .map((f) => (f ? (f.num * 100n) / f.den : 0n));
  const money = (wanted: (cents: bigint) => boolean) =>
    fixedText({ num: cents.filter(wanted).reduce((sum, c) => sum + c, 0n), den: 100n }, 2);
  const actions: Partial<Record<ResourceRecommendation['action'], number>> = {};
  for (const { action } of items) actions[action] = (actions[action] ?? 0) + 1;
  return {
    cpu: requestTotal(items, 'cpu'),
    memory: requestTotal(items, 'memory'),
    monthlyDelta: money(() => true),
    monthlyIncreases: money((c) => c > 0n),
    monthlyDecreases: money((c) => c < 0n),
    actions,
  };
}

const CHANGES: ReadonlySet<string> = new Set(['set', 'increase', 'decrease']);

function requestTotal(items: readonly ResourceRecommendation[], resource: Resource): RequestTotal {
  let current: Amount = 0n;
  let proposed: Amount = 0n;
  for (const item of items) {
    if (item.resource !== resource || item.recommended === null) continue;
    const times = BigInt(item.replicas);
    const before = amountOf(resource, item.current.request ?? undefined) ?? 0n;
    const after = CHANGES.has(item.action) ? amountOf(resource, item.recommended.request ?? undefined) : before;
    current += before * times;
    proposed += (after ?? before) * times;
  }
  return {
    current: amountText(resource, current),
    proposed: amountText(resource, proposed),
    changePercent: current === 0n ? null : decimalText({ num: (proposed - current) * 100n, den: current }, 1),
  };
}
