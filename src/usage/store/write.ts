import { join } from 'node:path';
import type { Cycle, Sample, WorkloadSamples } from './cycle.ts';
import { append, clusterFolder, dayFiles, lineOf, makeFolder, parseLine, removeDay, tail } from './files.ts';
import { withLock } from './lock.ts';

export interface StoreLimits {
  readonly days: number;
  readonly bytes: number;
  /** Between two stored readings of one container. */
  readonly everyMs: number;
}

export const STORE_LIMITS: StoreLimits = { days: 14, bytes: 512 * 1024 * 1024, everyMs: 60_000 };

const FUTURE_MS = 5 * 60_000;
/** Far more than one cycle of ten thousand containers. */
const TAIL_BYTES = 8 * 1024 * 1024;

/** What was done with the readings of one cycle. */
export interface StoreReport {
  readonly stored: number;
  /** The metrics API had nothing newer, or less than a minute newer. */
  readonly repeated: number;
  /** More than five minutes ahead of the API server. */
  readonly future: number;
  /** Older than one that is stored already. */
  readonly older: number;
  readonly notRunning: number;
  readonly unreadable: number;
  /** Days that were given up, with the reason. */
  readonly removed: readonly { readonly day: string; readonly why: string }[];
  /** True when today's file alone reaches the cap: nothing was stored. */
  readonly isFull: boolean;
}

/**
 * Appends one cycle to `<folder>/<cluster UID>/<UTC date>.ndjson`, under a lock, and gives up the oldest days beyond the
 * limits. `now` is this machine's clock, ms since the epoch: a cycle of a server whose clock runs ahead stores nothing
 * and removes nothing. Throws UsageFailure when the folder is not ours to write.
 */
export async function storeCycle(
  folder: string,
  clusterUid: string,
  cycle: Cycle,
  now: number,
  limits: Partial<StoreLimits> = {},
): Promise<StoreReport> {
  const { days, bytes, everyMs } = { ...STORE_LIMITS, ...limits };
  const own = clusterFolder(folder, clusterUid);
  await makeFolder(own);
  return withLock(own, async () => {
    const last = await lastTimes(own);
    const skipped = { repeated: 0, future: 0, older: 0 };
    const isNew = (s: Sample) => {
      const before = last.get(`${s.uid}/${s.container}`);
      if (s.atMs > Math.min(cycle.atMs, now) + FUTURE_MS) skipped.future++;
      else if (before !== undefined && s.atMs < before) skipped.older++;
      else if (before !== undefined && s.atMs - before < everyMs) skipped.repeated++;
      else return true;
      return false;
    };
    const kept = cycle.workloads.map((w): WorkloadSamples => ({ ...w, samples: w.samples.filter(isNew) }));
    const stored = kept.reduce((sum, w) => sum + w.samples.length, 0);
    const isUseless = cycle.atMs > now + FUTURE_MS || (stored === 0 && skipped.repeated > 0);
    const lines = isUseless ? [] : kept.map((w) => lineOf(cycle.atMs, w));
    const today = new Date(cycle.atMs).toISOString().slice(0, 10);
    const size = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, 0);
    const { removed, isFull } =
      lines.length === 0 ? { removed: [], isFull: false } : await makeRoom(own, today, size, days, bytes);
    if (lines.length > 0 && !isFull) await append(join(own, `${today}.ndjson`), lines);
    const { notRunning, unreadable } = cycle;
    return { stored: isFull ? 0 : stored, ...skipped, notRunning, unreadable, removed, isFull };
  });
}

/** When each container was read last, by pod UID and container. */
async function lastTimes(folder: string): Promise<Map<string, number>> {
  const last = new Map<string, number>();
  for (const file of (await dayFiles(folder)).slice(-2))
    for (const line of await tail(file, TAIL_BYTES))
      for (const s of parseLine(line)?.samples ?? []) {
        const key = `${s.uid}/${s.container}`;
        last.set(key, Math.max(last.get(key) ?? 0, s.atMs));
      }
  return last;
}

async function makeRoom(
  folder: string,
  today: string,
  size: number,
  days: number,
  bytes: number,
): Promise<Pick<StoreReport, 'removed' | 'isFull'>> {
  const oldest = new Date(Date.parse(today) - (days - 1) * 86_400_000).toISOString().slice(0, 10);
  const removed: { day: string; why: string }[] = [];
  let total = size;
  const files = await dayFiles(folder);
  for (const file of files) total += file.size;
  for (const file of files) {
    if (file.day >= today) break;
    const why =
      file.day < oldest
        ? `older than ${days} days`
        : total > bytes
          ? `more than ${Math.round(bytes / 1024 / 1024)} MiB`
          : undefined;
    if (why === undefined) break;
    await removeDay(file);
    total -= file.size;
    removed.push({ day: file.day, why });
  }
  return { removed, isFull: total > bytes };
}
