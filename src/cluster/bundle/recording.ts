import { cleanText } from '../ingest/clean.ts';
import { ingest } from '../ingest.ts';
import { isKind, type Kind, type KubeObject, type ObjectRef, type Unseen } from '../../domain/index.ts';
import type { ClusterIdentity } from '../source.ts';
import { EXPECTED, walk, type Entry } from './entries.ts';
import { readItems, type ListOfItems } from './items.ts';
import { placeOf, RECORDING_FOLDER, type Layout, type Place } from './layout.ts';
import { BundleError, type Limits } from './limits.ts';
import { logKey } from './format.ts';
import { parseManifest, type Manifest } from './manifest.ts';
import { recordedMoment } from './moment.ts';
import { readYaml } from './yaml.ts';

/** A recording that was read; logs are read from it when they are asked for. */
export interface Recording {
  readonly path: string;
  readonly layout: Layout;
  readonly identity: ClusterIdentity;
  /** ms since the epoch. */
  readonly at: number;
  readonly objects: ReadonlyMap<Kind, readonly KubeObject[]>;
  readonly complete: readonly { readonly kind: Kind; readonly namespace?: string }[];
  readonly absent: readonly ObjectRef[];
  readonly unseen: readonly Unseen[];
  /** Where each log lies; `namespace/pod` for a file with the logs of all containers. */
  readonly logs: ReadonlyMap<string, LogPlace>;
  readonly truncatedLogs: ReadonlySet<string>;
}

export type LogPlace = Extract<Place, { what: 'log' | 'pod-logs' }> & { readonly path: string };

type ListPlace = Extract<Place, { what: 'list' }>;

interface ReadList {
  readonly place: ListPlace;
  readonly path: string;
  readonly objects: readonly KubeObject[];
  readonly problem?: string;
}

/** What was found, file by file; a path that comes twice counts with its last content, as an unpacker would have it. */
class Found {
  readonly lists = new Map<string, ReadList>();
  readonly errors = new Map<string, readonly Unseen[]>();
  readonly logs = new Map<string, LogPlace>();
  manifest: Manifest | undefined;
  manifestProblem: string | undefined;
  version: string | undefined;
}

/** Reads everything but the logs. Throws BundleError when the path holds no recording or breaks a limit. */
export async function readRecording(path: string, limits: Limits): Promise<Recording> {
  const found = new Found();
  const files = await walk(path, limits);
  for await (const entry of files.entries) {
    const place = placeOf(entry.path);
    if (place) await readEntry(found, place, entry);
  }
  const damage = files.damage();
  const layout = layoutOf(found);
  if (layout === undefined)
    throw new BundleError(`${path} holds nothing that was recorded from a cluster${because(damage)}; ${EXPECTED}`);
  return assemble(path, layout, found, damage);
}

function because(damage: string | undefined): string {
  return damage === undefined ? '' : ` (${damage})`;
}

async function readEntry(found: Found, place: Place, entry: Entry): Promise<void> {
  switch (place.what) {
    case 'list':
      found.lists.set(entry.path, await readListFile(place, entry));
      return;
    case 'errors': {
      const { head } = await readItems(entry.content(), () => undefined);
      found.errors.set(entry.path, errorsOf(place.kind, head));
      return;
    }
    case 'manifest': {
      const { head, problem } = await readItems(entry.content(), () => undefined);
      const manifest = problem ?? parseManifest(head);
      if (typeof manifest === 'string') found.manifestProblem = manifest;
      else found.manifest = manifest;
      return;
    }
    case 'version': {
      const { head } = await readItems(entry.content(), () => undefined);
      const version = (head as { info?: { gitVersion?: unknown } } | undefined)?.info?.gitVersion;
      if (typeof version === 'string') found.version = cleanText(version);
      return;
    }
    case 'log':
      found.logs.set(logKey(place), { ...place, path: entry.path });
      return;
    case 'pod-logs':
      found.logs.set(`${place.namespace}/${place.pod}`, { ...place, path: entry.path });
  }
}

async function readListFile(place: ListPlace, entry: Entry): Promise<ReadList> {
  const { kind, namespace } = place;
  const objects: KubeObject[] = [];
  let problem: string | undefined;
  const add = (item: unknown): void => {
    const object = ingest(kind, item);
    if (!object) problem ??= `an entry in it is no ${kind}`;
    else if (namespace !== undefined && object.metadata.namespace !== namespace)
      problem ??= `it holds objects of another namespace than ${namespace}`;
    if (object) objects.push(object);
  };
  const read = await (/\.ya?ml$/.test(entry.path) ? readYaml : readItems)(entry.content(), add);
  problem ??= read.problem ?? notAList(kind, read, add);
  return { place, path: entry.path, objects, ...(problem !== undefined && { problem }) };
}

/** A file that holds one object instead of a list gives that object, and is no complete list. */
function notAList(kind: Kind, read: ListOfItems, add: (item: unknown) => void): string | undefined {
  // An empty list is written as `items: null`.
  const { kind: said, items } = (read.head ?? {}) as { kind?: unknown; items?: unknown };
  if (read.isList || items === null || said === `${kind}List`) return undefined;
  if (typeof said === 'string' && isKind(said)) add(read.head);
  return 'it holds no list';
}

