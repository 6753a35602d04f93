import type { ClusterView } from '../../../cluster/index.ts';
import { refKey, type ObjectRef, type Pod, type PodDisruptionBudget } from '../../../domain/index.ts';

export type Budget = PodDisruptionBudget;

export const ALLOWED = '.status.conditions[?(@.type=="DisruptionAllowed")]';

export function isObserved(budget: Budget): boolean {
  return budget.status?.observedGeneration === budget.metadata.generation;
}

export function podsOfBudget(view: ClusterView, budget: Budget): readonly Pod[] {
  return view
    .podsBySelector(budget.metadata.namespace, budget.spec?.selector)
    .filter((pod) => pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed');
}

/** The bound as it is written: `minAvailable: 2`. */
export function boundText({ spec }: Budget): string {
  return spec?.minAvailable === undefined
    ? `maxUnavailable: ${String(spec?.maxUnavailable ?? '')}`
    : `minAvailable: ${String(spec.minAvailable)}`;
}

export function boundPath({ spec }: Budget): string {
  return spec?.minAvailable === undefined ? '.spec.maxUnavailable' : '.spec.minAvailable';
}

/** Operators set a budget to nothing on purpose: they move the pods themselves when a node is drained. */
export function isGuarded(view: ClusterView, budget: Budget): boolean {
  if (budget.metadata.ownerReferences?.some((o) => o.controller === true)) return true;
  const strimzi = budget.metadata.labels?.['strimzi.io/cluster'] !== undefined;
  return (
    strimzi &&
    view
      .all('Deployment')
      .some((d) => d.metadata.name === 'strimzi-drain-cleaner' && (d.status?.availableReplicas ?? 0) > 0)
  );
}

export function workloadsOf(view: ClusterView, pods: readonly Pod[]): readonly ObjectRef[] {
  return [...new Map(pods.map((pod) => view.workload(pod)).map((r) => [refKey(r), r])).values()];
}

export function blocksAlways({ status }: Budget): boolean {
  return status !== undefined && status.expectedPods > 0 && status.desiredHealthy >= status.expectedPods;
}
