import { randomUUID } from 'node:crypto';
import { link, open, readFile, stat, unlink, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { sleep } from '../../platform/index.ts';
import { UsageFailure } from '../failure.ts';

const STALE_MS = 60_000;
const WAIT_MS = 10_000;

interface Holder {
  readonly nonce: string;
  readonly pid: number;
  readonly host: string;
}

/**
 * Runs `work` while no other process of this kind does. A lock whose process is gone, or that is a minute old, is taken
 * over. Throws UsageFailure `busy` after ten seconds of waiting.
 */
export async function withLock<T>(folder: string, work: () => Promise<T>, waitMs = WAIT_MS): Promise<T> {
  const path = join(folder, 'lock');
  const mine: Holder = { nonce: randomUUID(), pid: process.pid, host: hostname() };
  const draft = join(folder, `lock.${mine.nonce}`);
  await writeFile(draft, JSON.stringify(mine), { flag: 'wx', mode: 0o600 });
  try {
    const until = performance.now() + waitMs;
    // A link appears whole or not at all, so nobody reads half a lock.
    while (!(await linked(draft, path))) {
      const holder = await held(path);
      if (holder && (await isStale(path, holder)) && (await takeOver(folder, path, holder))) continue;
      if (performance.now() >= until)
        throw new UsageFailure(
          'busy',
          `${folder} is being written by process ${holder?.pid ?? '?'} on ${holder?.host ?? '?'}: try again, or remove ${path} if that process is gone`,
        );
      await sleep(20 + Math.random() * 80);
    }
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  try {
    return await work();
  } finally {
    const holder = await held(path);
    if (holder?.nonce === mine.nonce) await unlink(path).catch(() => undefined);
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function held(path: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Holder;
  } catch {
    return undefined;
  }
}

async function isStale(path: string, holder: Holder): Promise<boolean> {
  if (holder.host === hostname() && !isAlive(holder.pid)) return true;
  const seen = await stat(path).catch(() => undefined);
  return seen !== undefined && Date.now() - seen.mtimeMs > STALE_MS;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Removes a stale lock, if it is still the same one: one process at a time judges and removes. */
async function takeOver(folder: string, path: string, stale: Holder): Promise<boolean> {
  const guard = join(folder, 'lock.takeover');
  try {
    await (await open(guard, 'wx', 0o600)).close();
  } catch {
    const seen = await stat(guard).catch(() => undefined);
    // Left by a process that died in these few lines.
    if (seen && Date.now() - seen.mtimeMs > STALE_MS) await unlink(guard).catch(() => undefined);
    return false;
  }
  try {
    const now = await held(path);
    if (now?.nonce === stale.nonce) await unlink(path);
    return true;
  } finally {
    await unlink(guard).catch(() => undefined);
  }
}
