import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  formatDuration,
  isDeleting,
  isReady,
  parseTime,
  refOf,
  type Deployment,
  type Evidence,
  type Pod,
  type ReplicaSet,
  type StatefulSet,
} from '../../../domain/index.ts';
import { controllerOf } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import {
  causeRefs,
  isStarting,
  lastAction,
  livePodsOf,
  notReadySince,
  notSeen,
  readyColumn,
  stateEvidence,
} from './pods.ts';

type Replicated = Deployment | StatefulSet | ReplicaSet;

interface Shortfall {
  readonly workload: Replicated;
  readonly wanted: number;
  readonly ready: number;
  readonly available: number;
  /** Pods that are not Ready and not merely starting. */
  readonly lagging: readonly Pod[];
  /** ms */
  readonly since: number | undefined;
}

/** Progressing reasons of a rollout that moves; the controller ends them itself at progressDeadlineSeconds. */
const MOVING = new Set(['ReplicaSetUpdated', 'NewReplicaSetCreated', 'FoundNewReplicaSet', 'ReplicaSetCreated']);

export function isRollingOut(deployment: Deployment): boolean {
  const progressing = conditionOf(deployment, 'Progressing');
  return progressing?.status === 'True' && MOVING.has(progressing.reason ?? '');
}

function replicated(view: ClusterView): readonly Replicated[] {
  const bare = view.all('ReplicaSet').filter((rs) => (rs.spec?.replicas ?? 1) > 0 && controllerOf(rs) === undefined);
  return [...view.all('Deployment'), ...view.all('StatefulSet'), ...bare];
}

/** Workloads with fewer replicas than they want, those left out whose missing pods are only starting. */
function* shortfalls(context: RuleContext, isMeant: (available: number) => boolean): Generator<Shortfall> {
  const { view, now } = context;
  for (const workload of replicated(view)) {
    const wanted = workload.spec?.replicas ?? 1;
    const { availableReplicas: available = 0, readyReplicas: ready = 0, observedGeneration } = workload.status ?? {};
    if (wanted === 0 || available >= wanted || !isMeant(available) || isDeleting(workload)) continue;
    if (observedGeneration !== undefined && observedGeneration !== workload.metadata.generation) continue;
    const pods = livePodsOf(view, workload);
    // A Ready pod that is not available yet only waits for minReadySeconds.
    const lagging = pods.filter((pod) => !isReady(pod) && !isStarting(context, pod, refOf(workload)));
    const complete = view.isComplete('Pod', workload.metadata.namespace);
    // Nothing is started while a Deployment is paused: workload/paused tells so.
    if (workload.kind === 'Deployment' && workload.spec?.paused === true && pods.length === 0) continue;
    const missing = complete ? wanted - pods.length : 0;
    const leaving = view.podsOf(refOf(workload)).filter((pod) => isDeleting(pod));
    const replacing = leaving.some((pod) => isStarting(context, pod, refOf(workload)));
    if (complete && lagging.length === 0 && (missing <= 0 || replacing)) continue;
    const onsets = [
      conditionOf(workload, 'Available')?.status === 'False'
        ? parseTime(conditionOf(workload, 'Available')?.lastTransitionTime)
        : undefined,
      ...lagging.map(notReadySince),
      ...(missing > 0 ? [lastAction(view, workload)] : []),
    ].filter((t) => t !== undefined);
    yield {
      workload,
      wanted,
      ready,
      available,
      lagging,
      since: onsets.length > 0 ? Math.min(...onsets, now) : undefined,
    };
  }
}

function counts({ workload, ready, wanted }: Shortfall): Evidence {
  return workload.kind === 'ReplicaSet' ? field(workload, '.spec.replicas') : readyColumn(workload, ready, wanted);
}

function draft(view: ClusterView, shortfall: Shortfall, title: string): Draft {
  const { workload, lagging, since, wanted, available } = shortfall;
  const { kind, namespace, name } = refOf(workload);
  const sets = view.children(refOf(workload)).filter((o) => o.kind === 'ReplicaSet' && replicasOf(o as ReplicaSet) > 0);
  const message = conditionOf(workload, 'Available')?.status === 'False';
  return {
    subject: refOf(workload),
    causeKey: 'replicas',
    title,
    cause: `${available} of ${wanted} replicas of ${name} are available. ${notSeen(view, refOf(workload), lagging)}`,
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    causedBy: [...causeRefs(view, lagging), ...sets.map(refOf)],
    evidence: [
      counts(shortfall),
      ...(message ? [field(workload, '.status.conditions[?(@.type=="Available")].message')] : []),
      ...stateEvidence(lagging),
    ],
    remediation: [
      {
        text: 'Look at the events of the workload and of its pods',
        command: `kubectl describe ${kind.toLowerCase()} ${name} -n ${namespace ?? ''}`,
      },
    ],
  };
}

function replicasOf(set: ReplicaSet): number {
  return set.spec?.replicas ?? 1;
}

export const unavailable: Rule = {
  id: 'workload/unavailable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'ReplicaSet', 'Pod'],
  *check(context) {
    for (const s of shortfalls(context, (available) => available === 0)) {
      if (conditionOf(s.workload, 'Available')?.status === 'True') continue;
      if (s.since === undefined || context.now - s.since < UNAVAILABLE_AFTER_MS) continue;
      yield draft(context.view, s, `${s.workload.metadata.name ?? ''} is down: ${s.ready}/${s.wanted} replicas ready`);
    }
  },
};

export const degraded: Rule = {
  id: 'workload/degraded',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'ReplicaSet', 'Pod'],
  *check(context) {
    for (const s of shortfalls(context, (available) => available > 0)) {
      if (s.since === undefined || context.now - s.since < DEGRADED_AFTER_MS) continue;
      if (s.workload.kind === 'Deployment' && isRollingOut(s.workload)) continue;
      const [n, what] = s.ready < s.wanted ? [s.ready, 'ready'] : [s.available, 'available'];
      const age = formatDuration(context.now - s.since);
      yield draft(context.view, s, `${s.workload.metadata.name ?? ''}: ${n}/${s.wanted} replicas ${what} for ${age}`);
    }
  },
};

const UNAVAILABLE_AFTER_MS = 60_000;
const DEGRADED_AFTER_MS = 120_000;
