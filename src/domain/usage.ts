/**
 * What containers used over time, as every source of usage hands it to right-sizing. Values are whole nanocores and
 * whole bytes: integers below 2^53, which a double holds exactly.
 */
import type { ObjectRef } from './refs.ts';

export type UsageSourceKind = 'prometheus' | 'samples' | 'series-file';

/** Where the readings came from; one recommendation never mixes sources. */
export interface UsageSource {
  readonly kind: UsageSourceKind;
  /** The URL without credentials, or the path of the folder or file. */
  readonly name: string;
}

/** The time that was asked for. The k-th step ends at `endMs - k × stepSeconds`. */
export interface UsageWindow {
  /** ms since the epoch. */
  readonly startMs: number;
  /** The evaluation time; ms since the epoch. */
  readonly endMs: number;
  readonly stepSeconds: number;
}

/** Highest readings of one pod's container from the raw samples, which the steps between may miss; whole bytes. */
export interface MemoryPeaks {
  readonly window: number;
  /** Of the first 5/7 of the window. */
  readonly train?: number;
  /** Of the last 2/7. */
  readonly test?: number;
}

/** One container of one pod over the window. Restarts, rollouts and double scrapes are merged into it. */
export interface UsageSeries {
  readonly namespace: string;
  /** The topmost owner, as `ClusterView.workload` names it: kind as Kubernetes writes it. */
  readonly workload: { readonly kind: string; readonly name: string };
  readonly pod: string;
  readonly container: string;
  /** Time of the first point of both arrays; point i lies at `startMs + i × stepSeconds × 1000`. */
  readonly startMs: number;
  readonly stepSeconds: number;
  /** Nanocores, whole, never negative; NaN = gap. */
  readonly cpu: Float64Array;
  /** Working set in bytes, whole, never negative; NaN = gap. */
  readonly memory: Float64Array;
  readonly memoryPeaks?: MemoryPeaks;
  /** Periods in which the container was throttled, in percent of all; absent = unknown. */
  readonly throttledPercent?: number;
  /** True when the source saw an OOM in the window. */
  readonly oomSeen?: boolean;
  /** The largest memory limit in force within the window, in bytes. */
  readonly memoryLimitInForce?: number;
}

/** Workloads whose usage could not be read: never a zero, never a guess. */
export interface UsageUnread {
  readonly namespace: string;
  /** Absent: the whole namespace. */
  readonly workload?: { readonly kind: string; readonly name: string };
  /** The server's message, or the name of the metric that is missing. */
  readonly why: string;
}

/** Replicas that a workload had over the window, where the source knows; NaN = gap. */
export interface ReplicaHistory {
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly startMs: number;
  readonly stepSeconds: number;
  readonly replicas: Float64Array;
}

/** Everything that one source answered for one scope. */
export interface Usage {
  readonly source: UsageSource;
  readonly window: UsageWindow;
  /** How far back the source's data reaches, when that is less than the window. */
  readonly reachSeconds?: number;
  /** Requests sent to the source; 0 for files. */
  readonly queries: number;
  readonly series: readonly UsageSeries[];
  readonly replicas: readonly ReplicaHistory[];
  readonly unread: readonly UsageUnread[];
  /** True when the server said that its answer may lack series. */
  readonly partialResponse: boolean;
  /** For people: retention, duplicates, torn lines, wider rate windows. */
  readonly warnings: readonly string[];
}

/** Identity of a workload in maps: `shop/Deployment/web`. */
export function workloadKey(namespace: string, workload: Pick<ObjectRef, 'kind' | 'name'>): string {
  return `${namespace}/${workload.kind}/${workload.name}`;
}
