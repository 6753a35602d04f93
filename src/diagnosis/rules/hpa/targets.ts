import type { ClusterView, Lookup } from '../../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  isKind,
  ref,
  refOf,
  templateOf,
  type Container,
  type HorizontalPodAutoscaler,
  type KubeObject,
  type ObjectRef,
  type Pod,
  type PodSpec,
} from '../../../domain/index.ts';

export type Autoscaler = HorizontalPodAutoscaler;
export type Metric = NonNullable<NonNullable<Autoscaler['spec']>['metrics']>[number];

export function targetRef(hpa: Autoscaler): ObjectRef {
  const { kind = '', name = '' } = hpa.spec?.scaleTargetRef ?? {};
  return ref(kind, hpa.metadata.namespace, name);
}

/** Kinds that are judged by their existence; whatever else has a scale subresource answers for itself. */
const KNOWN = ['Deployment', 'StatefulSet', 'ReplicaSet'] as const;

/** The target, where it is of a kind that is read. */
export function targetOf(view: ClusterView, hpa: Autoscaler): Lookup<KubeObject> {
  const { kind, namespace, name } = targetRef(hpa);
  const known = KNOWN.find((k) => k === kind);
  if (!known || !isKind(kind)) return { state: 'unknown', why: `${kind} is not read` };
  return view.find(known, namespace, name);
}

export function isFalse(hpa: Autoscaler, type: string, ...reasons: readonly string[]): boolean {
  const condition = conditionOf(hpa, type);
  return condition?.status === 'False' && (reasons.length === 0 || reasons.includes(condition.reason ?? ''));
}

export function conditionPath(type: string, what: 'message' | 'reason' | 'status'): string {
  return `.status.conditions[?(@.type=="${type}")].${what}`;
}

/** The containers whose requests count: the main ones and sidecars; pods before their template, since admission may add requests. */
export function countedContainers(
  view: ClusterView,
  target: KubeObject,
): { readonly object: KubeObject; readonly spec: PodSpec; readonly containers: readonly Container[] } | undefined {
  const pod: Pod | undefined = view.podsOf(refOf(target))[0];
  if (pod?.spec)
    return {
      object: pod,
      spec: pod.spec,
      containers: containersOf(pod)
        .filter((c) => c.role !== 'init')
        .map((c) => c.spec),
    };
  const spec = templateOf(target)?.spec;
  if (!spec) return undefined;
  const sidecars = (spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always');
  return { object: target, spec, containers: [...sidecars, ...spec.containers] };
}

/** `cpu`, `queue_depth` …: what a metric is called. */
export function metricName(metric: Metric): string {
  return (
    metric.resource?.name ??
    metric.containerResource?.name ??
    metric.pods?.metric.name ??
    metric.object?.metric.name ??
    metric.external?.metric.name ??
    metric.type
  );
}
