import { controllerOf, eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionOf,
  formatDuration,
  isDeleting,
  parseTime,
  ref,
  refOf,
  templateOf,
  type DaemonSet,
  type Evidence,
  type Job,
  type KubeObject,
  type ObjectRef,
  type ReplicaSet,
  type StatefulSet,
} from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { lastAction, livePodsOf } from './pods.ts';
import { refusalOf } from './refusals.ts';

type Controller = ReplicaSet | StatefulSet | DaemonSet | Job;

/** Pods that a controller should have now; 0 where that cannot be told. */
function wantedPods(c: Controller): number {
  switch (c.kind) {
    case 'ReplicaSet':
    case 'StatefulSet':
      return c.spec?.replicas ?? 1;
    case 'DaemonSet':
      return c.status?.desiredNumberScheduled ?? 0;
    case 'Job': {
      const ended = (c.status?.conditions ?? []).some((x) => x.status === 'True' && ENDED.has(x.type));
      if (ended || c.spec?.suspend === true) return 0;
      const left = (c.spec?.completions ?? 1) - (c.status?.succeeded ?? 0);
      return Math.min(c.spec?.parallelism ?? 1, left);
    }
  }
}

/** Conditions of a Job that will start no more pods. */
const ENDED = new Set(['Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget', 'Suspended']);

/** Pods of a controller by its own account. */
function reportedPods(c: Controller): number {
  switch (c.kind) {
    case 'DaemonSet':
      return c.status?.currentNumberScheduled ?? 0;
    case 'Job':
      return c.status?.active ?? 0;
    default:
      return c.status?.replicas ?? 0;
  }
}

/** Pods that exist for a controller; by its own account where they were not read. */
function existingPods(view: ClusterView, c: Controller): number {
  return view.isComplete('Pod', c.metadata.namespace) ? livePodsOf(view, c).length : reportedPods(c);
}

interface Refused {
  readonly message: string;
  readonly evidence: Evidence;
  readonly at?: string;
}

/** What the API server said the last time; nothing when a pod has been made since. */
function lastRefusal(view: ClusterView, c: Controller): Refused | undefined {
  const failed = view.events(c, 'FailedCreate').at(-1);
  const newest = Math.max(0, ...livePodsOf(view, c).map((pod) => parseTime(pod.metadata.creationTimestamp) ?? 0));
  if (failed && (eventTime(failed) ?? 0) > newest) return { message: failed.message ?? '', evidence: event(failed) };
  const condition = conditionOf(c, 'ReplicaFailure');
  if (condition?.status !== 'True' || condition.reason !== 'FailedCreate') return undefined;
  const at = condition.lastTransitionTime;
  const evidence = field(c, '.status.conditions[?(@.type=="ReplicaFailure")].message', at);
  return { message: condition.message ?? '', evidence, ...(at !== undefined && { at }) };
}

function* controllers(view: ClusterView): Generator<Controller> {
  yield* view.all('ReplicaSet');
  yield* view.all('StatefulSet');
  yield* view.all('DaemonSet');
  yield* view.all('Job');
}

/** Objects of the template that admission may miss. */
function templateRefs(c: Controller): readonly ObjectRef[] {
  const { namespace } = c.metadata;
  const spec = templateOf(c)?.spec;
  return [
    ref('ServiceAccount', namespace, spec?.serviceAccountName ?? 'default'),
    ...(spec?.priorityClassName === undefined ? [] : [ref('PriorityClass', undefined, spec.priorityClassName)]),
    ...(spec?.runtimeClassName === undefined ? [] : [ref('RuntimeClass', undefined, spec.runtimeClassName)]),
  ];
}

