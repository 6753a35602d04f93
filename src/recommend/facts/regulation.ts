import type { ReplicaHistory } from '../../domain/index.ts';
import type { Amount, Resource } from '../numbers/index.ts';
import type { HpaFacts, HpaLookup } from './autoscalers.ts';

/** How an autoscaler bears on one request. */
export interface Regulation {
  /** It holds usage at target × request now; a request that follows usage would drift. */
  readonly regulating: boolean;
  /** Percent; undefined where its metrics do not depend on this request. */
  readonly target?: number;
  /** True when the target is of this container alone. */
  readonly ofContainer: boolean;
  readonly note?: string;
}

export interface Load {
  /** Average p95 of a pod, or p95 of the container where the target is of the container. */
  readonly p95: Amount;
  readonly request: Amount;
}

/** Share of the window between min and max, in percent, above which it counts as regulating. */
const REGULATING_PERCENT = 5;

export function targetOf(
  hpa: HpaFacts,
  resource: Resource,
  container: string,
): HpaFacts['targets'][number] | undefined {
  return hpa.targets.find((t) => t.resource === resource && (t.container === undefined || t.container === container));
}

export function regulationOf(
  lookup: HpaLookup,
  resource: Resource,
  container: string,
  load: (ofContainer: boolean) => Load,
  history: ReplicaHistory | undefined,
): Regulation {
  if (lookup.state === 'none') return { regulating: false, ofContainer: false };
  if (lookup.state === 'unknown')
    return {
      regulating: resource === 'cpu',
      ofContainer: false,
      note: `autoscalers could not be read (${lookup.why}): CPU is treated as regulated`,
    };
  const { hpa } = lookup;
  const metric = targetOf(hpa, resource, container);
  if (!metric) return { regulating: false, ofContainer: false };
  const ofContainer = metric.container !== undefined;
  const result = (regulating: boolean, note?: string): Regulation => ({
    regulating,
    target: metric.percent,
    ofContainer,
    ...(note !== undefined && { note }),
  });
  if (hpa.min >= hpa.max) return result(false);
  if (isBetween(hpa, history)) return result(true);
  const { p95, request } = load(ofContainer);
  const utilization = request > 0n ? Number((100n * p95) / request) : 0;
  if (hpa.current >= hpa.max) {
    const isShort = 10 * utilization > 11 * metric.percent;
    return isShort
      ? result(
          false,
          `hpa/${hpa.name} stands at its maximum ${hpa.max} with ${utilization}% of ${metric.percent}%: maxReplicas is the bottleneck`,
        )
      : result(true);
  }
  return result(10 * utilization >= 9 * metric.percent);
}

function isBetween(hpa: HpaFacts, history: ReplicaHistory | undefined): boolean {
  const between = (n: number) => n > hpa.min && n < hpa.max;
  let known = 0;
  let regulated = 0;
  for (const value of history?.replicas ?? []) {
    if (Number.isNaN(value)) continue;
    known++;
    if (between(value)) regulated++;
  }
  return known > 0 ? regulated * 100 > REGULATING_PERCENT * known : between(hpa.current);
}
