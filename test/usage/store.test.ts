import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ReadFailure, type ClusterSource } from '../../src/cluster/index.ts';
import type { KubeObject } from '../../src/domain/index.ts';
import { cycleOf, readCycle, readStore, storeCycle, usageScope, type Cycle } from '../../src/usage/index.ts';
import { withLock } from '../../src/usage/store/lock.ts';
import { NOW, object, owned, pod, viewOf } from '../support/fixtures.ts';

const UID = '0b1c2d3e-0000-4000-8000-000000000001';
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aiops-samples-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const deployment = object('Deployment', 'web');
const revision = owned(object('ReplicaSet', 'web-5b7c9d8f46'), deployment);
const live = owned(pod('web-5b7c9d8f46-x2v4z'), revision);
const scope = usageScope(viewOf([deployment, revision, live]));

const metrics = (of: KubeObject, at: number | string, cpu = '250m', memory = '100Mi') =>
  object('PodMetrics', of.metadata.name ?? '', {
    timestamp: typeof at === 'number' ? new Date(at).toISOString() : at,
    containers: [{ name: 'web', usage: { cpu, memory } }],
  });

const cycleAt = (at: number, ...more: KubeObject[]): Cycle =>
  cycleOf(viewOf([deployment, revision, live, ...more], { at }));

const cycle = (at: number, cpu = '250m', memory = '100Mi') => cycleAt(at, metrics(live, at - 15_000, cpu, memory));
const store = (c: Cycle, limits = {}) => storeCycle(folder, UID, c, c.atMs, limits);
const read = (at: number, windowSeconds = 86_400) =>
  readStore(scope, { folder, clusterUid: UID, at, window: { windowSeconds, stepSeconds: 300 } });
const files = async () => (await readdir(join(folder, UID))).sort();

describe('one look at the metrics API', () => {
  it('keeps exact amounts by workload, with the replicas that run', () => {
    const { workloads } = cycleAt(NOW, metrics(live, NOW - 15_000, '123456789n', '131072Ki'));
    expect(workloads).toEqual([
      {
        namespace: 'shop',
        workload: { kind: 'Deployment', name: 'web' },
        replicas: 1,
        samples: [
          {
            uid: live.metadata.uid,
            pod: 'web-5b7c9d8f46-x2v4z',
            container: 'web',
            atMs: NOW - 15_000,
            nanocores: 123456789,
            bytes: 134217728,
          },
        ],
      },
    ]);
  });

  it('leaves out pods that do not run, unknown pods, and readings without time or amount', () => {
    const ended = owned(pod('web-5b7c9d8f46-q9k2m', { 'status.phase': 'Failed' }), revision);
    const unknown = pod('gone');
    const c = cycleAt(NOW, ended, metrics(ended, NOW), metrics(unknown, NOW), metrics(live, 'yesterday'));
    expect(c).toMatchObject({ notRunning: 2, unreadable: 1 });
    expect(c.workloads.flatMap((w) => w.samples)).toEqual([]);
    expect(cycleAt(NOW, metrics(live, NOW, '-1', '1Mi')).unreadable).toBe(1);
  });

  it('knows a workload that has been scaled to zero', () => {
    expect(cycleOf(viewOf([object('Deployment', 'idle', { 'spec.replicas': 0 })])).workloads).toMatchObject([
      { workload: { name: 'idle' }, replicas: 0, samples: [] },
    ]);
  });

  it('fails where there is no metrics API, and goes on without the owners', async () => {
    const source = (fail: string): ClusterSource =>
      ({
        identity: { name: 'test', recorded: false },
        now: () => NOW,
        // eslint-disable-next-line @typescript-eslint/require-await
        async *list(kind: string) {
          if (kind === fail) throw new ReadFailure('absent', `no ${kind}`);
          yield [live, metrics(live, NOW)].filter((o) => o.kind === kind);
        },
      }) as unknown as ClusterSource;
    await expect(readCycle(source('PodMetrics'))).rejects.toMatchObject({ reason: 'absent' });
    const { workloads } = await readCycle(source('ReplicaSet'));
    expect(workloads.flatMap((w) => w.samples)).toHaveLength(1);
  });
});

