import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionOf,
  containersOf,
  count,
  groupBy,
  isDeleting,
  isReady,
  listed,
  parseTime,
  ref,
  refOf,
  type ContainerView,
  type Evidence,
  type KubeObject,
  type ObjectRef,
  type Pod,
  type Probe,
} from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import type { RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';

/** Waiting reasons of a container that nothing is wrong with. */
const CREATING = new Set(['ContainerCreating', 'PodInitializing']);

/** ms that a probe may take until it has passed once or failed for good; the defaults are the API's. */
function probeBudget(probe: Probe | undefined): number {
  if (!probe) return 0;
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = probe;
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}

/** ms that a container may take from its start until it is Ready. */
function startBudget(c: ContainerView): number {
  return probeBudget(c.spec.startupProbe) + probeBudget(c.spec.readinessProbe) + grace.notReady;
}

/** The startup grace that a person set for a workload; ms. */
function configuredGrace({ settings }: RuleContext, workload: ObjectRef): number {
  const set = settings.startupGrace.find(
    (g) => g.workload === workload.name && (g.namespace === undefined || g.namespace === workload.namespace),
  );
  return (set?.seconds ?? 0) * 1000;
}

/**
 * True while a pod that is not Ready may still be on its way: being scheduled, created or inside the budget of its
 * probes, without a restart or an error so far.
 */
export function isStarting(context: RuleContext, pod: Pod, workload: ObjectRef): boolean {
  const { now } = context;
  const age = ageOf(pod, now);
  const allowed = configuredGrace(context, workload);
  if (isDeleting(pod)) return now <= (parseTime(pod.metadata.deletionTimestamp) ?? 0);
  if (age <= allowed) return true;
  if (conditionOf(pod, 'PodScheduled')?.status === 'False') return age <= grace.pending;
  const containers = containersOf(pod);
  // Containers that are all ready leave only a readiness gate or a dead node: neither is a start.
  if (containers.every((c) => c.role === 'init' || c.status?.ready === true)) {
    const since = parseTime(conditionOf(pod, 'ContainersReady')?.lastTransitionTime);
    return since !== undefined && now - since <= grace.creating;
  }
  return containers.every((c) => {
    const state = c.status?.state;
    if ((c.status?.restartCount ?? 0) > 0) return c.status?.ready === true;
    if (state?.terminated) return c.role === 'init' && state.terminated.exitCode === 0;
    if (state?.running) {
      if (c.status?.ready === true) return true;
      const ran = now - (parseTime(state.running.startedAt) ?? 0);
      return ran <= (c.role === 'init' ? grace.creating : startBudget(c));
    }
    return CREATING.has(state?.waiting?.reason ?? 'ContainerCreating') && age <= grace.creating;
  });
}

/** Since when a pod is not Ready; ms. A container that keeps crashing counts from the pod's creation. */
export function notReadySince(pod: Pod): number | undefined {
  const created = parseTime(pod.metadata.creationTimestamp);
  const crashing = containersOf(pod).some((c) => c.status?.state?.waiting?.reason === 'CrashLoopBackOff');
  return crashing ? created : (parseTime(conditionOf(pod, 'Ready')?.lastTransitionTime) ?? created);
}

interface State {
  /** For a list of states, without the pod's name. */
  readonly text: string;
  readonly path: string;
}

const PULLING = /^(ErrImagePull|ImagePullBackOff)$/;

/** What is wrong with a container that does not run; by fields that do not change between two tries. */
function troubleOf(c: ContainerView): State | undefined {
  const { state, lastState, restartCount = 0 } = c.status ?? {};
  const waiting = state?.waiting?.reason;
  const end = state?.terminated;
  const ended = end !== undefined && !(c.role === 'init' && end.exitCode === 0);
  if ((ended || waiting === 'CrashLoopBackOff') && restartCount > 0 && lastState?.terminated)
    return {
      text: `container ${c.name} keeps ending with exit code ${lastState.terminated.exitCode}`,
      path: `${c.statusPath}.lastState.terminated.exitCode`,
    };
  if (ended)
    return {
      text: `container ${c.name} ended with exit code ${end.exitCode}`,
      path: `${c.statusPath}.state.terminated.exitCode`,
    };
  if (waiting === undefined || CREATING.has(waiting)) return undefined;
  if (PULLING.test(waiting)) return { text: `container ${c.name} cannot pull its image`, path: `${c.specPath}.image` };
  return { text: `container ${c.name} waits with ${waiting}`, path: `${c.statusPath}.state.waiting.reason` };
}

/** What a pod that is not Ready says of itself. */
export function stateOf(pod: Pod): State {
  if (isDeleting(pod)) return { text: 'being deleted', path: '.metadata.deletionTimestamp' };
  if (conditionOf(pod, 'PodScheduled')?.status === 'False')
    return { text: 'not scheduled', path: '.status.conditions[?(@.type=="PodScheduled")].reason' };
  if (pod.status?.phase === 'Failed' && pod.status.reason !== undefined)
    return { text: `failed as ${pod.status.reason}`, path: '.status.reason' };
  for (const c of containersOf(pod)) {
    const told = troubleOf(c);
    if (told) return told;
  }
  const running = containersOf(pod).find((c) => c.status?.state?.running && !c.status.ready);
  if (running) return { text: `container ${running.name} runs, but is not ready`, path: `${running.statusPath}.ready` };
  const creating = containersOf(pod).find((c) => CREATING.has(c.status?.state?.waiting?.reason ?? ''));
  if (creating)
    return {
      text: `container ${creating.name} waits with ${creating.status?.state?.waiting?.reason ?? ''}`,
      path: `${creating.statusPath}.state.waiting.reason`,
    };
  if (isReady(pod)) return { text: 'Ready', path: '.status.conditions[?(@.type=="Ready")].status' };
  return conditionOf(pod, 'Ready')?.reason === undefined
    ? { text: 'being created', path: '.status.phase' }
    : {
        text: `not Ready (${conditionOf(pod, 'Ready')?.reason ?? ''})`,
        path: '.status.conditions[?(@.type=="Ready")].reason',
      };
}

/** `container web waits with CrashLoopBackOff (2 pods)`, by state; the most frequent first. */
export function statesText(pods: readonly Pod[]): string {
  const states = [...groupBy(pods, (pod) => stateOf(pod).text)].sort((a, b) => b[1].length - a[1].length);
  return listed(states.map(([text, of]) => (pods.length === 1 ? text : `${text} (${count(of.length, 'pod')})`)));
}

/** One pod for each state that occurs, as evidence; at most three. */
export function stateEvidence(pods: readonly Pod[]): readonly Evidence[] {
  return [...groupBy(pods, (pod) => stateOf(pod).text).values()]
    .slice(0, 3)
    .flatMap(([pod]) => (pod ? [field(pod, stateOf(pod).path)] : []));
}

/** What a consequence says of its cause when nothing else is found: the pods' own words, or why they are not known. */
export function notSeen(view: ClusterView, workload: ObjectRef, pods: readonly Pod[]): string {
  if (pods.length > 0) return `Cause not seen beyond this: ${statesText(pods)}.`;
  if (!view.isComplete('Pod', workload.namespace)) return 'Cause not seen: its pods were not read.';
  return 'Cause not seen: the missing pods do not exist.';
}

/** Where the cause of pods that are not Ready lies: they, their claims, and their node where that is not Ready itself. */
export function causeRefs(view: ClusterView, pods: readonly Pod[]): readonly ObjectRef[] {
  return pods.flatMap((pod) => {
    const { namespace } = pod.metadata;
    const claims = (pod.spec?.volumes ?? []).flatMap((v) => v.persistentVolumeClaim?.claimName ?? []);
    const node = view.get('Node', undefined, pod.spec?.nodeName ?? '');
    return [
      refOf(pod),
      ...claims.map((name) => ref('PersistentVolumeClaim', namespace, name)),
      ...(node && conditionOf(node, 'Ready')?.status !== 'True' ? [refOf(node)] : []),
    ];
  });
}

/** The pods that a controller has now, finished ones left out. */
export function livePodsOf(view: ClusterView, workload: KubeObject): readonly Pod[] {
  return view
    .podsOf(refOf(workload))
    .filter((p) => !isDeleting(p) && p.status?.phase !== 'Succeeded' && p.status?.phase !== 'Failed');
}

/** The last time that a controller did something to its pods, as far as events and pods tell; ms. */
export function lastAction(view: ClusterView, workload: KubeObject): number | undefined {
  const events = view.events(
    workload,
    'ScalingReplicaSet',
    'SuccessfulCreate',
    'SuccessfulDelete',
    'SuccessfulRescale',
  );
  const times = [
    parseTime(workload.metadata.creationTimestamp),
    ...events.map(eventTime),
    ...livePodsOf(view, workload).map((pod) => parseTime(pod.metadata.creationTimestamp)),
  ].filter((t) => t !== undefined);
  return times.length > 0 ? Math.max(...times) : undefined;
}

/** `0/2`, as kubectl prints it in the column READY. */
export function readyColumn(workload: KubeObject, ready: number, wanted: number): Evidence {
  const { kind, namespace, name } = refOf(workload);
  const value = `${ready}/${wanted}`;
  return shown(
    refOf(workload),
    'ready replicas',
    value,
    `kubectl get ${kind.toLowerCase()} ${name} -n ${namespace ?? ''}`,
  );
}