/** A support bundle tells what it could not read: by namespace, or as a list. */
function errorsOf(kind: Kind, head: unknown): readonly Unseen[] {
  if (typeof head !== 'object' || head === null) return [];
  return Object.entries(head).flatMap(([key, message]): readonly Unseen[] => {
    if (typeof message !== 'string') return [];
    const detail = cleanText(message);
    const reason = /forbidden/i.test(detail) ? 'forbidden' : 'failed';
    const namespace = Array.isArray(head) ? {} : { namespace: cleanText(key) };
    return [{ what: `${kind} of the recording`, kind, ...namespace, reason, detail }];
  });
}

function layoutOf(found: Found): Layout | undefined {
  if (found.manifest || found.manifestProblem !== undefined) return 'aiops';
  const layouts = new Set([...found.lists.values()].map((list) => list.place.layout));
  // A support bundle may hold folders that look like a dump, not the other way round.
  return (['support-bundle', 'dump', 'aiops'] as const).find((layout) => layouts.has(layout));
}

function assemble(path: string, layout: Layout, found: Found, damage: string | undefined): Recording {
  const { manifest } = found;
  if (layout === 'aiops' && !manifest)
    throw new BundleError(
      `${path}: ${RECORDING_FOLDER}/manifest.json ${found.manifestProblem === undefined ? 'is missing' : `cannot be used: ${found.manifestProblem}`}${because(damage)}; record the cluster again`,
    );
  const lists = [...found.lists.values()].filter((list) => list.place.layout === layout);
  const objects = new Map<Kind, KubeObject[]>();
  for (const list of lists) {
    const known = objects.get(list.place.kind);
    if (known) for (const object of list.objects) known.push(object);
    else objects.set(list.place.kind, [...list.objects]);
  }
  const problems = lists.flatMap(problemOf);
  const whole = manifest ? manifestComplete(manifest, lists, damage) : completeLists(lists, damage);
  const cut: Unseen[] = damage === undefined ? [] : [{ what: 'the recording', reason: 'not-recorded', detail: damage }];
  const unseen = [...(manifest?.unseen ?? []), ...[...found.errors.values()].flat(), ...problems, ...cut];
  const recordedAt = manifest && Date.parse(manifest.recordedAt);
  const identity = manifest ? manifest.identity : identityOf(path, found, objects);
  return {
    path,
    layout,
    identity: { ...identity, recorded: true },
    at: recordedAt ?? recordedMoment([...objects.values()].flat()),
    objects,
    complete: whole,
    absent: manifest?.absent ?? [],
    unseen,
    logs: new Map([...found.logs].filter(([, log]) => log.layout === layout)),
    truncatedLogs: new Set(manifest?.truncatedLogs),
  };
}

function problemOf({ place: { kind, namespace }, path, problem }: ReadList): readonly Unseen[] {
  if (problem === undefined) return [];
  const where = namespace === undefined ? {} : { namespace };
  return [{ what: `${kind} of the recording`, kind, ...where, reason: 'not-recorded', detail: `${path}: ${problem}` }];
}

function identityOf(
  path: string,
  found: Found,
  objects: ReadonlyMap<Kind, readonly KubeObject[]>,
): Omit<ClusterIdentity, 'recorded'> {
  const uid = objects.get('Namespace')?.find((n) => n.metadata.name === 'kube-system')?.metadata.uid;
  return {
    name: path,
    ...(uid !== undefined && { uid }),
    ...(found.version !== undefined && { version: found.version }),
  };
}

/** What the manifest calls complete and the file of the kind bears out: without a file there were no objects. */
function manifestComplete(
  manifest: Manifest,
  lists: readonly ReadList[],
  damage: string | undefined,
): Recording['complete'] {
  const broken = new Set(lists.filter((list) => list.problem !== undefined).map((list) => list.place.kind));
  const present = new Set(lists.map((list) => list.place.kind));
  return manifest.complete.filter(({ kind }) => !broken.has(kind) && (damage === undefined || present.has(kind)));
}

/** Every cluster has these: a recording that holds all of them is one of the whole cluster. */
const ALWAYS_THERE = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];

function completeLists(lists: readonly ReadList[], damage: string | undefined): Recording['complete'] {
  const whole = lists.filter((list) => list.problem === undefined).map(({ place }) => place);
  const broken = new Set(lists.filter((list) => list.problem !== undefined).map(({ place }) => listKey(place)));
  const listed = lists.flatMap(({ place, objects }) =>
    place.kind === 'Namespace' ? objects.map((o) => o.metadata.name ?? '') : [],
  );
  const seen = lists.flatMap(({ place }) => place.namespace ?? []);
  const namespaces = new Set(listed.length > 0 ? listed : seen);
  const isAll = damage === undefined && ALWAYS_THERE.every((name) => namespaces.has(name));
  const complete = new Map<string, { kind: Kind; namespace?: string }>();
  for (const place of whole) {
    const { kind, namespace } = place;
    if (broken.has(listKey(place)) || (kind === 'Namespace' && !isAll)) continue;
    complete.set(listKey(place), { kind, ...(namespace !== undefined && { namespace }) });
  }
  if (!isAll) return [...complete.values()];
  const kinds = new Set(whole.flatMap(({ kind, namespace }) => (namespace === undefined ? [] : [kind])));
  for (const kind of kinds)
    if ([...namespaces].every((namespace) => complete.has(listKey({ kind, namespace }))))
      complete.set(listKey({ kind }), { kind });
  return [...complete.values()];
}

function listKey({ kind, namespace }: { readonly kind: Kind; readonly namespace?: string }): string {
  return `${kind}/${namespace ?? ''}`;
}
