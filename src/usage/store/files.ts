import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, stat, unlink, type FileHandle } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { UsageFailure } from '../failure.ts';
import type { WorkloadSamples } from './cycle.ts';

export interface DayFile {
  /** UTC date, e.g. 2026-06-01. */
  readonly day: string;
  readonly path: string;
  readonly size: number;
}

/** One workload in one cycle, as it stands in a line: `[uid, pod, container, ms, nanocores, bytes]` each. */
interface Line {
  readonly t: number;
  readonly n: string;
  readonly k: string;
  readonly w: string;
  readonly r: number;
  readonly s: readonly (readonly [string, string, string, number, number, number])[];
}

export interface StoredWorkload extends WorkloadSamples {
  /** Time of the cycle, ms since the epoch. */
  readonly cycleMs: number;
}

/** The folder of one cluster's samples: nobody reads another's. */
export function clusterFolder(folder: string, clusterUid: string): string {
  if (!/^[a-zA-Z0-9][a-zA-Z0-9-]{0,63}$/.test(clusterUid))
    throw new UsageFailure(
      'bad-setting',
      'the cluster has no readable UID (of namespace kube-system): its samples cannot be told from others',
    );
  return join(folder, clusterUid);
}

/** Makes the folder for the user alone; refuses one that is reached by way of a symlink. */
export async function makeFolder(path: string): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  for (const part of [path, dirname(path)])
    if ((await lstat(part)).isSymbolicLink())
      throw new UsageFailure('bad-setting', `${part} is a symbolic link: samples are kept in a folder of their own`);
}

/** Oldest first. */
export async function dayFiles(folder: string): Promise<DayFile[]> {
  const names = await readdir(folder).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  });
  const days = names.flatMap((name) => /^(\d{4}-\d\d-\d\d)\.ndjson$/.exec(name)?.[1] ?? []).sort();
  const files: DayFile[] = [];
  for (const day of days) {
    const path = join(folder, `${day}.ndjson`);
    const seen = await stat(path).catch(() => undefined);
    if (seen?.isFile() === true) files.push({ day, path, size: seen.size });
  }
  return files;
}

export async function removeDay(file: DayFile): Promise<void> {
  await unlink(file.path);
}

export function lineOf(cycleMs: number, { namespace, workload, replicas, samples }: WorkloadSamples): string {
  const line: Line = {
    t: cycleMs,
    n: namespace,
    k: workload.kind,
    w: workload.name,
    r: replicas,
    s: samples.map((s) => [s.uid, s.pod, s.container, s.atMs, s.nanocores, s.bytes]),
  };
  return JSON.stringify(line);
}

/** Undefined for a torn or foreign line. */
export function parseLine(text: string): StoredWorkload | undefined {
  let line: Partial<Record<keyof Line, unknown>> | null;
  try {
    line = JSON.parse(text) as typeof line;
  } catch {
    return undefined;
  }
  if (typeof line !== 'object' || line === null) return undefined;
  const { t, n, k, w, r, s } = line;
  if (
    !isAmount(t) ||
    typeof n !== 'string' ||
    typeof k !== 'string' ||
    typeof w !== 'string' ||
    !isAmount(r) ||
    !Array.isArray(s)
  )
    return undefined;
  const samples = s.map(sampleOf);
  if (!samples.every((x) => x !== undefined)) return undefined;
  return { cycleMs: t, namespace: n, workload: { kind: k, name: w }, replicas: r, samples };
}

function sampleOf(fields: unknown): WorkloadSamples['samples'][number] | undefined {
  if (!Array.isArray(fields)) return undefined;
  const [uid, pod, container, atMs, nanocores, bytes] = fields as unknown[];
  if (typeof uid !== 'string' || typeof pod !== 'string' || typeof container !== 'string') return undefined;
  if (!isAmount(atMs) || !isAmount(nanocores) || !isAmount(bytes)) return undefined;
  return { uid, pod, container, atMs, nanocores, bytes };
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** Appends whole lines in one write and syncs them; a line that a crash has torn is ended first. */
export async function append(path: string, lines: readonly string[]): Promise<void> {
  const file = await open(
    path,
    constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | constants.O_NOFOLLOW,
    0o600,
  );
  try {
    const text = lines.map((line) => `${line}\n`).join('');
    await writeAll(file, Buffer.from((await endsTorn(file)) ? `\n${text}` : text));
    await file.datasync();
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Buffer): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at)).bytesWritten;
}

async function endsTorn(file: FileHandle): Promise<boolean> {
  const { size } = await file.stat();
  if (size === 0) return false;
  const last = Buffer.alloc(1);
  await file.read(last, 0, 1, size - 1);
  return last[0] !== 0x0a;
}

/** The last lines of a file, newest last; at most about `maxBytes` of it. The first may be cut. */
export async function tail(file: DayFile, maxBytes: number): Promise<string[]> {
  const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await handle.stat();
    const length = Math.min(size, maxBytes);
    const bytes = Buffer.alloc(length);
    await handle.read(bytes, 0, length, size - length);
    return bytes.toString('utf8').split('\n');
  } finally {
    await handle.close();
  }
}
