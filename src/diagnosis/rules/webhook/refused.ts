import {
  conditionOf,
  isDeleting,
  oneLine,
  parseTime,
  type DaemonSet,
  type Evidence,
  type Job,
  type KubeObject,
  type ReplicaSet,
} from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';

/** A controller whose pods (or whose Job, ReplicaSet) the API server refuses to create. */
export interface Refusal {
  readonly object: KubeObject;
  readonly message: string;
  readonly evidence: Evidence;
  readonly since?: string;
}

const cache = new WeakMap<ClusterView, readonly Refusal[]>();

/** What is refused now: the newest failure of every controller that still lacks something. */
export function refusals(view: ClusterView): readonly Refusal[] {
  let all = cache.get(view);
  if (!all) {
    all = [...find(view)];
    cache.set(view, all);
  }
  return all;
}

function* find(view: ClusterView): Generator<Refusal> {
  for (const kind of ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'CronJob'] as const)
    for (const object of view.all(kind)) {
      if (isDeleting(object) || !lacksSomething(object)) continue;
      const refusal = byEvent(view, object) ?? byCondition(object, 'ReplicaFailure');
      if (refusal) yield refusal;
    }
  for (const object of view.all('Deployment'))
    if (conditionOf(object, 'Progressing')?.reason === 'ReplicaSetCreateError') {
      const refusal = byCondition(object, 'Progressing');
      if (refusal) yield refusal;
    }
}

/** The events of a refusal stay when it is over: only a controller that still lacks pods counts. */
function lacksSomething(object: KubeObject): boolean {
  switch (object.kind) {
    case 'ReplicaSet':
    case 'StatefulSet': {
      const { spec, status } = object as ReplicaSet;
      return (status?.replicas ?? 0) < (spec?.replicas ?? 1);
    }
    case 'DaemonSet': {
      const { status } = object as DaemonSet;
      return (status?.currentNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0);
    }
    case 'Job': {
      const { spec, status } = object as Job;
      const isOver = (status?.conditions ?? []).some(
        (c) => c.status === 'True' && (c.type === 'Complete' || c.type === 'Failed'),
      );
      const wanted = Math.min(spec?.parallelism ?? 1, (spec?.completions ?? Infinity) - (status?.succeeded ?? 0));
      return !isOver && spec?.suspend !== true && (status?.active ?? 0) < wanted;
    }
    default:
      return true;
  }
}

function byEvent(view: ClusterView, object: KubeObject): Refusal | undefined {
  const events = view.events(object, 'FailedCreate');
  const last = events.at(-1);
  const created = view.events(object, 'SuccessfulCreate').at(-1);
  // A CronJob lacks nothing that could be counted: a later success ends it.
  const isOver = object.kind === 'CronJob' && last && created && (eventTime(created) ?? 0) > (eventTime(last) ?? 0);
  if (!last || isOver === true) return undefined;
  const first = Math.min(...events.map((e) => parseTime(e.firstTimestamp) ?? eventTime(e) ?? Infinity));
  return {
    object,
    message: last.message ?? '',
    evidence: event(last),
    ...(Number.isFinite(first) && { since: new Date(first).toISOString() }),
  };
}

function byCondition(object: KubeObject, type: string): Refusal | undefined {
  const condition = conditionOf(object, type);
  if (condition?.message === undefined || (type === 'ReplicaFailure' && condition.status !== 'True')) return undefined;
  return {
    object,
    message: condition.message,
    evidence: field(object, `.status.conditions[?(@.type=="${type}")].message`),
    ...(condition.lastTransitionTime !== undefined && { since: condition.lastTransitionTime }),
  };
}

/** A message without what differs from pod to pod: counts and generated names. */
export function stableText(message: string): string {
  return oneLine(message.replace(/"[^"]*-[a-z0-9]{5}"/g, '"#"').replace(/\d+/g, '#'), 200);
}
