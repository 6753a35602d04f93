import type { ClusterView } from '../../cluster/index.ts';
import {
  groupBy,
  isFinished,
  parseTime,
  refKey,
  refOf,
  templateOf,
  type Container,
  type CronJob,
  type DaemonSet,
  type Deployment,
  type Job,
  type KubeObject,
  type ObjectRef,
  type Pod,
  type PodSpec,
} from '../../domain/index.ts';

/** One container of a workload's pods, as its template has it. */
export interface WorkloadContainer {
  readonly name: string;
  /** init: runs to its end before the others; sidecar: an init container that stays. */
  readonly role: 'main' | 'sidecar' | 'init';
  /** Not in the template: an admission webhook put it into the pods. */
  readonly injected: boolean;
  readonly spec: Container;
}

/** What owns a template, with what right-sizing needs of it. */
export interface Workload {
  readonly ref: ObjectRef;
  readonly namespace: string;
  /** Undefined where it was not read: a custom resource. */
  readonly object?: KubeObject;
  readonly podSpec?: PodSpec;
  /** In start order. */
  readonly containers: readonly WorkloadContainer[];
  readonly pods: readonly Pod[];
  /** Wanted now. */
  readonly replicas: number;
  /** Pods more than wanted during a rollout. */
  readonly maxSurge: number | string;
}

const OWNERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'] as const;

/** Every workload of the view by namespace, kind and name; also those that are known by their pods alone. */
export function workloadsOf(view: ClusterView): readonly Workload[] {
  const podsByOwner = groupBy(view.all('Pod'), (pod) => refKey(view.workload(pod)));
  const owners = new Map<string, { readonly ref: ObjectRef; readonly object?: KubeObject }>();
  for (const object of OWNERS.flatMap((kind): readonly KubeObject[] => view.all(kind)))
    if (view.owners(object).length === 0) owners.set(refKey(refOf(object)), { ref: refOf(object), object });
  for (const [key, pods] of podsByOwner) {
    const first = pods[0];
    if (!first || owners.has(key)) continue;
    const ref = view.workload(first);
    const object = view.resolve(ref);
    owners.set(key, { ref, ...(object && { object }) });
  }
  return [...owners]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, { ref, object }]) => workloadOf(ref, object, podsByOwner.get(key) ?? []));
}

function workloadOf(ref: ObjectRef, object: KubeObject | undefined, pods: readonly Pod[]): Workload {
  const newest = newestOf(pods);
  const podSpec = (object && templateOf(object)?.spec) ?? newest?.spec;
  return {
    ref,
    namespace: ref.namespace ?? '',
    ...(object && { object }),
    ...(podSpec && { podSpec }),
    containers: containersOf(podSpec, newest?.spec),
    pods,
    replicas: replicasOf(object, pods),
    maxSurge: surgeOf(object),
  };
}

function newestOf(pods: readonly Pod[]): Pod | undefined {
  let newest: Pod | undefined;
  const age = (pod: Pod) => parseTime(pod.metadata.creationTimestamp) ?? 0;
  const name = (pod: Pod) => pod.metadata.name ?? '';
  for (const pod of pods)
    if (!newest || age(pod) > age(newest) || (age(pod) === age(newest) && name(pod) < name(newest))) newest = pod;
  return newest;
}

function containersOf(template: PodSpec | undefined, live: PodSpec | undefined): readonly WorkloadContainer[] {
  const own = listed(template, false);
  const names = new Set(own.map((c) => c.name));
  const injected = live === template ? [] : listed(live, true).filter((c) => !names.has(c.name));
  const isInit = (c: WorkloadContainer) => c.role !== 'main';
  const all = [...injected, ...own];
  return [...all.filter(isInit), ...own.filter((c) => !isInit(c)), ...injected.filter((c) => !isInit(c))];
}

function listed(spec: PodSpec | undefined, injected: boolean): readonly WorkloadContainer[] {
  return [
    ...(spec?.initContainers ?? []).map((c): WorkloadContainer => ({
      name: c.name,
      role: c.restartPolicy === 'Always' ? 'sidecar' : 'init',
      injected,
      spec: c,
    })),
    ...(spec?.containers ?? []).map((c): WorkloadContainer => ({ name: c.name, role: 'main', injected, spec: c })),
  ];
}

function replicasOf(object: KubeObject | undefined, pods: readonly Pod[]): number {
  switch (object?.kind) {
    case 'DaemonSet':
      return (object as DaemonSet).status?.desiredNumberScheduled ?? 0;
    case 'Job':
      return (object as Job).spec?.parallelism ?? 1;
    case 'CronJob':
      return (object as CronJob).spec?.jobTemplate.spec?.parallelism ?? 1;
    case 'Pod':
      return 1;
    case 'Deployment':
    case 'StatefulSet':
    case 'ReplicaSet':
      return (object as Deployment).spec?.replicas ?? 1;
    default:
      return pods.filter((pod) => !isFinished(pod)).length;
  }
}

function surgeOf(object: KubeObject | undefined): number | string {
  if (object?.kind === 'Deployment') {
    const { strategy } = (object as Deployment).spec ?? {};
    return strategy?.type === 'Recreate' ? 0 : (strategy?.rollingUpdate?.maxSurge ?? '25%');
  }
  if (object?.kind === 'DaemonSet') {
    const { updateStrategy } = (object as DaemonSet).spec ?? {};
    return updateStrategy?.rollingUpdate?.maxSurge ?? 0;
  }
  return 0;
}

/** Jobs and CronJobs run to an end; the rest serves. */
export function isBatch({ ref }: Workload): boolean {
  return ref.kind === 'Job' || ref.kind === 'CronJob';
}

const BUILT_IN: ReadonlySet<string> = new Set([...OWNERS, 'Pod']);

/** A kind of which only its operator knows the template. */
export function isCustom({ ref, object }: Workload): boolean {
  return !BUILT_IN.has(ref.kind) || (object !== undefined && !BUILT_IN.has(object.kind));
}

/** A pod that the kubelet runs from a file on its node. */
export function isStatic({ object }: Workload): boolean {
  return (
    object?.kind === 'Pod' &&
    (object.metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined ||
      (object.metadata.ownerReferences ?? []).some((o) => o.kind === 'Node'))
  );
}

/** Why a list was not read, for people. */
export function whyUnread(view: ClusterView, kind: string, namespace?: string): string {
  const why = view.unseen.find((u) => u.kind === kind && (u.namespace === undefined || u.namespace === namespace));
  return why?.detail ?? `${kind} was not read`;
}
