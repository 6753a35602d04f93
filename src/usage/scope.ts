import { refOf, workloadKey, type KubeObject, type ObjectRef, type Pod } from '../domain/index.ts';
import type { ClusterView } from '../cluster/index.ts';
import { isMakerKind, MAX_PATTERN_NAME, possibleMakers, type MakerKind } from './names.ts';

export interface WorkloadName {
  readonly kind: string;
  readonly name: string;
}

/** A workload whose usage is asked for. */
export interface Target {
  readonly namespace: string;
  /** The topmost owner. */
  readonly workload: WorkloadName;
  /** What names its pods: the Deployment below a custom resource, the workload itself otherwise. */
  readonly makers: readonly { readonly kind: MakerKind; readonly name: string }[];
  readonly livePods: readonly string[];
  /** Containers of its live pods together; at least 1. Bounds the size of one question. */
  readonly containers: number;
  /** A Job or a CronJob: read in finer steps. */
  readonly isJob: boolean;
}

/** Which workloads are asked for, and what is known about whose pod is whose. */
export interface UsageScope {
  readonly targets: readonly Target[];
  /** Namespaces of which every workload is asked for: no pod names need to be sent. */
  readonly wholeNamespaces: ReadonlySet<string>;
  /** Key of the workload of a pod, `undefined` when it belongs to none that was asked for, or to two. */
  ownerOf(namespace: string, pod: string): string | undefined;
}

/**
 * The workloads of a view for which `wanted` says yes; without it all of them. Needs Pods and the workload kinds: a pod
 * of which no owner was read is told by its name.
 */
export function usageScope(view: ClusterView, wanted?: (workload: ObjectRef) => boolean): UsageScope {
  const found = new Map<string, Found>();
  const makers = new Map<string, Set<string>>();
  const live = new Map<string, string>();
  const objects: readonly KubeObject[] = [
    ...view.all('Deployment'),
    ...view.all('StatefulSet'),
    ...view.all('DaemonSet'),
    ...view.all('CronJob'),
    ...view.all('ReplicaSet'),
    ...view.all('Job'),
    ...view.all('Pod'),
  ];
  for (const object of objects) {
    const { namespace } = object.metadata;
    if (namespace === undefined) continue;
    const workload = view.workload(object);
    const key = workloadKey(namespace, workload);
    let entry = found.get(key);
    if (!entry) found.set(key, (entry = { namespace, workload, makers: new Map(), livePods: [], containers: 0 }));
    const maker = makerOf(object, view);
    if (maker) {
      const id = makerKey(namespace, maker);
      entry.makers.set(id, maker);
      const owners = makers.get(id);
      if (owners) owners.add(key);
      else makers.set(id, new Set([key]));
    }
    if (object.kind === 'Pod') {
      const { name } = refOf(object);
      live.set(`${namespace}/${name}`, key);
      entry.livePods.push(name);
      entry.containers += runningContainers(object as Pod);
    }
  }
  const asked = [...found].filter(([, f]) => wanted?.(f.workload) ?? true);
  const askedKeys = new Set(asked.map(([key]) => key));
  return {
    targets: asked.map(([, f]) => targetOf(f)).sort(byName),
    wholeNamespaces: new Set(wanted ? [] : asked.map(([, f]) => f.namespace)),
    ownerOf(namespace, pod) {
      const owner = live.get(`${namespace}/${pod}`) ?? ownerByName(makers, namespace, pod);
      return owner !== undefined && askedKeys.has(owner) ? owner : undefined;
    },
  };
}

interface Found {
  readonly namespace: string;
  readonly workload: ObjectRef;
  readonly makers: Map<string, { readonly kind: MakerKind; readonly name: string }>;
  readonly livePods: string[];
  containers: number;
}

function targetOf({ namespace, workload, makers, livePods, containers }: Found): Target {
  const { kind, name } = workload;
  const own = [...makers.values()];
  return {
    namespace,
    workload: { kind, name },
    makers: own,
    livePods,
    containers: Math.max(1, containers),
    isJob: own.length > 0 && own.every((m) => m.kind === 'Job' || m.kind === 'CronJob'),
  };
}

/** The highest owner that names pods: the Deployment, not its ReplicaSet; the StatefulSet, not the operator's resource. */
function makerOf(
  object: KubeObject,
  view: ClusterView,
): { readonly kind: MakerKind; readonly name: string } | undefined {
  const owners = view.owners(object).filter((o) => o.kind !== 'Node');
  if (owners.length === 0) return nameable(refOf(object));
  const chain = object.kind === 'Pod' ? owners : [refOf(object), ...owners];
  return chain.map(nameable).findLast((m) => m !== undefined);
}

function nameable({ kind, name }: ObjectRef): { readonly kind: MakerKind; readonly name: string } | undefined {
  return isMakerKind(kind) ? { kind, name } : undefined;
}

function makerKey(namespace: string, maker: WorkloadName): string {
  return `${namespace}/${maker.kind}/${maker.name}`;
}

/** The longest name that fits: `web-db-x2v4z` is of DaemonSet web-db rather than of Deployment web. */
function ownerByName(
  makers: ReadonlyMap<string, ReadonlySet<string>>,
  namespace: string,
  pod: string,
): string | undefined {
  let best: readonly string[] = [];
  let length = -1;
  for (const maker of possibleMakers(pod)) {
    const owners =
      maker.name.length < length || maker.name.length > MAX_PATTERN_NAME
        ? undefined
        : makers.get(makerKey(namespace, maker));
    if (!owners) continue;
    best = maker.name.length === length ? [...best, ...owners] : [...owners];
    length = maker.name.length;
  }
  return new Set(best).size === 1 ? best[0] : undefined;
}

/** Containers that run for as long as the pod: native sidecars among them. */
function runningContainers(pod: Pod): number {
  const sidecars = (pod.spec?.initContainers ?? []).filter((c) => c.restartPolicy === 'Always').length;
  return (pod.spec?.containers ?? []).length + sidecars;
}

function byName(a: Target, b: Target): number {
  return (
    compare(a.namespace, b.namespace) ||
    compare(a.workload.kind, b.workload.kind) ||
    compare(a.workload.name, b.workload.name)
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
