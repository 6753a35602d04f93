import { controllerOf, type ClusterView } from '../cluster/index.ts';
import {
  isDeleting,
  isReady,
  refKey,
  refOf,
  refText,
  type DaemonSet,
  type Deployment,
  type ObjectRef,
  type Pod,
  type StatefulSet,
} from '../domain/index.ts';

/** What a deploy gate waits for. */
export interface GateScope {
  readonly namespace?: string;
  /** Only these; absent: everything in the scope. */
  readonly targets?: readonly ObjectRef[];
}

/**
 * Rollouts that have not ended, in words such as `deployment/web: 1 of 3 replicas available`. No finding is no sign of
 * health while pods may still be starting: a gate opens when nothing is found and nothing is left here.
 */
export function unsettled(view: ClusterView, { namespace, targets }: GateScope): readonly string[] {
  const asked = targets && new Set(targets.map(refKey));
  const isMeant = (o: Deployment | StatefulSet | DaemonSet | Pod) =>
    (asked === undefined || asked.has(refKey(refOf(o)))) &&
    (namespace === undefined || o.metadata.namespace === namespace);
  const workloads = [...view.all('Deployment'), ...view.all('StatefulSet'), ...view.all('DaemonSet')];
  // In a namespace the pods of a workload are judged by its status; a pod that was asked about is judged itself.
  const pods = view.all('Pod').filter((p) => asked !== undefined || view.owners(p).length === 0);
  return [...workloads.filter(isMeant), ...pods.filter(isMeant)].flatMap((o) => {
    const left = o.kind === 'Pod' ? unreadyPod(o) : unfinishedRollout(o);
    return left === undefined ? [] : [`${refText(refOf(o), namespace === undefined)}: ${left}`];
  });
}

function unreadyPod(pod: Pod): string | undefined {
  const phase = pod.status?.phase ?? 'Unknown';
  // What goes away is replaced, and an evicted pod of a workload lies around for long.
  if (isDeleting(pod) || (phase === 'Failed' && controllerOf(pod))) return undefined;
  return phase === 'Succeeded' || isReady(pod) ? undefined : `${phase}, not Ready`;
}

function unfinishedRollout(workload: Deployment | StatefulSet | DaemonSet): string | undefined {
  const { generation } = workload.metadata;
  const seen = workload.status?.observedGeneration;
  if (generation !== undefined && (seen === undefined || seen < generation))
    return 'its controller has not seen the last change yet';
  const { wanted, updated, available } = progressOf(workload);
  if (updated < wanted) return `${updated} of ${wanted} replicas updated`;
  if (available < wanted) return `${available} of ${wanted} replicas available`;
  return undefined;
}

/** `updated` counts only where a rollout goes on by itself: not while paused, not with OnDelete. */
function progressOf(workload: Deployment | StatefulSet | DaemonSet) {
  if (workload.kind === 'DaemonSet') {
    const {
      desiredNumberScheduled: wanted = 0,
      updatedNumberScheduled: updated = 0,
      numberAvailable,
    } = workload.status ?? {};
    const byHand = workload.spec?.updateStrategy?.type === 'OnDelete';
    return { wanted, updated: byHand ? wanted : updated, available: numberAvailable ?? 0 };
  }
  const wanted = workload.spec?.replicas ?? 1;
  const { updatedReplicas = 0, availableReplicas: available = 0 } = workload.status ?? {};
  if (workload.kind === 'Deployment')
    return { wanted, updated: workload.spec?.paused === true ? wanted : updatedReplicas, available };
  const { type, rollingUpdate } = workload.spec?.updateStrategy ?? {};
  const kept = type === 'OnDelete' ? wanted : (rollingUpdate?.partition ?? 0);
  return { wanted, updated: Math.min(wanted, updatedReplicas + kept), available };
}
