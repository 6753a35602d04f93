import { containersOf, parseTime, type UsageSeries } from '../../domain/index.ts';
import { amountOf, largest, type Amount } from '../numbers/index.ts';
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

/** From the states of the pods, which need no samples, and from what the source of usage saw. */
export function oomsOf(
  workload: Workload,
  container: string,
  series: readonly UsageSeries[],
  sinceMs: number,
  observed: { readonly max?: Amount; readonly request?: Amount },
): OomFacts {
  const kills = new Map<string, { readonly limit?: Amount; readonly request?: Amount }>();
  for (const pod of workload.pods) {
    const c = containersOf(pod).find((view) => view.name === container);
    const ends = [c?.status?.state?.terminated, c?.status?.lastState?.terminated];
    const isKilled = ends.some(
      (end) => end?.reason === 'OOMKilled' && (parseTime(end.finishedAt) ?? sinceMs) >= sinceMs,
    );
    if (!isKilled) continue;
    const limit = amountOf('memory', c?.status?.resources?.limits?.['memory'] ?? c?.spec.resources?.limits?.['memory']);
    const request = amountOf('memory', c?.spec.resources?.requests?.['memory']);
    kills.set(pod.metadata.name ?? '', {
      ...(limit !== undefined && { limit }),
      ...(request !== undefined && { request }),
    });
  }
  for (const { pod, oomSeen, memoryLimitInForce } of series)
    if (oomSeen === true && !kills.has(pod))
      kills.set(pod, memoryLimitInForce === undefined ? {} : { limit: BigInt(memoryLimitInForce) });
  let base: { readonly value: Amount; readonly withoutLimit: boolean } = { value: 0n, withoutLimit: false };
  for (const { limit, request } of kills.values()) {
    const value = limit ?? largest(observed.max ?? 0n, request ?? observed.request ?? 0n);
    if (value > base.value) base = { value, withoutLimit: limit === undefined };
  }
  return {
    seen: kills.size > 0,
    ...(base.value > 0n && { limit: base.value }),
    pods: [...kills.keys()].sort(),
    withoutLimit: base.withoutLimit,
  };
}
