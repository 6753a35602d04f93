import { count, promValue, type UsageWindow } from '../../domain/index.ts';
import type { Target, UsageScope } from '../scope.ts';
import { parts, type Grid } from '../window.ts';
import {
  batches,
  INSTANT_CONTAINERS,
  MAX_POINTS,
  MAX_RANGE_POINTS,
  PATTERN_BYTES,
  RANGE_CONTAINERS,
  type BatchLimits,
} from './batches.ts';
import { stamp } from './client.ts';
import { AnswerParser, type Row } from './parser.ts';
import { cpuQuery, limitQuery, memoryPeakQuery, memoryQuery, oomQuery, throttledQuery, type Asked } from './queries.ts';
import type { Entry, Rows } from './rows.ts';
import type { Question, Task } from './worker.ts';

/** Where answers go. */
export interface Sinks {
  readonly rows: Rows;
  /** Points at other times than asked for. */
  readonly stray: (points: number) => void;
  readonly failed: (question: string, asked: Asked, why: string) => void;
}

/** A range query over all targets: one answer holds at most 250 containers. */
export function rangeTasks(
  scope: UsageScope,
  targets: readonly Target[],
  grid: Grid,
  unit: 'cpu' | 'memory',
  rateWindow: string,
  sinks: Sinks,
  only?: ReadonlySet<Entry>,
): Task[] {
  const limits: BatchLimits = {
    containers: RANGE_CONTAINERS,
    points: Math.min(MAX_POINTS, MAX_RANGE_POINTS),
    pointsPerContainer: grid.points,
    patternBytes: PATTERN_BYTES,
  };
  const question: Question = {
    name: only ? `${unit} over ${rateWindow}` : unit,
    path: 'query_range',
    form: (sel) => rangeForm(unit === 'cpu' ? cpuQuery(sel, rateWindow) : memoryQuery(sel), grid),
    parser: () => new AnswerParser((text) => promValue(text, unit), unit === 'cpu' ? 9 : 0, placer(unit, sinks, only)),
    failed: (asked, why) => {
      sinks.failed(unit, asked, why);
    },
  };
  return batches(scope, targets, limits).map((asked) => ({ question, asked, all: targets }));
}

export function rangeForm(query: string, grid: Grid, stepSeconds = grid.stepSeconds): Readonly<Record<string, string>> {
  const endMs = grid.startMs + (grid.points - 1) * grid.stepSeconds * 1000;
  return { query, start: stamp(grid.startMs), end: stamp(endMs), step: String(stepSeconds) };
}

/** Puts the points of a row where they belong. */
function placer(
  unit: 'cpu' | 'memory',
  { rows, stray }: Sinks,
  only: ReadonlySet<Entry> | undefined,
): (row: Row) => void {
  return (row) => {
    const entry = rows.at(row.metric, row.count > 0);
    if (!entry || (only && !only.has(entry))) return;
    const { grid } = entry.points;
    const indexOf = (i: number) => ((row.times[i] ?? NaN) - grid.startMs) / (grid.stepSeconds * 1000);
    const isPoint = (index: number) => Number.isInteger(index) && index >= 0 && index < grid.points;
    const [first, last] = [indexOf(0), indexOf(row.count - 1)];
    if (!isPoint(first) || !isPoint(last) || first > last) {
      stray(row.count);
      return;
    }
    entry.points.reserve(first, last);
    for (let i = 0; i < row.count; i++) {
      const index = indexOf(i);
      if (isPoint(index)) entry.points.set(unit, index, row.values[i] ?? NaN);
      else stray(1);
    }
  };
}

/** One value of each container: peaks, throttling, OOMs, limits. */
export function instantTasks(scope: UsageScope, targets: readonly Target[], window: UsageWindow, sinks: Sinks): Task[] {
  const seconds = (window.endMs - window.startMs) / 1000;
  const { train, test } = parts(seconds, window.stepSeconds);
  const limits: BatchLimits = {
    containers: INSTANT_CONTAINERS,
    points: MAX_POINTS,
    pointsPerContainer: seconds / 60,
    patternBytes: PATTERN_BYTES,
  };
  const question = (
    name: string,
    query: (sel: string) => string,
    take: (entry: Entry, value: number) => void,
    read = bytes,
  ): Question => ({
    name,
    path: 'query',
    form: (sel) => ({ query: query(sel), time: stamp(window.endMs) }),
    parser: () =>
      new AnswerParser(read, 0, (row) => {
        // A pod may have a peak and no point: it lived between two steps.
        const entry = row.count > 0 ? sinks.rows.at(row.metric, true) : undefined;
        const value = row.values[0];
        if (entry && value !== undefined) take(entry, value);
      }),
    failed: (asked, why) => {
      sinks.failed(name, asked, why);
    },
  });
  const questions = [
    question(
      'memory peak',
      (s) => memoryPeakQuery(s, seconds),
      (e, v) => (e.peaks.window = higher(e.peaks.window, v)),
    ),
    question(
      'memory peak of the first part',
      (s) => memoryPeakQuery(s, train, test),
      (e, v) => (e.peaks.train = higher(e.peaks.train, v)),
    ),
    question(
      'memory peak of the last part',
      (s) => memoryPeakQuery(s, test),
      (e, v) => (e.peaks.test = higher(e.peaks.test, v)),
    ),
    question(
      'throttling',
      (s) => throttledQuery(s, seconds),
      (e, v) => (e.throttledPercent = Math.min(100, v)),
      percent,
    ),
    question(
      'OOM',
      (s) => oomQuery(s, seconds),
      (e) => (e.oomSeen = true),
    ),
    question(
      'memory limit in force',
      (s) => limitQuery(s, seconds),
      (e, v) => (e.limit = higher(e.limit, v)),
    ),
  ];
  return batches(scope, targets, limits).flatMap((asked) =>
    questions.map((q) => ({ question: q, asked, all: targets })),
  );
}

export function bytes(text: string): number | undefined {
  return promValue(text, 'memory');
}

function percent(text: string): number | undefined {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function higher(old: number | undefined, value: number): number {
  return Math.max(old ?? 0, value);
}

/** `throttling of 3 workloads`. */
export function aboutText(name: string, { targets }: Asked): string {
  return `${name} of ${count(targets.length, 'workload')}`;
}