export const createFailed: Rule = {
  id: 'workload/create-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'Event'],
  *check({ view }) {
    for (const c of controllers(view)) {
      const wanted = wantedPods(c);
      if (wanted === 0 || isDeleting(c) || reportedPods(c) >= wanted) continue;
      const existing = existingPods(view, c);
      if (existing >= wanted) continue;
      const refused = lastRefusal(view, c);
      if (!refused) continue;
      const { namespace } = c.metadata;
      const workload = view.workload(c);
      const refusal = refusalOf(view, refused.message, namespace ?? '');
      yield {
        subject: refOf(c),
        causeKey: refusal.text,
        ...(existing > 0 && { severity: 'warning' as const }),
        title: `${shortName(workload.name)} cannot create pods: ${refusal.text}`.slice(0, 90),
        cause: `The API server refuses the pods of ${c.kind} ${c.metadata.name ?? ''}: ${refusal.text}. ${existing} of ${wanted} pods exist.`,
        ...(refused.at !== undefined && { since: refused.at }),
        causedBy: [...refusal.refs, ...templateRefs(c)],
        affects: [workload],
        evidence: [refused.evidence, ...(c.kind === 'Job' ? [] : [wantedEvidence(c)])],
        remediation: [
          {
            text: 'Read the whole message',
            command: `kubectl describe ${c.kind.toLowerCase()} ${c.metadata.name ?? ''} -n ${namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

function wantedEvidence(c: Controller): Evidence {
  return field(c, c.kind === 'DaemonSet' ? '.status.desiredNumberScheduled' : '.spec.replicas');
}

/** Leaves a title room for what is wrong. */
function shortName(name: string): string {
  return name.length <= 40 ? name : `${name.slice(0, 39)}…`;
}

export const noPods: Rule = {
  id: 'workload/no-pods',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'ReplicaSet', 'Pod', 'Event'],
  *check({ view, now }) {
    const bare = view.all('ReplicaSet').filter((rs) => (rs.spec?.replicas ?? 1) > 0 && !controllerOf(rs));
    for (const workload of [...view.all('Deployment'), ...view.all('StatefulSet'), ...bare]) {
      const { namespace } = workload.metadata;
      const wanted = workload.spec?.replicas ?? 1;
      if (wanted === 0 || (workload.status?.replicas ?? 0) > 0 || isDeleting(workload)) continue;
      if (workload.kind === 'Deployment' && workload.spec?.paused === true) continue;
      if (!view.isComplete('Pod', namespace) || !view.isComplete('Event', namespace)) continue;
      if (view.podsOf(refOf(workload)).length > 0) continue;
      const below = [workload, ...view.children(refOf(workload))] as readonly KubeObject[];
      if (below.some((o) => view.events(o, 'FailedCreate').length > 0)) continue;
      if (below.some((o) => conditionOf(o, 'ReplicaFailure')?.status === 'True')) continue;
      const since = lastAction(view, workload);
      if (since === undefined || now - since < grace.newObject) continue;
      const self = refOf(workload);
      yield {
        subject: self,
        causeKey: 'no pods',
        title: `${self.name} wants ${wanted} pods and has none`,
        cause: `${self.kind} ${self.name} has no pod and no event tells of a refusal: its controller has not acted.`,
        since: new Date(since).toISOString(),
        causedBy: [ref('Lease', 'kube-system', 'kube-controller-manager')],
        evidence: [field(workload, '.spec.replicas')],
        remediation: [
          {
            text: 'Check that the controllers run',
            command: 'kubectl get lease kube-controller-manager -n kube-system -o yaml',
          },
        ],
      };
    }
    yield* almostMatchingNodes(view, now);
  },
};

/** A DaemonSet that fits no node although a node has the very label with another value: a slip, not a plan. */
function* almostMatchingNodes(view: ClusterView, now: number): ReturnType<Rule['check']> {
  if (!view.isComplete('Node')) return;
  for (const daemonSet of view.all('DaemonSet')) {
    if (daemonSet.status?.desiredNumberScheduled !== 0 || ageOf(daemonSet, now) < grace.newObject) continue;
    const wanted = Object.entries(daemonSet.spec?.template.spec?.nodeSelector ?? {});
    const wrong = wanted.find(([key, value]) => !view.all('Node').some((n) => n.metadata.labels?.[key] === value));
    if (!wrong) continue;
    const [key, value] = wrong;
    const node = view.all('Node').find((n) => n.metadata.labels?.[key] !== undefined);
    const has = node?.metadata.labels?.[key];
    if (!node || has === undefined) continue;
    const self = refOf(daemonSet);
    const step = key.replaceAll('.', '\\.');
    yield {
      subject: self,
      severity: 'info',
      causeKey: `${key}=${value}`,
      title: `${self.name} runs nowhere: no node has label ${key}=${value}`.slice(0, 90),
      cause: `The nodeSelector asks for ${key}=${value}; nodes have ${key}=${has}, so DaemonSet ${self.name} has no pod.`,
      evidence: [
        field(daemonSet, `.spec.template.spec.nodeSelector.${step}`),
        field(daemonSet, '.status.desiredNumberScheduled'),
        field(node, `.metadata.labels.${step}`),
      ],
      remediation: [
        { text: 'Correct the nodeSelector or label the nodes', command: 'kubectl get nodes --show-labels' },
      ],
    };
  }
}

const LEASE_STALE_MS = 60_000;

export const controllerLag: Rule = {
  id: 'workload/controller-lag',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'DaemonSet', 'Lease'],
  *check({ view, now }) {
    const lease = view.get('Lease', 'kube-system', 'kube-controller-manager');
    const renewed = parseTime(lease?.spec?.renewTime);
    const stale = renewed !== undefined && now - renewed > LEASE_STALE_MS;
    for (const w of [...view.all('Deployment'), ...view.all('StatefulSet'), ...view.all('DaemonSet')]) {
      const seen = w.status?.observedGeneration ?? 0;
      const generation = w.metadata.generation ?? 0;
      // When the last change was made is not read; an object that was never seen is as old as the lag.
      if (seen >= generation || !(stale || (seen === 0 && ageOf(w, now) > LEASE_STALE_MS))) continue;
      const self = refOf(w);
      const lag = seen === 0 ? ageOf(w, now) : now - (renewed ?? now);
      yield {
        subject: self,
        causeKey: 'generation',
        title: `${self.name}: controllers have not seen its last change for ${formatDuration(lag)}`,
        cause: `${self.kind} ${self.name} is at generation ${generation}, its controller has seen ${seen}: kube-controller-manager is down, overloaded or without a leader.`,
        causedBy: [ref('Lease', 'kube-system', 'kube-controller-manager')],
        evidence: [
          field(w, '.metadata.generation'),
          ...(seen > 0 ? [field(w, '.status.observedGeneration')] : []),
          ...(lease ? [field(lease, '.spec.renewTime')] : []),
        ],
        remediation: [
          {
            text: 'See whether the controllers have a leader',
            command: 'kubectl get lease kube-controller-manager -n kube-system',
          },
        ],
      };
    }
  },
};
