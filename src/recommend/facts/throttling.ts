import type { UsageSeries } from '../../domain/index.ts';
import { amountOf, type Amount } from '../numbers/index.ts';
import type { Workload } from './workloads.ts';

/**
 * The worst throttling and the limit under which it happened. Of pods that are gone the limit is not known, and their
 * throttling may be what the present limit has cured: they count only where no pod is left.
 */
export function throttlingOf(
  { pods }: Workload,
  container: string,
  series: readonly UsageSeries[],
): { readonly percent: number; readonly limit?: Amount } | undefined {
  const live = new Map(pods.map((pod) => [pod.metadata.name ?? '', pod]));
  let worst: { percent: number; limit?: Amount } | undefined;
  for (const { pod, throttledPercent } of series) {
    const object = live.get(pod);
    if (throttledPercent === undefined || (live.size > 0 && !object) || (worst && throttledPercent <= worst.percent))
      continue;
    const spec = [...(object?.spec?.containers ?? []), ...(object?.spec?.initContainers ?? [])].find(
      (c) => c.name === container,
    );
    const limit = amountOf('cpu', spec?.resources?.limits?.['cpu']);
    worst = { percent: throttledPercent, ...(limit !== undefined && { limit }) };
  }
  return worst;
}
