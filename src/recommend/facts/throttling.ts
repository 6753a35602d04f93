import type { UsageSeries } from '../../domain/index.ts';
import { amountOf, THROTTLED_PERCENT, type Amount } from '../numbers/index.ts';
import type { Workload } from './workloads.ts';

/** How a container was throttled in the window. */
export interface Throttling {
  /** Of the pods that are there; of any where no pod was read. Undefined: unknown. */
  readonly percent?: number;
  /** The limit under which that was, where it is known. */
  readonly limit?: Amount;
  /** Pods that are gone were throttled: the present limit may be what cured it, and is not lowered. */
  readonly before: boolean;
}

export function throttlingOf({ pods }: Workload, container: string, series: readonly UsageSeries[]): Throttling {
  const live = new Map(pods.map((pod) => [pod.metadata.name ?? '', pod]));
  let worst: Omit<Throttling, 'before'> = {};
  let before = false;
  for (const { pod, throttledPercent } of series) {
    if (throttledPercent === undefined) continue;
    const object = live.get(pod);
    if (live.size > 0 && !object) {
      before ||= throttledPercent > THROTTLED_PERCENT;
      continue;
    }
    if (throttledPercent <= (worst.percent ?? -1)) continue;
    const specs = [...(object?.spec?.containers ?? []), ...(object?.spec?.initContainers ?? [])];
    const limit = amountOf('cpu', specs.find((c) => c.name === container)?.resources?.limits?.['cpu']);
    worst = { percent: throttledPercent, ...(limit !== undefined && { limit }) };
  }
  return { ...worst, before };
}
