import {
  kindInfo,
  ref,
  type ContainerRef,
  type Kind,
  type KubeObject,
  type ObjectRef,
  type Unseen,
} from '../domain/index.ts';
import { ReadFailure, Unreachable, unseenOf, type ClusterSource, type LogSlice, type Scope } from './source.ts';
import { ClusterView, type Facts } from './view.ts';

/** Lists read at the same time: enough to hide latency, few enough to hold one raw page each. */
const LISTS_AT_ONCE = 6;
const LOGS_AT_ONCE = 8;

/** Bounds of one log read. */
export const LOG_MAX_LINES = 1000;
export const LOG_MAX_BYTES = 256 * 1024;

/** A whole list (of a namespace, or of everything), or the part of it that a selector names. */
export interface ListRead {
  readonly list: Kind;
  readonly namespace?: string;
  readonly fieldSelector?: string;
  readonly labelSelector?: string;
}

/** One object by name. */
export interface GetRead {
  readonly get: Kind;
  readonly namespace?: string;
  readonly name: string;
}

export type Read = ListRead | GetRead;

export interface ReadProgress {
  readonly kind: Kind;
  readonly objects: number;
}

export interface ReadOptions {
  readonly onProgress?: (progress: ReadProgress) => void;
}

type Brought = Pick<Facts, 'objects' | 'complete' | 'absent' | 'unseen'>;

/** An empty view of a source, to which reads are added. */
export function emptyView(source: ClusterSource): ClusterView {
  return new ClusterView({
    identity: source.identity,
    at: source.now(),
    objects: [],
    complete: [],
    absent: [],
    unseen: [],
    logs: [],
  });
}

/** Does the reads, a few at a time, and adds what they brought; a read that fails becomes `unseen`, never an absence. */
export async function readAll(
  source: ClusterSource,
  view: ClusterView,
  reads: readonly Read[],
  options: ReadOptions = {},
): Promise<ClusterView> {
  const brought = await inParallel(reads, LISTS_AT_ONCE, (read) =>
    'list' in read ? readList(source, read, options) : readOne(source, read),
  );
  return view.extend({
    objects: brought.flatMap((b) => b.objects),
    complete: brought.flatMap((b) => b.complete),
    absent: brought.flatMap((b) => b.absent),
    unseen: brought.flatMap((b) => b.unseen),
  });
}

const nothing: Brought = { objects: [], complete: [], absent: [], unseen: [] };

async function readList(source: ClusterSource, read: ListRead, options: ReadOptions): Promise<Brought> {
  const { list: kind, ...scope } = read;
  const isNamespaced = kindInfo(kind).namespaced;
  const asked: Scope = isNamespaced ? scope : {};
  const objects: KubeObject[] = [];
  try {
    for await (const page of source.list(kind, asked)) {
      for (const object of page) objects.push(object);
      options.onProgress?.({ kind, objects: objects.length });
    }
  } catch (error) {
    const what = `${plural(kind)}${isNamespaced ? ` in ${scope.namespace ?? 'all namespaces'}` : ''}`;
    // What arrived before the end counts as present; nothing counts as absent but in a namespace that was read whole.
    return {
      ...nothing,
      objects,
      complete: error instanceof ReadFailure ? error.wholeNamespaces.map((namespace) => ({ kind, namespace })) : [],
      unseen: [failureOf(error, what, { kind, ...(asked.namespace !== undefined && { namespace: asked.namespace }) })],
    };
  }
  const isWhole = scope.fieldSelector === undefined && scope.labelSelector === undefined;
  return {
    ...nothing,
    objects,
    complete: isWhole ? [{ kind, ...(asked.namespace !== undefined && { namespace: asked.namespace }) }] : [],
  };
}

/** As people say it; the metrics API calls its readings `pods` and `nodes`. */
function plural(kind: Kind): string {
  if (kind === 'PodMetrics') return 'pod metrics';
  return kind === 'NodeMetrics' ? 'node metrics' : kindInfo(kind).resource;
}

async function readOne(source: ClusterSource, read: GetRead): Promise<Brought> {
  const { get: kind, namespace, name } = read;
  try {
    const object = await source.get(kind, namespace, name);
    return object ? { ...nothing, objects: [object] } : { ...nothing, absent: [ref(kind, namespace, name)] };
  } catch (error) {
    return {
      ...nothing,
      unseen: [failureOf(error, `${plural(kind).replace(/s$/, '')} ${name}`, ref(kind, namespace, name))],
    };
  }
}

function failureOf(error: unknown, what: string, about: Partial<ObjectRef>): Unseen {
  // Nobody answers, or nobody knows us: that is one fault of the whole run, not one unknown a kind.
  if (error instanceof ReadFailure && !(error instanceof Unreachable)) return unseenOf(what, error, about);
  throw error;
}

/** Reads logs, the previous run where wanted, else or when that is gone the current one; `extend` adds them to a view. */
export async function readLogs(
  source: ClusterSource,
  wanted: readonly { ref: ContainerRef; previous: boolean }[],
): Promise<Pick<Facts, 'logs' | 'unseen'>> {
  const logs: LogSlice[] = [];
  const unseen: Unseen[] = [];
  await inParallel(wanted, LOGS_AT_ONCE, async ({ ref: container, previous }) => {
    try {
      const slice = await readLog(source, container, previous);
      if (slice) logs.push(slice);
    } catch (error) {
      // Logs come from the node's kubelet: that it is gone, or refuses the API server, says nothing about the rest.
      if (!(error instanceof ReadFailure)) throw error;
      unseen.push(
        unseenOf(`log of ${container.namespace}/${container.pod}`, error, {
          kind: 'Log',
          namespace: container.namespace,
        }),
      );
    }
  });
  return { logs, unseen };
}

async function readLog(
  source: ClusterSource,
  container: ContainerRef,
  previous: boolean,
): Promise<LogSlice | undefined> {
  try {
    const slice = await source.logs(container, { previous, maxLines: LOG_MAX_LINES, maxBytes: LOG_MAX_BYTES });
    // A run that was cut short before it wrote anything: the other one may tell.
    if (slice.lines.length > 0 || !previous) return slice;
  } catch (error) {
    // 400 and 404: there is no such run (any more), or the container has not started.
    const isGone = error instanceof ReadFailure && (error.status === 400 || error.status === 404);
    if (!isGone) throw error;
    if (!previous) return undefined;
  }
  return readLog(source, container, false);
}

/** Runs `work` on every item, at most `limit` at a time; answers in the order of the items. */
async function inParallel<T, R>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = new Array<R>(items.length);
  const queue = items.entries();
  const worker = async () => {
    for (const [i, item] of queue) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker));
  return results;
}
