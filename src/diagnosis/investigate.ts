import {
  emptyView,
  firstReadsOfPod,
  lastReadsOfPod,
  nextReadsOfPod,
  readAll,
  readLogs,
  scopeReads,
  type ClusterIdentity,
  type Read,
  type ClusterSource,
  type ClusterView,
  type ReadProgress,
} from '../cluster/index.ts';
import {
  conditionOf,
  matchesSelector,
  refOf,
  type Kind,
  type KubeObject,
  type LabelSelector,
  type ObjectRef,
} from '../domain/index.ts';
import type { Diagnosis } from './engine.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { wantedLogs } from './wanted-logs.ts';

/** What a person asks about. */
export interface Question {
  /** Absent: the whole cluster. */
  readonly namespace?: string;
  /** One object; absent: everything in the scope. */
  readonly target?: ObjectRef;
  /** All objects of this kind. */
  readonly targetKind?: Kind;
  /** Only workloads with these labels, and what belongs to them. */
  readonly selector?: LabelSelector;
}

export interface InvestigateOptions {
  /** What differs from the defaults. */
  readonly settings?: Partial<Settings>;
  readonly onProgress?: (progress: ReadProgress) => void;
  /** Monotonic milliseconds. */
  readonly clock: () => number;
}

export interface Investigation {
  readonly diagnosis: Diagnosis;
  readonly view: ClusterView;
  readonly identity: ClusterIdentity;
  /** The objects that were asked about; absent: everything in the scope. */
  readonly targets?: readonly ObjectRef[];
  /** Time spent on judging, without the reads. */
  readonly thinkingMs: number;
}

/** Reads what the question needs, in three rounds, and judges it. Throws when the target does not exist. */
export async function investigate(
  source: ClusterSource,
  question: Question,
  options: InvestigateOptions,
): Promise<Investigation> {
  const identity = source.identify();
  let view = await read(source, question, options);
  const { diagnose, logsOfDependencies, readsOfDependencies } = await thinking();
  view = await readAll(source, view, [...readsOfDependencies(view), ...readsOfRoom(view, question)], options);
  view = view.extend(await readLogs(source, logsOfDependencies(view)));
  const start = options.clock();
  const targets = targetsOf(view, question);
  const diagnosis = diagnose(view, {
    settings: { ...defaultSettings, ...options.settings },
    ...(targets && { targets }),
    ...(question.namespace !== undefined && !question.target && { namespace: question.namespace }),
  });
  const thinkingMs = options.clock() - start;
  return { diagnosis, view, ...(targets && { targets }), thinkingMs, identity: await identity };
}

/** The rules are most of the program: they load while the cluster answers. */
const thinking = () => import('./thinking.ts');

function read(source: ClusterSource, question: Question, options: InvestigateOptions): Promise<ClusterView> {
  const { namespace, target } = question;
  if (target?.kind === 'Pod' && target.namespace !== undefined)
    return readPod(source, target.namespace, target.name, options);
  return readScope(source, namespace, options);
}

/** A namespace, or everything: one list a kind, then the logs of what fails. */
async function readScope(
  source: ClusterSource,
  namespace: string | undefined,
  options: InvestigateOptions,
): Promise<ClusterView> {
  const { kindsOfNamespace, kindsRead } = await thinking();
  const kinds = namespace === undefined ? kindsRead : kindsOfNamespace;
  const view = await readAll(source, emptyView(source), scopeReads(kinds, namespace), options);
  return view.extend(await readLogs(source, wantedLogs(view)));
}

/** A pod costs a few requests, however many others its namespace holds. */
async function readPod(
  source: ClusterSource,
  namespace: string,
  name: string,
  options: InvestigateOptions,
): Promise<ClusterView> {
  const begun = readAll(source, emptyView(source), firstReadsOfPod(namespace, name), options);
  const loaded = thinking();
  const first = await begun;
  const pod = first.get('Pod', namespace, name);
  if (!pod) return first;
  const [second, logs] = await Promise.all([
    readAll(source, first, nextReadsOfPod(first, pod), options),
    readLogs(source, wantedLogs(first)),
  ]);
  await loaded;
  return readAll(source, second.extend(logs), lastReadsOfPod(second, pod), options);
}

/** How much room nodes have left is known only with the pods of every namespace; asked for when a pod finds none. */
function readsOfRoom(view: ClusterView, { namespace, target }: Question): readonly Read[] {
  const lacksRoom = view.all('Pod').some((p) => /Insufficient /.test(conditionOf(p, 'PodScheduled')?.message ?? ''));
  const canAsk = namespace !== undefined && !view.identity.recorded && target?.kind !== 'Pod';
  return canAsk && lacksRoom ? [{ list: 'Pod' }] : [];
}

/** The objects asked about; undefined for everything in the scope. */
function targetsOf(
  view: ClusterView,
  { target, targetKind, selector, namespace }: Question,
): readonly ObjectRef[] | undefined {
  if (target) return [target];
  if (!selector && !targetKind) return undefined;
  const asked: readonly Kind[] = targetKind ? [targetKind] : kindsWithPods;
  return (
    asked
      .flatMap((kind): readonly KubeObject[] => view.all(kind))
      // What was read of other namespaces was not asked about.
      .filter(({ metadata: m }) => namespace === undefined || m.namespace === undefined || m.namespace === namespace)
      .filter((o) => !selector || matchesSelector(selector, o.metadata.labels))
      .map(refOf)
  );
}

const kindsWithPods: readonly Kind[] = [
  'Pod',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'Job',
  'CronJob',
  'Service',
  'Ingress',
];
