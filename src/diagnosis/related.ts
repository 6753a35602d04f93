import type { ClusterView } from '../cluster/index.ts';
import {
  matchesLabels,
  podSpecPath,
  ref,
  refKey,
  refOf,
  templateOf,
  type KubeObject,
  type ObjectRef,
  type Pod,
} from '../domain/index.ts';
import { configReferences } from './rules/config/references.ts';

/** Objects, by key, that a question is about. */
export interface Path {
  /** The object itself, its owner and what it owns: what hits these is its fault. */
  readonly core: ReadonlySet<string>;
  /** The core, what it needs and what reaches it: what is wrong with these themselves concerns it. */
  readonly all: ReadonlySet<string>;
}

/**
 * The path of a question: the object itself, its owners and what it owns, what its pods need (node, claims,
 * configuration, account) and what reaches them (Services, Ingresses, autoscalers, budgets).
 */
export function related(view: ClusterView, target: ObjectRef): Path {
  const core = new Set([refKey(target)]);
  const object = view.resolve(target);
  if (target.kind === 'Namespace') {
    for (const f of everything(view)) if (f.metadata.namespace === target.name) core.add(refKey(refOf(f)));
    return { core, all: core };
  }
  // What runs on a node has faults of its own; those that the node causes name it.
  if (target.kind === 'Node') return { core, all: core };
  if (object && target.kind === 'Pod') for (const owner of view.owners(object)) core.add(refKey(owner));
  core.add(refKey(object ? view.workload(object) : target));
  const pods = podsBehind(view, target, object);
  for (const pod of pods) core.add(refKey(refOf(pod)));
  const all = new Set(core);
  const add = (r: ObjectRef) => all.add(refKey(r));
  for (const pod of pods) addPod(view, pod, add);
  addNeeds(object, add);
  addRoutes(view, all, target.namespace, add);
  return { core, all };
}

function everything(view: ClusterView): readonly KubeObject[] {
  return (
    [
      'Pod',
      'Deployment',
      'StatefulSet',
      'DaemonSet',
      'ReplicaSet',
      'Job',
      'CronJob',
      'Service',
      'Ingress',
      'PersistentVolumeClaim',
      'HorizontalPodAutoscaler',
      'PodDisruptionBudget',
      'ConfigMap',
      'ServiceAccount',
      'ResourceQuota',
      'LimitRange',
      'NetworkPolicy',
    ] as const
  ).flatMap((kind): readonly KubeObject[] => view.all(kind));
}

function podsBehind(view: ClusterView, target: ObjectRef, object: KubeObject | undefined): readonly Pod[] {
  switch (target.kind) {
    case 'Pod':
      return object ? [object as Pod] : [];
    case 'Service': {
      const { selector } = (object as { spec?: { selector?: Record<string, string> } } | undefined)?.spec ?? {};
      return view.podsByLabels(target.namespace, selector);
    }
    case 'Ingress':
      return backendsOf(object).flatMap((name) =>
        podsBehind(view, ref('Service', target.namespace, name), view.get('Service', target.namespace, name)),
      );
    case 'PersistentVolumeClaim':
      return view
        .inNamespace('Pod', target.namespace)
        .filter((pod) => pod.spec?.volumes?.some((v) => v.persistentVolumeClaim?.claimName === target.name) === true);
    default:
      return view.podsOf(target);
  }
}

function addPod(view: ClusterView, pod: Pod, add: (r: ObjectRef) => void): void {
  add(refOf(pod));
  for (const owner of view.owners(pod)) add(owner);
  if (pod.spec?.nodeName !== undefined) add(ref('Node', undefined, pod.spec.nodeName));
  addNeeds(pod, add);
}

/** What a template names: claims, ConfigMaps, Secrets, the account. */
function addNeeds(object: KubeObject | undefined, add: (r: ObjectRef) => void): void {
  const spec = object && podSpecPath(object.kind) !== '' ? templateOf(object)?.spec : undefined;
  if (!object || !spec) return;
  const { namespace } = object.metadata;
  for (const v of spec.volumes ?? [])
    if (v.persistentVolumeClaim) add(ref('PersistentVolumeClaim', namespace, v.persistentVolumeClaim.claimName));
  for (const r of configReferences(object)) add(ref(r.kind, namespace, r.name));
  add(ref('ServiceAccount', namespace, spec.serviceAccountName ?? 'default'));
}

function addRoutes(
  view: ClusterView,
  keys: ReadonlySet<string>,
  namespace: string | undefined,
  add: (r: ObjectRef) => void,
): void {
  const pods = view.inNamespace('Pod', namespace).filter((pod) => keys.has(refKey(refOf(pod))));
  for (const service of view.inNamespace('Service', namespace))
    if (pods.some((pod) => matchesLabels(service.spec?.selector, pod.metadata.labels))) add(refOf(service));
  for (const ingress of view.inNamespace('Ingress', namespace))
    if (backendsOf(ingress).some((name) => keys.has(refKey(ref('Service', namespace, name))))) add(refOf(ingress));
  for (const hpa of view.inNamespace('HorizontalPodAutoscaler', namespace)) {
    const { kind, name } = hpa.spec?.scaleTargetRef ?? { kind: '', name: '' };
    if (keys.has(refKey(ref(kind, namespace, name)))) add(refOf(hpa));
  }
}

/** Names of the Services that an Ingress routes to. */
function backendsOf(object: KubeObject | undefined): readonly string[] {
  const { spec } = (object ?? {}) as {
    spec?: {
      defaultBackend?: { service?: { name: string } };
      rules?: readonly { http?: { paths?: readonly { backend?: { service?: { name: string } } }[] } }[];
    };
  };
  const backends = [
    spec?.defaultBackend,
    ...(spec?.rules ?? []).flatMap((r) => (r.http?.paths ?? []).map((p) => p.backend)),
  ];
  return backends.flatMap((b) => (b?.service ? [b.service.name] : []));
}