describe('the store of samples', () => {
  it('gives back what was written: points at their steps, peaks of all readings, replicas', async () => {
    for (let i = 0; i < 30; i++) await store(cycle(NOW + i * 2 * MINUTE, '250m', i === 12 ? '500Mi' : '100Mi'));
    const usage = await read(NOW + HOUR);
    expect(usage).toMatchObject({
      source: { kind: 'samples', name: join(folder, UID) },
      queries: 0,
      unread: [],
      reachSeconds: expect.any(Number) as number,
    });
    const [web] = usage!.series;
    expect(web).toMatchObject({
      workload: { kind: 'Deployment', name: 'web' },
      container: 'web',
      memoryPeaks: { window: 524288000 },
    });
    expect(web!.cpu.every((v) => v === 250_000_000)).toBe(true);
    expect(web!.cpu.length).toBe(13);
    expect(usage!.replicas[0]?.replicas.filter((r) => r === 1).length).toBe(13);
    expect(usage!.warnings.join()).toContain('the stored samples reach back');
  });

  it('leaves gaps where nothing was sampled', async () => {
    for (const minutes of [0, 5, 30]) await store(cycle(NOW + minutes * MINUTE));
    const usage = await read(NOW + HOUR);
    expect([...usage!.series[0]!.cpu]).toEqual([250_000_000, 250_000_000, NaN, NaN, NaN, NaN, 250_000_000]);
  });

  it('does not store a reading twice, nor more than one a minute, nor what lies ahead or behind', async () => {
    const at = (ms: number) => cycleAt(NOW, metrics(live, ms));
    expect(await store(at(NOW - 20_000))).toMatchObject({ stored: 1 });
    expect(await store(at(NOW - 20_000))).toMatchObject({ stored: 0, repeated: 1 });
    expect(await store(at(NOW + 30_000))).toMatchObject({ stored: 0, repeated: 1 });
    expect(await store(at(NOW - 60_000))).toMatchObject({ stored: 0, older: 1 });
    expect(await store(at(NOW + 6 * MINUTE))).toMatchObject({ stored: 0, future: 1 });
    expect(await store(at(NOW + 45_000))).toMatchObject({ stored: 1 });
  });

  it('stores and removes nothing when the server’s clock has jumped ahead', async () => {
    await store(cycle(NOW));
    const jumped = cycle(NOW + 30 * 24 * HOUR);
    expect(await storeCycle(folder, UID, jumped, NOW)).toMatchObject({ stored: 0, future: 1, removed: [] });
    expect(await files()).toEqual(['2026-06-01.ndjson']);
  });

  it('reads past a torn line and past rubbish, counts them, and goes on writing whole lines', async () => {
    await store(cycle(NOW));
    const path = join(folder, UID, '2026-06-01.ndjson');
    const line = (await readFile(path, 'utf8')).trim();
    await appendFile(path, `[1]\n{"t":1}\n${line.slice(0, 40)}`);
    await store(cycle(NOW + 5 * MINUTE));
    const usage = await read(NOW + HOUR);
    expect(usage!.series[0]!.cpu.length).toBe(2);
    expect(usage!.warnings).toContain('3 lines of the store could not be read and were skipped');
  });

  it('skips a sample that stands twice', async () => {
    await store(cycle(NOW));
    const path = join(folder, UID, '2026-06-01.ndjson');
    await appendFile(path, await readFile(path, 'utf8'));
    expect((await read(NOW + HOUR))!.warnings).toContain('1 sample stood twice or out of order and was skipped');
  });

  it('keeps two weeks, and says which day it gave up', async () => {
    for (let day = 0; day < 15; day++) {
      const report = await store(cycle(NOW + day * 24 * HOUR));
      expect(report.removed).toEqual(day === 14 ? [{ day: '2026-06-01', why: 'older than 14 days' }] : []);
    }
    expect(await files()).toHaveLength(14);
  });

  it('keeps within its size: the oldest day goes first, and never today', async () => {
    for (let day = 0; day < 3; day++) await store(cycle(NOW + day * 24 * HOUR));
    const { size } = await stat(join(folder, UID, '2026-06-01.ndjson'));
    const report = await store(cycle(NOW + 3 * 24 * HOUR), { bytes: 3 * size });
    expect(report.removed).toEqual([{ day: '2026-06-01', why: expect.stringContaining('more than') as string }]);
    expect(await store(cycle(NOW + 3 * 24 * HOUR + HOUR), { bytes: size })).toMatchObject({ stored: 0, isFull: true });
    expect(await files()).toContain('2026-06-04.ndjson');
  });

  it('never reads another cluster’s samples', async () => {
    await store(cycle(NOW));
    const other = { folder, clusterUid: 'ffffffff-0000-4000-8000-000000000002', at: NOW + HOUR };
    expect(await readStore(scope, other)).toBeUndefined();
    await expect(storeCycle(folder, '../x', cycle(NOW), NOW)).rejects.toThrow('no readable UID');
  });

  it('says of a workload without samples that it has none', async () => {
    await store(cycle(NOW));
    const both = usageScope(viewOf([deployment, object('Deployment', 'new')]));
    const usage = await readStore(both, { folder, clusterUid: UID, at: NOW + HOUR });
    expect(usage?.unread).toMatchObject([
      { workload: { name: 'new' }, why: 'no sample of it is stored within the window' },
    ]);
  });

  it('keeps files and folders to the user alone, and follows no link', async () => {
    await store(cycle(NOW));
    expect((await stat(join(folder, UID))).mode & 0o777).toBe(0o700);
    expect((await stat(join(folder, UID, '2026-06-01.ndjson'))).mode & 0o777).toBe(0o600);
    const link = join(folder, 'link');
    await symlink(join(folder, UID), link);
    await expect(storeCycle(link, UID, cycle(NOW), NOW)).rejects.toThrow('is a symbolic link');
  });
});

