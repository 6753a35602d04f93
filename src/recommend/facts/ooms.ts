import { containersOf, parseTime, type ContainerView, type UsageSeries } from '../../domain/index.ts';
import { amountOf, isNearLimit, largest, type Amount } from '../numbers/index.ts';
import type { Workload } from './workloads.ts';

/** OOM kills of one container in the window. */
export interface OomFacts {
  readonly seen: boolean;
  /** The largest limit under which it was killed; undefined where there was neither limit, usage nor request. */
  readonly limit?: Amount;
  /** Pods, in order of name. */
  readonly pods: readonly string[];
  /** True when the largest of them had no limit: the node ran out of memory. */
  readonly withoutLimit: boolean;
}

/** What is known of the container besides its kills. */
export interface Observed {
  readonly max?: Amount;
  /** What it asks for, or would ask for by its usage: what stands for a limit where there was none. */
  readonly request: Amount;
  readonly limit?: Amount;
}

interface Kill {
  readonly limit?: Amount;
  readonly request?: Amount;
}

/** From the states of the pods, which need no samples, and from what the source of usage saw. */
export function oomsOf(
  workload: Workload,
  container: string,
  series: readonly UsageSeries[],
  sinceMs: number,
  observed: Observed,
): OomFacts {
  const kills = new Map<string, Kill>();
  const live = new Map<string, ContainerView>();
  for (const pod of workload.pods) {
    const c = containersOf(pod).find((view) => view.name === container);
    if (!c) continue;
    live.set(pod.metadata.name ?? '', c);
    const ends = [c.status?.state?.terminated, c.status?.lastState?.terminated];
    const isKilled = ends.some(
      (end) => end?.reason === 'OOMKilled' && (parseTime(end.finishedAt) ?? sinceMs) >= sinceMs,
    );
    if (isKilled) kills.set(pod.metadata.name ?? '', ownOf(c));
  }
  for (const { pod, oomSeen, memoryLimitInForce } of series) {
    if (oomSeen !== true || kills.has(pod)) continue;
    const c = live.get(pod);
    if (memoryLimitInForce !== undefined) kills.set(pod, { limit: BigInt(memoryLimitInForce) });
    else kills.set(pod, c ? ownOf(c) : goneOf(observed));
  }
  let base: { readonly value: Amount; readonly withoutLimit: boolean } = { value: 0n, withoutLimit: false };
  for (const { limit, request } of kills.values()) {
    const value = limit ?? largest(observed.max ?? 0n, request ?? 0n, observed.request);
    if (value > base.value) base = { value, withoutLimit: limit === undefined };
  }
  return {
    seen: kills.size > 0,
    ...(base.value > 0n && { limit: base.value }),
    pods: [...kills.keys()].sort(),
    withoutLimit: base.withoutLimit,
  };
}

function ownOf({ status, spec }: ContainerView): Kill {
  const limit = amountOf('memory', status?.resources?.limits?.['memory'] ?? spec.resources?.limits?.['memory']);
  const request = amountOf('memory', spec.resources?.requests?.['memory']);
  return { ...(limit !== undefined && { limit }), ...(request !== undefined && { request }) };
}

/** A pod that is gone, its limit unknown: today's where usage reached it, else one that may have been raised since. */
function goneOf({ max = 0n, limit }: Observed): Kill {
  return limit !== undefined && isNearLimit(max, limit) ? { limit } : {};
}
