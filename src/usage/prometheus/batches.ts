import type { Target, UsageScope } from '../scope.ts';
import { podPattern, type Asked } from './queries.ts';

/** How much one question may ask for. */
export interface BatchLimits {
  readonly containers: number;
  /** Values in the answer of a range query, raw samples behind that of an instant one. */
  readonly points: number;
  readonly pointsPerContainer: number;
  readonly patternBytes: number;
}

export const RANGE_CONTAINERS = 250;
export const INSTANT_CONTAINERS = 1000;
/** The server's default limit is 50,000,000 samples a query. */
export const MAX_POINTS = 20_000_000;
/** About 35 bytes a point in JSON; an answer stays well below the cap on one body. */
export const MAX_RANGE_POINTS = 1_500_000;
export const PATTERN_BYTES = 64 * 1024;

/** Questions over all targets, each within the limits; a workload larger than a limit is a question of its own. */
export function batches(scope: UsageScope, targets: readonly Target[], limits: BatchLimits): Asked[] {
  const most = Math.max(1, Math.min(limits.containers, Math.floor(limits.points / limits.pointsPerContainer)));
  const result: Asked[] = [];
  let batch: Target[] = [];
  let containers = 0;
  let bytes = 0;
  const close = () => {
    if (batch.length > 0) result.push(asked(scope, targets, batch));
    [batch, containers, bytes] = [[], 0, 0];
  };
  for (const namespace of byNamespace(targets)) {
    const size = namespace.reduce((sum, t) => sum + t.containers, 0);
    // A namespace that fits stays together: its pods need not be named then.
    if (containers + size > most && size <= most && containers * 2 >= most) close();
    for (const target of namespace) {
      const pattern = podPattern([target]).length + 1;
      if (containers + target.containers > most || bytes + pattern > limits.patternBytes) close();
      batch.push(target);
      containers += target.containers;
      bytes += pattern;
    }
  }
  close();
  return result;
}

/** Both halves of a question that was too much; undefined when it is about one workload. */
export function halves(
  scope: UsageScope,
  all: readonly Target[],
  { targets }: Asked,
): readonly [Asked, Asked] | undefined {
  if (targets.length < 2) return undefined;
  const total = targets.reduce((sum, t) => sum + t.containers, 0);
  let first = 0;
  let at = 0;
  for (const target of targets.slice(0, -1)) {
    if (at > 0 && (first + target.containers) * 2 > total) break;
    first += target.containers;
    at++;
  }
  return [asked(scope, all, targets.slice(0, at)), asked(scope, all, targets.slice(at))];
}

/** Pods are named unless the batch holds all workloads of whole namespaces. */
function asked(scope: UsageScope, all: readonly Target[], batch: readonly Target[]): Asked {
  const held = new Set(batch);
  const namespaces = new Set(batch.map((t) => t.namespace));
  const isWhole =
    [...namespaces].every((n) => scope.wholeNamespaces.has(n)) &&
    all.every((t) => held.has(t) || !namespaces.has(t.namespace));
  return { targets: batch, whole: isWhole };
}

function byNamespace(targets: readonly Target[]): Target[][] {
  const result: Target[][] = [];
  for (const target of targets) {
    const last = result.at(-1);
    if (last?.[0]?.namespace === target.namespace) last.push(target);
    else result.push([target]);
  }
  return result;
}
