import { open } from 'node:fs/promises';
import {
  count,
  oneLine,
  promValue,
  workloadKey,
  type KubeObject,
  type Usage,
  type UsageSeries,
  type UsageWindow,
} from '../../domain/index.ts';
import { UsageFailure } from '../failure.ts';
import { bySeriesName, replicaHistory } from '../prometheus/rows.ts';
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
import { parseCsv, type Reading } from './csv.ts';
import { parseJsonUsage } from './json.ts';
import { badFile, workloadOf } from './model.ts';
import { parseOpenMetrics, type RawSeries } from './openmetrics.ts';
import { rateAt } from './rate.ts';

const MAX_BYTES = 512 * 1024 * 1024;
const RATE_WINDOW_MS = 300_000;
/** How old a sample may be at the point that it stands for, as in Prometheus. */
const LOOKBACK_MS = 300_000;

export interface SeriesFile {
  readonly path: string;
  /** Kubernetes objects that the file brings along; undefined when it holds none. */
  readonly objects?: readonly KubeObject[];
  /** The usage of a scope; without one, of every workload that the file itself names. Throws UsageFailure. */
  usage(scope?: UsageScope, request?: Partial<WindowRequest>): Usage;
}

/**
 * A file with usage: JSON, CSV or OpenMetrics text, told by its content. The window ends with the last reading. Throws
 * UsageFailure with the line or field.
 */
export async function openSeriesFile(path: string): Promise<SeriesFile> {
  const text = await readText(path);
  const head = text.slice(0, 4096).trimStart();
  if (head === '') throw badFile(path, '', 'the file is empty');
  if (head.startsWith('{')) {
    const { objects, series, stepSeconds } = parseJsonUsage(path, text);
    return {
      path,
      ...(objects && { objects }),
      usage: (scope, request) =>
        fromSeries(path, series, scope, {
          windowSeconds: request?.windowSeconds ?? DEFAULT_WINDOW.windowSeconds,
          stepSeconds,
        }),
    };
  }
  if (/^(?:#|[a-zA-Z_:][a-zA-Z0-9_:]*(?:\{| ))/.test(head)) {
    const { raw, rejected } = parseOpenMetrics(path, text);
    return { path, usage: (scope, request) => fromRaw(path, raw, rejected, scope, { ...DEFAULT_WINDOW, ...request }) };
  }
  const readings = [...parseCsv(path, text)];
  return { path, usage: (scope, request) => fromReadings(path, readings, scope, { ...DEFAULT_WINDOW, ...request }) };
}

async function readText(path: string): Promise<string> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      if (size > MAX_BYTES) throw badFile(path, '', 'it is larger than 512 MiB');
      return (await file.readFile('utf8')).replace(/^\ufeff/, '');
    } finally {
      await file.close();
    }
  } catch (error) {
    if (error instanceof UsageFailure) throw error;
    const { code = String(error) } = error as NodeJS.ErrnoException;
    throw new UsageFailure(
      'bad-file',
      `${oneLine(path, 200)} cannot be read (${code}): correct the path given with --series`,
      { cause: error },
    );
  }
}

/** A JSON file is on a grid of its own, which is kept. */
function fromSeries(
  path: string,
  series: readonly UsageSeries[],
  scope: UsageScope | undefined,
  request: WindowRequest,
): Usage {
  let lastMs = 0;
  for (const s of series)
    for (let i = s.cpu.length - 1; i >= 0; i--)
      if (!Number.isNaN(s.cpu[i]) || !Number.isNaN(s.memory[i])) {
        lastMs = Math.max(lastMs, s.startMs + i * s.stepSeconds * 1000);
        break;
      }
  const endMs = lastMs + 1000;
  const window: UsageWindow = {
    startMs: endMs - request.windowSeconds * 1000,
    endMs,
    stepSeconds: request.stepSeconds,
  };
  const cut = series.map((s) => within(s, window));
  const points = Math.max(1, Math.floor(request.windowSeconds / request.stepSeconds));
  const grid: Grid = {
    startMs: lastMs - (points - 1) * request.stepSeconds * 1000,
    stepSeconds: request.stepSeconds,
    points,
  };
  return finish(path, window, cut, grid, scope, []);
}

