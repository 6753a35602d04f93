import { workloadKey, type MemoryPeaks, type ReplicaHistory, type UsageSeries } from '../../domain/index.ts';
import type { Target, UsageScope } from '../scope.ts';
import { Points, seriesPoints, type Grid } from '../window.ts';

/** One container of one pod while its answers come in. */
export interface Entry {
  readonly target: Target;
  readonly pod: string;
  readonly container: string;
  readonly points: Points;
  peaks: { window?: number; train?: number; test?: number };
  throttledPercent?: number;
  oomSeen?: boolean;
  limit?: number;
}

/** What the answers have brought so far, by namespace, pod and container. */
export class Rows {
  readonly entries = new Map<string, Entry>();
  private readonly targets: ReadonlyMap<string, Target>;

  constructor(
    private readonly scope: UsageScope,
    private readonly gridFor: (target: Target) => Grid,
  ) {
    this.targets = new Map(scope.targets.map((t) => [workloadKey(t.namespace, t.workload), t]));
  }

  /** The container that a row's labels name; undefined when it belongs to no workload that was asked for. */
  at(labels: Readonly<Record<string, string>>, create: boolean): Entry | undefined {
    const { namespace = '', pod = '', container = '' } = labels;
    const key = `${namespace}/${pod}/${container}`;
    const known = this.entries.get(key);
    if (known || !create) return known;
    const owner = container === '' ? undefined : this.scope.ownerOf(namespace, pod);
    const target = owner === undefined ? undefined : this.targets.get(owner);
    if (!target) return undefined;
    const entry: Entry = { target, pod, container, points: new Points(this.gridFor(target)), peaks: {} };
    this.entries.set(key, entry);
    return entry;
  }

  series(): UsageSeries[] {
    const result: UsageSeries[] = [];
    for (const entry of this.entries.values()) {
      const { target, pod, container, points, peaks, throttledPercent, oomSeen, limit } = entry;
      const { window, train, test } = peaks;
      const memoryPeaks: MemoryPeaks | undefined =
        window === undefined
          ? undefined
          : { window, ...(train !== undefined && { train }), ...(test !== undefined && { test }) };
      result.push({
        namespace: target.namespace,
        workload: target.workload,
        pod,
        container,
        ...seriesPoints(points),
        ...(memoryPeaks && { memoryPeaks }),
        ...(throttledPercent !== undefined && { throttledPercent }),
        ...(oomSeen === true && { oomSeen }),
        ...(limit !== undefined && { memoryLimitInForce: limit }),
      });
    }
    return result.sort(bySeriesName);
  }

  /** Time of the oldest reading, ms since the epoch. */
  oldest(): number | undefined {
    let oldest = Infinity;
    for (const { points } of this.entries.values()) if (!points.isEmpty) oldest = Math.min(oldest, points.startMs);
    return oldest === Infinity ? undefined : oldest;
  }
}

export function bySeriesName(a: UsageSeries, b: UsageSeries): number {
  return (
    compare(a.namespace, b.namespace) ||
    compare(a.workload.kind, b.workload.kind) ||
    compare(a.workload.name, b.workload.name) ||
    compare(a.pod, b.pod) ||
    compare(a.container, b.container)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Counts of replicas are kept no finer than this: they change seldom, and are many. */
const REPLICA_STEP_SECONDS = 300;

/**
 * Pods that each workload had at each point: those with a reading of memory. Unknown before its first reading, and where
 * no container at all has one, since then the source was away.
 */
export function replicaHistory(series: readonly UsageSeries[], grid: Grid): ReplicaHistory[] {
  const stepMs = grid.stepSeconds * 1000;
  const every = Math.max(1, Math.round(REPLICA_STEP_SECONDS / grid.stepSeconds));
  // Counted from the last point backwards, so that the newest one is kept.
  const skipped = (grid.points - 1) % every;
  const length = (grid.points - 1 - skipped) / every + 1;
  const wasSeen = new Uint8Array(length);
  const byWorkload = new Map<string, { readonly of: UsageSeries; readonly pods: Map<string, Uint8Array> }>();
  for (const s of series) {
    if (s.stepSeconds !== grid.stepSeconds) continue;
    const key = workloadKey(s.namespace, s.workload);
    let entry = byWorkload.get(key);
    if (!entry) byWorkload.set(key, (entry = { of: s, pods: new Map() }));
    let pod = entry.pods.get(s.pod);
    if (!pod) entry.pods.set(s.pod, (pod = new Uint8Array(length)));
    const shift = skipped - Math.round((s.startMs - grid.startMs) / stepMs);
    for (let i = 0; i < length; i++) {
      if (Number.isNaN(s.memory[shift + i * every] ?? NaN)) continue;
      pod[i] = 1;
      wasSeen[i] = 1;
    }
  }
  return [...byWorkload.values()].map(({ of, pods }) => {
    const replicas = new Float64Array(length);
    for (const pod of pods.values()) for (let i = 0; i < length; i++) replicas[i] = (replicas[i] ?? 0) + (pod[i] ?? 0);
    let hasBegun = false;
    for (let i = 0; i < length; i++) {
      hasBegun ||= (replicas[i] ?? 0) > 0;
      if (!hasBegun || wasSeen[i] === 0) replicas[i] = NaN;
    }
    return {
      namespace: of.namespace,
      workload: of.workload,
      startMs: grid.startMs + skipped * stepMs,
      stepSeconds: grid.stepSeconds * every,
      replicas,
    };
  });
}
