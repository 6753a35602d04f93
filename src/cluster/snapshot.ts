import { open, rename, rm, stat } from 'node:fs/promises';
import { randomBytes } from 'node:crypto';
import { basename, dirname, join } from 'node:path';
import { once } from 'node:events';
import { createGzip } from 'node:zlib';
import { pack, type Pack } from 'tar-stream';
import {
  isKind,
  kindInfo,
  redactLine,
  redactLines,
  refKey,
  refOf,
  type Kind,
  type KubeObject,
} from '../domain/index.ts';
import { encodeSegment, RECORDING_FOLDER } from './bundle/layout.ts';
import { logKey, RECORDING_VERSION } from './bundle/format.ts';
import type { Manifest } from './bundle/manifest.ts';
import { cleanText } from './ingest/clean.ts';
import type { LogSlice } from './source.ts';
import type { Facts } from './view.ts';

export interface RecordOptions {
  /** Replace a file that is there. */
  readonly force: boolean;
}

/** A recording that could not be written, with what to do about it. */
export class RecordingError extends Error {
  override readonly name = 'RecordingError';
}

/**
 * Writes facts as a .tar.gz that `openBundle` reads back as the same facts, and that people can read: a Kubernetes List
 * for each kind, a text file for each log. The same facts give the same bytes. The file appears whole or not at all,
 * readable by its owner alone. Throws RecordingError when the path is taken and `force` is not set, or cannot be written.
 */
export async function writeRecording(facts: Facts, path: string, { force }: RecordOptions): Promise<void> {
  if (!force && (await exists(path)))
    throw new RecordingError(`${path} exists already; choose another name, or overwrite it with --force`);
  const temporary = join(dirname(path), `.${basename(path)}.${randomBytes(6).toString('hex')}.tmp`);
  try {
    await writeArchive(facts, temporary);
    if (!force && (await exists(path))) throw new RecordingError(`${path} was made by another program meanwhile`);
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (cause) {
    await rm(temporary, { force: true });
    if (cause instanceof RecordingError) throw cause;
    const reason = cause instanceof Error ? cause.message : 'unknown error';
    throw new RecordingError(`cannot write the recording ${path}: ${reason}`, { cause });
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw new RecordingError(`cannot write the recording ${path}: ${(error as Error).message}`, { cause: error });
  }
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function writeArchive(facts: Facts, path: string): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    const archive = pack();
    const zipped = createGzip({ level: 6 });
    archive.pipe(zipped);
    const filled = fill(archive, facts).catch((error: unknown) => {
      zipped.destroy(error instanceof Error ? error : new Error('cannot pack'));
    });
    for await (const chunk of zipped as AsyncIterable<Buffer>) await file.write(chunk);
    await filled;
    await file.sync();
  } finally {
    await file.close();
  }
}

async function fill(archive: Pack, facts: Facts): Promise<void> {
  const mtime = new Date(facts.at);
  const add = async (name: string, content: string): Promise<void> => {
    const sink = archive.entry({
      name: `${RECORDING_FOLDER}/${name}`,
      mtime,
      mode: 0o600,
      size: Buffer.byteLength(content),
    });
    const closed = once(sink, 'close');
    sink.end(Buffer.from(content));
    await closed;
  };
  await add('manifest.json', `${JSON.stringify(manifestOf(facts), undefined, 2)}\n`);
  const byKind = objectsByKind(facts.objects);
  for (const kind of [...byKind.keys()].sort()) await add(`${kind}.json`, listText(kind, byKind.get(kind) ?? []));
  for (const slice of sortedBy(facts.logs, logKey)) await add(logPath(slice), logText(slice));
  archive.finalize();
}

function manifestOf(facts: Facts): Manifest {
  const { name, server, uid, version } = facts.identity;
  return {
    apiVersion: RECORDING_VERSION,
    kind: 'Recording',
    recordedAt: new Date(facts.at).toISOString(),
    identity: {
      name,
      ...(server !== undefined && { server }),
      ...(uid !== undefined && { uid }),
      ...(version !== undefined && { version }),
    },
    complete: sortedBy(facts.complete, (l) => `${l.kind}/${l.namespace ?? ''}`),
    absent: sortedBy(facts.absent, refKey),
    unseen: facts.unseen.map((u) => ({ ...u, what: cleanText(u.what), detail: cleanText(redactLine(u.detail)) })),
    truncatedLogs: facts.logs
      .filter((l) => l.truncated)
      .map(logKey)
      .sort(),
  };
}

/** Each object once: the same one may come from a list and from a get. */
function objectsByKind(objects: readonly KubeObject[]): ReadonlyMap<Kind, readonly KubeObject[]> {
  const kinds = new Map<Kind, Map<string, KubeObject>>();
  for (const object of objects) {
    if (!isKind(object.kind)) continue;
    const known = kinds.get(object.kind) ?? new Map<string, KubeObject>();
    kinds.set(object.kind, known);
    const key = refKey(refOf(object));
    if (!known.has(key)) known.set(key, object);
  }
  return new Map([...kinds].map(([kind, known]) => [kind, sortedBy([...known.values()], (o) => refKey(refOf(o)))]));
}

function listText(kind: Kind, objects: readonly KubeObject[]): string {
  const { group, version } = kindInfo(kind);
  const apiVersion = group === '' ? version : `${group}/${version}`;
  const items = objects.map((object) => JSON.stringify(guarded({ ...object, apiVersion, kind }), undefined, 2));
  return `{\n"apiVersion": "v1",\n"kind": "List",\n"items": [\n${items.join(',\n')}\n]\n}\n`;
}

/** What a secret in free text looks like: reading has removed the others, this is for messages that quote one. */
const SUSPECT =
  /PRIVATE KEY|bearer\s|basic\s|eyJ|:\/\/[^\s]*@|passw|pwd|secret|token|key|sig=|cookie|AKIA|ASIA|gh[pousr]_|github_pat|glpat|xox|xapp|sk[-_]|AIza|npm_|dckr_pat|hv[sb]\.|SG\.|ya29|hooks\.slack|identified by|credential|authorization/i;
/** Names, not texts: masking a part of one would break what refers to it. */
const TEXTS: ReadonlySet<string> = new Set(['message', 'value', 'args', 'command', 'annotations', 'note']);

/** The object with secrets masked in its free texts. */
function guarded(value: unknown, isText = false): unknown {
  if (typeof value === 'string') return isText && SUSPECT.test(value) ? cleanText(redactLine(value)) : value;
  if (Array.isArray(value)) return value.map((entry) => guarded(entry, isText));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [key, guarded(entry, isText || TEXTS.has(key))]),
  );
}

function logPath({ ref: { namespace, pod, container }, previous }: LogSlice): string {
  const [ns, name, file] = [namespace, pod, container].map(encodeSegment);
  return `logs/${ns ?? ''}/${name ?? ''}/${file ?? ''}${previous ? '.previous' : ''}.log`;
}

function logText({ lines }: LogSlice): string {
  return redactLines(lines.map((line) => line.replaceAll('\n', '\\n')))
    .map((line) => `${line}\n`)
    .join('');
}

function sortedBy<T>(items: readonly T[], key: (item: T) => string): T[] {
  const keyed = items.map((item) => [key(item), item] as const);
  return keyed.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, item]) => item);
}
