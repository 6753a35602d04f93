import { groupBy, workloadKey, type ReplicaHistory, type Usage, type UsageSeries } from '../../domain/index.ts';
import { withoutGaps, type Fraction, type Readings, type Resource } from '../numbers/index.ts';
import type { Workload } from './workloads.ts';

/** Usage by workload and container. */
export interface UsageIndex {
  readonly usage: Usage;
  readonly windowHours: number;
  series(workload: Workload, container?: string): readonly UsageSeries[];
  replicas(workload: Workload): ReplicaHistory | undefined;
  /** Why nothing could be read for a workload. */
  unread(workload: Workload): string | undefined;
}

export function usageIndex(usage: Usage): UsageIndex {
  const byPod = (a: UsageSeries, b: UsageSeries) => (a.pod < b.pod ? -1 : a.pod > b.pod ? 1 : 0);
  const byWorkload = groupBy(usage.series, (s) => workloadKey(s.namespace, s.workload));
  for (const list of byWorkload.values()) list.sort(byPod);
  const histories = new Map(usage.replicas.map((r) => [workloadKey(r.namespace, r.workload), r]));
  const keyOf = ({ namespace, ref }: Workload) => workloadKey(namespace, ref);
  return {
    usage,
    windowHours: (usage.window.endMs - usage.window.startMs) / 3_600_000,
    series(workload, container) {
      const all = byWorkload.get(keyOf(workload)) ?? [];
      return container === undefined ? all : all.filter((s) => s.container === container);
    },
    replicas: (workload) => histories.get(keyOf(workload)),
    unread: ({ namespace, ref }) =>
      usage.unread.find(
        (u) =>
          u.namespace === namespace &&
          (u.workload === undefined || (u.workload.kind === ref.kind && u.workload.name === ref.name)),
      )?.why,
  };
}

/** One resource of one series, with the raw peak where the source knows it. */
export function readingsOf(series: UsageSeries, resource: Resource): Readings {
  const { stepSeconds, startMs, memoryPeaks } = series;
  const peak = resource === 'memory' ? memoryPeaks?.window : undefined;
  return { values: series[resource], stepSeconds, startMs, ...(peak !== undefined && { peak }) };
}

/** Average of the readings that there are; undefined without any. */
export function averageReplicas(history: ReplicaHistory | undefined): Fraction | undefined {
  let sum = 0;
  let n = 0;
  for (const value of history?.replicas ?? [])
    if (!Number.isNaN(value)) {
      sum += Math.round(value);
      n++;
    }
  return n > 0 ? { num: BigInt(sum), den: BigInt(n) } : undefined;
}

/** Usage of all these series together, at each step at which any was read. */
export function totalUsage(series: readonly UsageSeries[], resource: Resource): Float64Array {
  const stepMs = (series[0]?.stepSeconds ?? 0) * 1000;
  if (stepMs === 0) return new Float64Array(0);
  let first = Infinity;
  let last = -Infinity;
  for (const s of series) {
    first = Math.min(first, s.startMs);
    last = Math.max(last, s.startMs + s[resource].length * stepMs);
  }
  const total = new Float64Array(Math.ceil((last - first) / stepMs)).fill(NaN);
  for (const s of series) {
    const values = s[resource];
    const offset = Math.round((s.startMs - first) / stepMs);
    for (let i = 0; i < values.length; i++) {
      const value = values[i] ?? NaN;
      if (Number.isNaN(value)) continue;
      const before = total[offset + i] ?? NaN;
      total[offset + i] = Number.isNaN(before) ? value : before + value;
    }
  }
  return withoutGaps(total);
}
