import type {
  Condition,
  Container,
  ContainerStatus,
  ContainerTerminated,
  KubeObject,
  Pod,
  PodSpec,
  PodTemplate,
} from './kube.ts';
import { parseTime } from './time.ts';

/** init: runs to its end before the others; sidecar: an init container with restartPolicy Always; main: ordinary. */
export type ContainerRole = 'init' | 'sidecar' | 'main';

/** One container of a pod: what was wanted and what is. */
export interface ContainerView {
  readonly name: string;
  readonly role: ContainerRole;
  readonly spec: Container;
  /** Absent before the kubelet reported. */
  readonly status?: ContainerStatus;
  /** Where the spec lies in the pod, e.g. `.spec.initContainers[?(@.name=="x")]`. */
  readonly specPath: string;
  readonly statusPath: string;
}

const known = new WeakMap<Pod, readonly ContainerView[]>();

/** All containers in start order: init and sidecars as listed, then the main ones. Many rules ask; a pod answers once. */
export function containersOf(pod: Pod): readonly ContainerView[] {
  let views = known.get(pod);
  if (!views) known.set(pod, (views = [...viewsOf(pod, 'initContainers'), ...viewsOf(pod, 'containers')]));
  return views;
}

function viewsOf(pod: Pod, list: 'initContainers' | 'containers'): readonly ContainerView[] {
  const statusList = list === 'containers' ? 'containerStatuses' : 'initContainerStatuses';
  return (pod.spec?.[list] ?? []).map((spec): ContainerView => {
    const status = pod.status?.[statusList]?.find((s) => s.name === spec.name);
    return {
      name: spec.name,
      role: list === 'containers' ? 'main' : spec.restartPolicy === 'Always' ? 'sidecar' : 'init',
      spec,
      ...(status && { status }),
      // Written out only for the few containers that evidence speaks of.
      get specPath() {
        return `.spec.${list}[?(@.name=="${spec.name}")]`;
      },
      get statusPath() {
        return `.status.${statusList}[?(@.name=="${spec.name}")]`;
      },
    };
  });
}

/** The end of the last run: the present state when terminated, else the state before the restart. */
export function lastEnd(c: ContainerView): (ContainerTerminated & { readonly path: string }) | undefined {
  const { state, lastState } = c.status ?? {};
  if (state?.terminated) return { ...state.terminated, path: `${c.statusPath}.state.terminated` };
  if (lastState?.terminated) return { ...lastState.terminated, path: `${c.statusPath}.lastState.terminated` };
  return undefined;
}

export function conditionOf(object: KubeObject, type: string): Condition | undefined {
  const { status } = object as { status?: { conditions?: readonly Condition[] } };
  return status?.conditions?.find((c) => c.type === type);
}

/** Milliseconds for which a condition has had its present status; undefined when it does not say. */
export function conditionAge(condition: Condition | undefined, now: number): number | undefined {
  const since = parseTime(condition?.lastTransitionTime ?? condition?.lastUpdateTime);
  return since === undefined ? undefined : now - since;
}

export function isReady(pod: Pod): boolean {
  return conditionOf(pod, 'Ready')?.status === 'True';
}

/** Ended for good: Succeeded, or Failed with a restart policy that leaves it so. */
export function isFinished(pod: Pod): boolean {
  return pod.status?.phase === 'Succeeded' || pod.status?.phase === 'Failed';
}

export function isDeleting(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** Milliseconds since creation; 0 when the object does not say. */
export function ageOf(object: KubeObject, now: number): number {
  return now - (parseTime(object.metadata.creationTimestamp) ?? now);
}

/** The pod template of a workload of any kind; a bare pod is its own template. */
export function templateOf(object: KubeObject): PodTemplate | undefined {
  const { spec } = object as {
    spec?: { template?: PodTemplate; jobTemplate?: { spec?: { template?: PodTemplate } } };
  };
  if (object.kind === 'Pod') return { metadata: object.metadata, spec: (object as Pod).spec as PodSpec };
  return object.kind === 'CronJob' ? spec?.jobTemplate?.spec?.template : spec?.template;
}

/** JSON path of the pod spec inside an object of this kind. */
export function podSpecPath(kind: string): string {
  if (kind === 'Pod') return '.spec';
  return kind === 'CronJob' ? '.spec.jobTemplate.spec.template.spec' : '.spec.template.spec';
}
