import {
  isReady,
  keyStep,
  matchesLabels,
  nearest,
  podSpecPath,
  refKey,
  refOf,
  templateOf,
  type KubeObject,
  type ObjectRef,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import { controllerOf, type ClusterView } from '../../../cluster/index.ts';
import { livePods } from '../../rule.ts';

type Labels = Readonly<Record<string, string>>;

/** What makes pods in a namespace, and the labels that its pods carry. */
export interface LabelledWorkload {
  readonly object: KubeObject;
  readonly ref: ObjectRef;
  readonly labels: Labels;
}

const MAKERS = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job', 'ReplicaSet'] as const;

const cache = new WeakMap<ClusterView, Map<string, readonly LabelledWorkload[]>>();

/** Workloads of a namespace with the labels of their templates; pods of other controllers, or of none, stand for themselves. */
export function labelledWorkloads(view: ClusterView, namespace = ''): readonly LabelledWorkload[] {
  const known = cache.get(view) ?? new Map<string, readonly LabelledWorkload[]>();
  cache.set(view, known);
  const found = known.get(namespace) ?? findWorkloads(view, namespace);
  known.set(namespace, found);
  return found;
}

function findWorkloads(view: ClusterView, namespace: string): readonly LabelledWorkload[] {
  const found = new Map<string, LabelledWorkload>();
  const add = (object: KubeObject, ref: ObjectRef): void => {
    const key = refKey(ref);
    if (!found.has(key)) found.set(key, { object, ref, labels: templateOf(object)?.metadata?.labels ?? {} });
  };
  for (const kind of MAKERS)
    for (const object of view.inNamespace(kind, namespace)) if (!controllerOf(object)) add(object, refOf(object));
  for (const pod of view.inNamespace('Pod', namespace)) {
    const top = view.workload(pod);
    if (!view.resolve(top) || top.kind === 'Pod') add(pod, top);
  }
  return [...found.values()];
}

/** Workloads whose pods a Service would take, whether there are any or not. */
export function makersOf(view: ClusterView, service: Service): readonly LabelledWorkload[] {
  const selector = service.spec?.selector;
  return labelledWorkloads(view, service.metadata.namespace).filter((w) => matchesLabels(selector, w.labels));
}

/** Where an object carries a label of its pods. */
export function labelPath(object: KubeObject, key: string): string {
  const root = object.kind === 'Pod' ? '' : podSpecPath(object.kind).replace(/\.spec$/, '');
  return `${root}.metadata.labels${keyStep(key)}`;
}

/** The one pair in which a selector misses a workload's labels. */
export interface Miss {
  readonly workload: LabelledWorkload;
  readonly key: string;
  readonly wanted: string;
  /** The label that was meant: the same key with another value, or another key with the same value. */
  readonly actualKey: string;
  readonly actual: string;
  /** Spelt nearly alike, or of the Service's own name. */
  readonly isClose: boolean;
}

/** How a selector misses a workload by exactly one pair; undefined where it misses by more or matches. */
export function missOf(selector: Labels, service: string, workload: LabelledWorkload): Miss | undefined {
  const wrong = Object.entries(selector).filter(([key, value]) => workload.labels[key] !== value);
  const [pair] = wrong;
  if (!pair || wrong.length > 1) return undefined;
  const [key, wanted] = pair;
  const actual = workload.labels[key];
  const sharesPairs = Object.keys(selector).length > 1;
  const isNamesake = workload.ref.name === service;
  if (actual !== undefined) {
    const isClose = nearest(wanted, [actual]) !== undefined || isNamesake;
    return isClose || sharesPairs ? { workload, key, wanted, actualKey: key, actual, isClose } : undefined;
  }
  const renamed = Object.entries(workload.labels).find(
    ([other, value]) => selector[other] === undefined && (value === wanted || nearest(key, [other]) !== undefined),
  );
  return renamed && { workload, key, wanted, actualKey: renamed[0], actual: renamed[1], isClose: true };
}

/** Ready pods of a workload. */
export function readyPodsOf(view: ClusterView, workload: LabelledWorkload): readonly Pod[] {
  if (workload.object.kind === 'Pod')
    return livePods(view).filter((p) => refKey(view.workload(p)) === refKey(workload.ref) && isReady(p));
  return view.podsOf(workload.ref).filter(isReady);
}
