import type { ClusterView } from '../../../cluster/index.ts';
import type { ObjectRef } from '../../../domain/index.ts';

/** True when a workload has all the replicas that it wants: what happened to a former pod is then history. Unknown is false. */
export function hasFullStrength(view: ClusterView, workload: ObjectRef): boolean {
  const object = view.resolve(workload) as
    | {
        spec?: { replicas?: number };
        status?: {
          availableReplicas?: number;
          readyReplicas?: number;
          desiredNumberScheduled?: number;
          numberAvailable?: number;
        };
      }
    | undefined;
  if (!object) return false;
  const { spec, status = {} } = object;
  switch (workload.kind) {
    case 'Deployment':
    case 'ReplicaSet':
      return (status.availableReplicas ?? 0) >= (spec?.replicas ?? 1);
    case 'StatefulSet':
      return (status.readyReplicas ?? 0) >= (spec?.replicas ?? 1);
    case 'DaemonSet':
      return (status.numberAvailable ?? 0) >= (status.desiredNumberScheduled ?? 1);
    default:
      return false;
  }
}