function within(s: UsageSeries, window: UsageWindow): UsageSeries {
  const skip = Math.max(0, Math.ceil((window.startMs - s.startMs) / (s.stepSeconds * 1000)));
  return {
    ...s,
    startMs: s.startMs + skip * s.stepSeconds * 1000,
    cpu: s.cpu.slice(skip),
    memory: s.memory.slice(skip),
  };
}

interface Filled {
  readonly of: Pick<UsageSeries, 'namespace' | 'workload' | 'pod' | 'container'>;
  readonly points: Points;
  readonly peaks: Peaks;
}

class Peaks {
  private window: number | undefined;
  private train: number | undefined;
  private test: number | undefined;
  constructor(private readonly testFromMs: number) {}

  add(atMs: number, bytes: number): void {
    if (Number.isNaN(bytes)) return;
    this.window = Math.max(this.window ?? 0, bytes);
    if (atMs > this.testFromMs) this.test = Math.max(this.test ?? 0, bytes);
    else this.train = Math.max(this.train ?? 0, bytes);
  }

  get(): Pick<UsageSeries, 'memoryPeaks'> {
    const { window, train, test } = this;
    if (window === undefined) return {};
    return { memoryPeaks: { window, ...(train !== undefined && { train }), ...(test !== undefined && { test }) } };
  }
}

/** Readings at any time: the last one of a step stands for it. */
function fromReadings(
  path: string,
  readings: readonly Reading[],
  scope: UsageScope | undefined,
  request: WindowRequest,
): Usage {
  const last = readings.reduce((max, r) => Math.max(max, r.atMs), 0);
  const { window, grid, testFromMs, stepMs } = gridEndingAt(last, request);
  const entries = new Map<string, Filled>();
  const sorted = [...readings].sort((a, b) => a.atMs - b.atMs);
  for (const { namespace, workload, pod, container, atMs, cpu, memory } of sorted) {
    const index = Math.ceil((atMs - grid.startMs) / stepMs);
    if (index < 0 || index >= grid.points) continue;
    const key = `${workloadKey(namespace, workload)}/${pod}/${container}`;
    let entry = entries.get(key);
    if (!entry)
      entries.set(
        key,
        (entry = {
          of: { namespace, workload, pod, container },
          points: new Points(grid),
          peaks: new Peaks(testFromMs),
        }),
      );
    entry.points.put(index, cpu, memory);
    entry.peaks.add(atMs, memory);
  }
  return finish(path, window, [...entries.values()].map(filled), grid, scope, []);
}

/** Raw counters and gauges, read at whole steps as Prometheus reads them. */
function fromRaw(
  path: string,
  raw: readonly RawSeries[],
  rejected: number,
  scope: UsageScope | undefined,
  request: WindowRequest,
): Usage {
  let last = 0;
  for (const r of raw) for (const s of [...r.cpu, ...r.memory]) last = Math.max(last, s.times.at(-1) ?? 0);
  const { window, grid, testFromMs, stepMs } = gridEndingAt(last, request, true);
  const all: Filled[] = [];
  for (const r of raw) {
    const workload = ownerOf(path, r, scope);
    if (!workload) continue;
    const points = new Points(grid);
    const peaks = new Peaks(testFromMs);
    const { namespace, pod, container } = r;
    points.reserve(0, grid.points - 1);
    for (const series of r.memory) {
      let at = -1;
      for (let i = 0; i < grid.points; i++) {
        const moment = grid.startMs + i * stepMs;
        while ((series.times[at + 1] ?? Infinity) <= moment) at++;
        const time = series.times[at];
        if (time !== undefined && moment - time <= LOOKBACK_MS) points.set('memory', i, series.values[at] ?? NaN);
      }
      series.times.forEach((time, i) => {
        if (time >= window.startMs && time <= window.endMs) peaks.add(time, series.values[i] ?? NaN);
      });
    }
    for (const series of r.cpu) {
      let from = 0;
      let to = 0;
      for (let i = 0; i < grid.points; i++) {
        const moment = grid.startMs + i * stepMs;
        while ((series.times[to] ?? Infinity) <= moment) to++;
        while ((series.times[from] ?? Infinity) < moment - RATE_WINDOW_MS) from++;
        const rate = rateAt(series, from, to, moment, RATE_WINDOW_MS);
        const nanocores = rate === undefined ? undefined : promValue(String(rate), 'cpu');
        if (nanocores !== undefined) points.set('cpu', i, nanocores);
      }
    }
    if (!points.isEmpty) all.push({ of: { namespace, workload, pod, container }, points, peaks });
  }
  const warnings =
    rejected === 0 ? [] : [`${count(rejected, 'reading was', 'readings were')} NaN, infinite or negative and left out`];
  return finish(path, window, all.map(filled), grid, scope, warnings);
}

