import {
  conditionOf,
  isFinished,
  isReady,
  refOf,
  type DaemonSet,
  type Evidence,
  type Job,
  type KubeObject,
  type ObjectRef,
  type ReplicaSet,
  type Severity,
  type StatefulSet,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';

/** A controller that may not create the pods that it lacks, and the words of the refusal. */
export interface Refusal {
  /** ReplicaSet, StatefulSet, DaemonSet or Job. */
  readonly controller: KubeObject;
  readonly workload: ObjectRef;
  readonly message: string;
  readonly evidence: Evidence;
  readonly severity: Severity;
}

const CONTROLLERS = ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job'] as const;
const known = new WeakMap<ClusterView, readonly Refusal[]>();

/** What API refusals keep controllers from creating pods now; found once for all rules of the group. */
export function refusals(view: ClusterView): readonly Refusal[] {
  let found = known.get(view);
  if (!found) known.set(view, (found = [...find(view)]));
  return found;
}

function* find(view: ClusterView): Generator<Refusal> {
  for (const kind of CONTROLLERS)
    for (const controller of view.all(kind) as readonly KubeObject[]) {
      if (!lacksPods(controller)) continue;
      const said = whatWasSaid(view, controller);
      if (!said) continue;
      const workload = view.workload(controller);
      // While pods of another revision serve, nobody suffers yet.
      const serves = kind !== 'Job' && view.podsOf(workload).some((pod) => isReady(pod) && !isFinished(pod));
      yield { controller, workload, ...said, severity: serves ? 'warning' : 'critical' };
    }
}

/** Fewer pods than wanted: an event or condition about refused pods outlives the fault. */
function lacksPods(controller: KubeObject): boolean {
  switch (controller.kind) {
    case 'ReplicaSet':
    case 'StatefulSet': {
      const { spec, status } = controller as ReplicaSet | StatefulSet;
      return (status?.replicas ?? 0) < (spec?.replicas ?? 1);
    }
    case 'DaemonSet': {
      const { status } = controller as DaemonSet;
      return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0);
    }
    default: {
      const { spec, status } = controller as Job;
      if (['Complete', 'Failed', 'Suspended'].some((t) => conditionOf(controller, t)?.status === 'True')) return false;
      return (
        (status?.active ?? 0) < Math.min(spec?.parallelism ?? 1, (spec?.completions ?? 1) - (status?.succeeded ?? 0))
      );
    }
  }
}

function whatWasSaid(view: ClusterView, controller: KubeObject): Pick<Refusal, 'message' | 'evidence'> | undefined {
  const failed = view.events(controller, 'FailedCreate').at(-1);
  if (failed?.message !== undefined) return { message: failed.message, evidence: event(failed) };
  const condition = conditionOf(controller, 'ReplicaFailure');
  if (condition?.status !== 'True' || condition.message === undefined) return undefined;
  const path = '.status.conditions[?(@.type=="ReplicaFailure")].message';
  return { message: condition.message, evidence: field(controller, path) };
}

export function subjectOf({ controller }: Refusal): ObjectRef {
  return refOf(controller);
}

/** Onset: when the condition of the failure came, for controllers that have one. */
export function onset({ controller }: Refusal): { since?: string } {
  const condition = conditionOf(controller, 'ReplicaFailure');
  const since = condition?.status === 'True' ? condition.lastTransitionTime : undefined;
  return since === undefined ? {} : { since };
}
