import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import {
  count,
  formatDuration,
  workloadKey,
  type ReplicaHistory,
  type Usage,
  type UsageSeries,
} from '../../domain/index.ts';
import { bySeriesName } from '../prometheus/rows.ts';
import type { UsageScope } from '../scope.ts';
import {
  DEFAULT_WINDOW,
  gridOf,
  parts,
  Points,
  seriesPoints,
  windowAt,
  type Grid,
  type WindowRequest,
} from '../window.ts';
import { clusterFolder, dayFiles, parseLine, type StoredWorkload } from './files.ts';

export interface StoreOptions {
  readonly folder: string;
  readonly clusterUid: string;
  /** The moment at which the window ends, ms since the epoch. */
  readonly at: number;
  readonly window?: WindowRequest;
}

/** A cycle may begin before midnight and end after it. */
const DAY_SLACK_MS = 3_600_000;

/**
 * What the store knows of a scope's workloads; undefined when it holds nothing of this cluster. Each point is the last
 * reading of its step; peaks are of all readings.
 */
export async function readStore(scope: UsageScope, options: StoreOptions): Promise<Usage | undefined> {
  const folder = clusterFolder(options.folder, options.clusterUid);
  const files = await dayFiles(folder);
  if (files.length === 0) return undefined;
  const request = options.window ?? DEFAULT_WINDOW;
  const window = windowAt(options.at, request);
  const wanted = new Set(scope.targets.map((t) => workloadKey(t.namespace, t.workload)));
  const collector = new Collector(gridOf(window), parts(request.windowSeconds, request.stepSeconds).test, wanted);
  const firstDay = new Date(window.startMs - DAY_SLACK_MS).toISOString().slice(0, 10);
  for (const file of files) {
    if (file.day < firstDay) continue;
    const handle = await open(file.path, constants.O_RDONLY | constants.O_NOFOLLOW);
    try {
      for await (const line of createInterface({
        input: handle.createReadStream({ autoClose: false }),
        crlfDelay: Infinity,
      }))
        collector.take(line);
    } finally {
      await handle.close();
    }
  }
  const reached = collector.oldestMs;
  const isShort = reached !== undefined && reached - window.startMs > 2 * request.stepSeconds * 1000;
  const reachSeconds = isShort ? Math.round((window.endMs - reached) / 1000) : undefined;
  return {
    source: { kind: 'samples', name: folder },
    window,
    ...(reachSeconds !== undefined && { reachSeconds }),
    queries: 0,
    series: collector.series(),
    replicas: collector.replicaHistory(),
    unread: scope.targets
      .filter((t) => !collector.seen.has(workloadKey(t.namespace, t.workload)))
      .map(({ namespace, workload }) => ({ namespace, workload, why: 'no sample of it is stored within the window' })),
    partialResponse: false,
    warnings: [
      ...(reachSeconds === undefined
        ? []
        : [
            `the stored samples reach back ${formatDuration(reachSeconds * 1000)} of the ${formatDuration(request.windowSeconds * 1000)} asked for`,
          ]),
      ...(collector.torn === 0
        ? []
        : [
            `${count(collector.torn, 'line')} of the store could not be read and ${collector.torn === 1 ? 'was' : 'were'} skipped`,
          ]),
      ...(collector.repeated === 0
        ? []
        : [
            `${count(collector.repeated, 'sample')} stood twice or out of order and ${collector.repeated === 1 ? 'was' : 'were'} skipped`,
          ]),
    ],
  };
}

interface Stored {
  readonly of: Pick<UsageSeries, 'namespace' | 'workload' | 'pod' | 'container'>;
  readonly points: Points;
  /** Moment of the newest reading of each pod UID; a pod of a StatefulSet comes back under its name. */
  readonly last: Map<string, number>;
  peak: number;
  train: number | undefined;
  test: number | undefined;
}

class Collector {
  torn = 0;
  repeated = 0;
  oldestMs: number | undefined;
  readonly seen = new Set<string>();
  private readonly entries = new Map<string, Stored>();
  private readonly replicas = new Map<string, ReplicaHistory>();
  private readonly testFromMs: number;
  private readonly endMs: number;

  constructor(
    private readonly grid: Grid,
    testSeconds: number,
    private readonly wanted: ReadonlySet<string>,
  ) {
    this.endMs = grid.startMs + (grid.points - 1) * grid.stepSeconds * 1000;
    this.testFromMs = this.endMs - testSeconds * 1000;
  }

  take(text: string): void {
    if (text === '') return;
    const line = parseLine(text);
    if (!line) {
      this.torn++;
      return;
    }
    const cycle = this.indexOf(line.cycleMs);
    if (cycle !== undefined && (this.oldestMs === undefined || line.cycleMs < this.oldestMs))
      this.oldestMs = line.cycleMs;
    const key = workloadKey(line.namespace, line.workload);
    if (!this.wanted.has(key)) return;
    if (cycle !== undefined) this.replicasAt(key, line, cycle);
    for (const s of line.samples) {
      const index = this.indexOf(s.atMs);
      if (index === undefined) continue;
      const id = `${key}/${s.pod}/${s.container}`;
      let entry = this.entries.get(id);
      if (!entry) {
        const { namespace, workload } = line;
        entry = {
          of: { namespace, workload, pod: s.pod, container: s.container },
          points: new Points(this.grid),
          last: new Map(),
          peak: 0,
          train: undefined,
          test: undefined,
        };
        this.entries.set(id, entry);
      }
      const before = entry.last.get(s.uid);
      if (before !== undefined && s.atMs <= before) {
        this.repeated++;
        continue;
      }
      entry.last.set(s.uid, s.atMs);
      this.seen.add(key);
      entry.points.put(index, s.nanocores, s.bytes);
      entry.peak = Math.max(entry.peak, s.bytes);
      if (s.atMs > this.testFromMs) entry.test = Math.max(entry.test ?? 0, s.bytes);
      else entry.train = Math.max(entry.train ?? 0, s.bytes);
    }
  }

  series(): UsageSeries[] {
    const all = [...this.entries.values()].map(({ of, points, peak, train, test }): UsageSeries => ({
      ...of,
      ...seriesPoints(points.trim()),
      memoryPeaks: { window: peak, ...(train !== undefined && { train }), ...(test !== undefined && { test }) },
    }));
    return all.sort(bySeriesName);
  }

  replicaHistory(): ReplicaHistory[] {
    return [...this.replicas.values()];
  }

  /** The step in which a moment lies: point i stands for what came after point i-1. */
  private indexOf(atMs: number): number | undefined {
    const index = Math.ceil((atMs - this.grid.startMs) / (this.grid.stepSeconds * 1000));
    return index >= 0 && index < this.grid.points ? index : undefined;
  }

  private replicasAt(key: string, { namespace, workload, replicas }: StoredWorkload, index: number): void {
    let history = this.replicas.get(key);
    if (!history) {
      const { startMs, stepSeconds, points } = this.grid;
      this.replicas.set(
        key,
        (history = { namespace, workload, startMs, stepSeconds, replicas: new Float64Array(points).fill(NaN) }),
      );
    }
    history.replicas[index] = replicas;
  }
}
