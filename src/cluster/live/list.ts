import { kindInfo, oneLine, type Kind, type KindMap } from '../../domain/index.ts';
import { HttpFailure, seconds } from '../../platform/index.ts';
import { ingest } from '../ingest.ts';
import { ReadFailure, type Scope } from '../source.ts';
import { Ended } from './errors.ts';
import { isNestedTooDeep } from './nesting.ts';
import type { CallAnswer, CallOptions } from './transport.ts';

export interface Lister {
  /** A GET whose answer is 200; throws otherwise. */
  readonly get: (path: string, options: CallOptions) => Promise<CallAnswer>;
  /** Called at each page that has arrived. */
  readonly onPage?: (objects: number) => void;
  readonly listMs?: number;
}

/** Largest first; a page of large objects that passes the cap is asked for again in smaller ones. */
const PAGE_SIZES = [500, 50, 5, 1] as const;
const LIST_MS = 60_000;
const MAX_RELISTS = 3;
const MAX_DEPTH = 64;

/**
 * All pages of a list. They are handed over only when the list has been read to its end: when the server forgets the
 * list half way (410), what came before is of another moment and is thrown away.
 */
export async function readList<K extends Kind>(lister: Lister, kind: K, scope: Scope): Promise<KindMap[K][][]> {
  const limit = { leftMs: lister.listMs ?? LIST_MS };
  for (let relists = 0; ; relists++) {
    try {
      return await readPages(lister, kind, scope, limit);
    } catch (error) {
      if (!(error instanceof ReadFailure) || error.status !== 410 || relists >= MAX_RELISTS) throw error;
    }
  }
}

async function readPages<K extends Kind>(
  lister: Lister,
  kind: K,
  scope: Scope,
  time: { leftMs: number },
): Promise<KindMap[K][][]> {
  const pages: KindMap[K][][] = [];
  let next: string | undefined;
  let size = 0;
  let objects = 0;
  do {
    if (time.leftMs <= 0) throw new Ended(`the list was not finished within ${seconds(lister.listMs ?? LIST_MS)}`);
    let page: Page<K>;
    try {
      page = await readPage(lister, kind, listPath(kind, scope, PAGE_SIZES[size] ?? 1, next), time);
    } catch (error) {
      if (!(error instanceof HttpFailure) || error.kind !== 'too-large' || size + 1 >= PAGE_SIZES.length) throw error;
      size++;
      next ??= '';
      continue;
    }
    pages.push(page.objects);
    objects += page.objects.length;
    lister.onPage?.(objects);
    next = page.next;
  } while (next !== undefined);
  return pages;
}

interface Page<K extends Kind> {
  readonly objects: KindMap[K][];
  readonly next: string | undefined;
}

async function readPage<K extends Kind>(
  lister: Lister,
  kind: K,
  path: string,
  time: { leftMs: number },
): Promise<Page<K>> {
  const answer = await lister.get(path, { accept: acceptList(kind), atMostMs: time.leftMs });
  time.leftMs -= answer.elapsedMs;
  const { items, metadata } = parseObject(answer) as {
    items?: unknown;
    metadata?: { continue?: unknown };
  };
  const objects: KindMap[K][] = [];
  if (items !== null && items !== undefined && !Array.isArray(items))
    throw new Error('the answer is not a list of objects');
  for (const item of (items ?? []) as unknown[]) {
    const object = ingest(kind, item);
    if (object) objects.push(object);
  }
  const next = metadata?.continue;
  return { objects, next: typeof next === 'string' && next !== '' ? next : undefined };
}

/** The JSON object of an answer. */
export function parseObject(answer: CallAnswer): Readonly<Record<string, unknown>> {
  if (isNestedTooDeep(answer.body, MAX_DEPTH))
    throw new Error(`the answer is nested deeper than ${MAX_DEPTH} levels, which no object of Kubernetes is`);
  let value: unknown;
  try {
    value = JSON.parse(answer.body.toString('utf8'));
  } catch {
    const type = oneLine(answer.headers['content-type'] ?? 'of unknown type', 80);
    throw new Error(`the answer is not JSON (${type}): is the server an API server, or the login page of a proxy?`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('the answer is not an object of Kubernetes');
  return value as Readonly<Record<string, unknown>>;
}

/** Of Secrets only the metadata is asked for: their data never reaches this process. */
const METADATA_ONLY: ReadonlySet<Kind> = new Set<Kind>(['Secret']);

function acceptList(kind: Kind): string {
  return METADATA_ONLY.has(kind)
    ? 'application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1'
    : 'application/json';
}

export function acceptObject(kind: Kind): string {
  return METADATA_ONLY.has(kind) ? 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1' : 'application/json';
}

function listPath(kind: Kind, scope: Scope, size: number, next: string | undefined): string {
  const query = new URLSearchParams({ limit: String(size) });
  if (scope.labelSelector !== undefined) query.set('labelSelector', scope.labelSelector);
  if (scope.fieldSelector !== undefined) query.set('fieldSelector', scope.fieldSelector);
  if (next !== undefined && next !== '') query.set('continue', next);
  return `${collectionPath(kind, scope.namespace)}?${query.toString()}`;
}

export function objectPath(kind: Kind, namespace: string | undefined, name: string): string {
  return `${collectionPath(kind, namespace)}/${segment(name, 'name')}`;
}

function collectionPath(kind: Kind, namespace: string | undefined): string {
  const { group, version, resource, namespaced } = kindInfo(kind);
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== undefined ? `/namespaces/${segment(namespace, 'namespace')}` : '';
  return `${root}${within}/${resource}`;
}

/** A name as a part of a path. Names of roles may hold colons; no name of Kubernetes may leave its place in the path. */
export function segment(name: string, what: string): string {
  if (name === '' || name === '.' || name === '..' || name.length > 253 || /[/%\\?#\u0000-\u0020\u007f]/.test(name))
    throw new Error(`"${oneLine(name, 80)}" cannot be the ${what} of an object in Kubernetes`);
  return encodeURIComponent(name);
}