describe('several writers', () => {
  it('lose nothing and tear nothing', async () => {
    const writers = Array.from({ length: 8 }, (_, w) => {
      const own = owned(pod(`web-5b7c9d8f46-x2v${w}z`.replace(/[013]/g, 'b')), revision);
      return (async () => {
        for (let i = 0; i < 5; i++) {
          const at = NOW + i * 2 * MINUTE;
          await store(cycleAt(at, own, metrics(own, at)));
        }
      })();
    });
    await Promise.all(writers);
    const lines = (await readFile(join(folder, UID, '2026-06-01.ndjson'), 'utf8')).trim().split('\n');
    expect(lines).toHaveLength(40);
    expect(() => lines.map((l) => JSON.parse(l) as unknown)).not.toThrow();
    expect(await files()).toEqual(['2026-06-01.ndjson']);
  });

  it('take over from a process that has died, and wait for one that lives', async () => {
    await mkdir(join(folder, UID), { recursive: true });
    const lock = join(folder, UID, 'lock');
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    const { hostname } = await import('node:os');
    await writeFile(lock, JSON.stringify({ nonce: 'a', pid: child.pid, host: hostname() }));
    expect(await withLock(join(folder, UID), () => Promise.resolve('done'))).toBe('done');
    await writeFile(lock, JSON.stringify({ nonce: 'b', pid: process.pid, host: hostname() }));
    await expect(withLock(join(folder, UID), () => Promise.resolve(), 200)).rejects.toMatchObject({ reason: 'busy' });
    expect(JSON.parse(await readFile(lock, 'utf8'))).toMatchObject({ nonce: 'b' });
  });

  it('take over a lock of another machine only when it is a minute old', async () => {
    await mkdir(join(folder, UID), { recursive: true });
    const lock = join(folder, UID, 'lock');
    await writeFile(lock, JSON.stringify({ nonce: 'c', pid: 1, host: 'elsewhere' }));
    await expect(withLock(join(folder, UID), () => Promise.resolve(), 200)).rejects.toThrow('process 1 on elsewhere');
    const old = new Date(Date.now() - 120_000);
    await utimes(lock, old, old);
    expect(await withLock(join(folder, UID), () => Promise.resolve('done'))).toBe('done');
  });
});