function filled({ of, points, peaks }: Filled): UsageSeries {
  return { ...of, ...seriesPoints(points.trim()), ...peaks.get() };
}

/** The grid whose last step holds the last reading; instants are read at steps that have passed. */
function gridEndingAt(
  lastMs: number,
  request: WindowRequest,
  isInstant = false,
): { window: UsageWindow; grid: Grid; testFromMs: number; stepMs: number } {
  const stepMs = request.stepSeconds * 1000;
  const endMs = isInstant ? lastMs : Math.ceil(lastMs / stepMs) * stepMs;
  const window = windowAt(endMs, request);
  const { test } = parts(request.windowSeconds, request.stepSeconds);
  return { window, grid: gridOf(window), testFromMs: window.endMs - test * 1000, stepMs };
}

function ownerOf(path: string, r: RawSeries, scope: UsageScope | undefined): UsageSeries['workload'] | undefined {
  if (r.workload !== undefined) {
    const workload = workloadOf(r.workload);
    if (!workload)
      throw badFile(
        path,
        `label workload of pod ${r.pod}`,
        `"${r.workload}" is no workload: write it as deployment/web`,
      );
    return workload;
  }
  if (!scope)
    throw badFile(
      path,
      `pod ${r.pod}`,
      'whose pod it is cannot be told: give the cluster with --from, or a label workload such as workload="deployment/web"',
    );
  const key = scope.ownerOf(r.namespace, r.pod);
  return key === undefined
    ? undefined
    : scope.targets.find((t) => workloadKey(t.namespace, t.workload) === key)?.workload;
}

function finish(
  path: string,
  window: UsageWindow,
  series: readonly UsageSeries[],
  grid: Grid,
  scope: UsageScope | undefined,
  warnings: readonly string[],
): Usage {
  const wanted = scope && new Set(scope.targets.map((t) => workloadKey(t.namespace, t.workload)));
  const kept = series.filter((s) => wanted?.has(workloadKey(s.namespace, s.workload)) ?? true).sort(bySeriesName);
  const seen = new Set(kept.map((s) => workloadKey(s.namespace, s.workload)));
  const oldest = series.reduce((min, s) => Math.min(min, s.startMs), Infinity);
  const isShort = oldest !== Infinity && oldest - grid.startMs > 2 * grid.stepSeconds * 1000;
  return {
    source: { kind: 'series-file', name: path },
    window,
    ...(isShort && { reachSeconds: Math.round((window.endMs - oldest) / 1000) }),
    queries: 0,
    series: kept,
    replicas: replicaHistory(kept, grid),
    unread: (scope?.targets ?? [])
      .filter((t) => !seen.has(workloadKey(t.namespace, t.workload)))
      .map(({ namespace, workload }) => ({ namespace, workload, why: `${path} holds no reading of it` })),
    partialResponse: false,
    warnings,
  };
}
