import { ageOf, type Pod } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import type { Settings } from '../../settings.ts';

/** True while a workload that is known to start slowly may still be starting. */
export function inStartupGrace(settings: Settings, view: ClusterView, pod: Pod, now: number): boolean {
  if (settings.startupGrace.length === 0) return false;
  const { name } = view.workload(pod);
  return settings.startupGrace.some(
    (g) =>
      g.workload === name &&
      (g.namespace === undefined || g.namespace === pod.metadata.namespace) &&
      ageOf(pod, now) < g.seconds * 1000,
  );
}
