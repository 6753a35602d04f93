import {
  count,
  formatDuration,
  listed,
  promValue,
  type Usage,
  type UsageUnread,
  type UsageWindow,
} from '../../domain/index.ts';
import { UsageFailure } from '../failure.ts';
import type { Target, UsageScope } from '../scope.ts';
import { DEFAULT_WINDOW, gridOf, JOB_STEP_SECONDS, parts, windowAt, type Grid, type WindowRequest } from '../window.ts';
import type { PrometheusAccess } from './access.ts';
import {
  batches,
  halves,
  INSTANT_CONTAINERS,
  MAX_POINTS,
  MAX_RANGE_POINTS,
  PATTERN_BYTES,
  RANGE_CONTAINERS,
  type BatchLimits,
} from './batches.ts';
import { isNoAnswer, PrometheusClient, stamp, type ClientTuning, type NoAnswer, type QueryNote } from './client.ts';
import { AnswerParser, type Head, type Row } from './parser.ts';
import {
  clustersQuery,
  CPU_METRIC,
  cpuQuery,
  duration,
  limitQuery,
  MEMORY_METRIC,
  memoryPeakQuery,
  memoryQuery,
  oomQuery,
  reachQuery,
  selector,
  throttledQuery,
  type Asked,
  type LabelMatcher,
} from './queries.ts';
import { replicaHistory, Rows, type Entry } from './rows.ts';

export interface PrometheusOptions {
  readonly access: PrometheusAccess;
  readonly labels?: readonly LabelMatcher[];
  readonly window?: WindowRequest;
  /** The moment at which the window ends; the server's clock where it is not given. ms since the epoch. */
  readonly at?: number;
  /** This machine's clock, ms since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal;
  readonly onQuery?: (note: QueryNote) => void;
  readonly tuning?: Partial<ClientTuning>;
}

const RATE_WINDOW = '5m';
const JOB_RATE_WINDOW = '2m';
/** For targets that are scraped so seldom that no five minutes hold two samples. */
const SLOW_RATE_WINDOW = '15m';
const CONCURRENCY = 2;
/** After so many failures in a row the server is left alone. */
const PATIENCE = 8;
const SKEW_MS = 30_000;

/**
 * What the workloads of a scope used, from Prometheus: few questions about many containers, cut in half where one is too
 * much. What could not be read is listed, never filled in. Throws UsageFailure when nothing can be asked.
 */
export async function fetchPrometheus(scope: UsageScope, options: PrometheusOptions): Promise<Usage> {
  const client = new PrometheusClient(options);
  try {
    return await new Fetch(scope, options, client).run();
  } finally {
    client.close();
  }
}

/** One kind of question over all targets. */
interface Question {
  readonly name: string;
  readonly path: 'query' | 'query_range';
  readonly form: (sel: string) => Readonly<Record<string, string>>;
  readonly parser: () => AnswerParser;
  readonly failed: (asked: Asked, why: string) => void;
}

interface Task {
  readonly question: Question;
  readonly asked: Asked;
  readonly all: readonly Target[];
}

class Fetch {
  private readonly request: WindowRequest;
  private readonly labels: readonly LabelMatcher[];
  private readonly warnings = new Set<string>();
  private readonly unread = new Map<string, UsageUnread>();
  private isPartial = false;
  private rejected = 0;
  private strayPoints = 0;
  private failuresInARow = 0;
  /** Set when no further question will be answered. */
  private given: string | undefined;

  constructor(
    private readonly scope: UsageScope,
    private readonly options: PrometheusOptions,
    private readonly client: PrometheusClient,
  ) {
    this.request = options.window ?? DEFAULT_WINDOW;
    this.labels = options.labels ?? [];
  }

  async run(): Promise<Usage> {
    const { scope, options, client } = this;
    const targets = scope.targets.filter((t) => t.makers.length + t.livePods.length > 0);
    const early = windowAt(options.at ?? options.now, this.request);
    if (targets.length > 0) await this.checkClusters(targets, early);
    const window = windowAt(options.at ?? this.serverNow(), this.request);
    const grid = gridOf(window);
    const jobGrid = gridOf(window, Math.min(JOB_STEP_SECONDS, window.stepSeconds));
    const rows = new Rows(scope, (t) => (t.isJob ? jobGrid : grid));

    await this.work([
      ...this.ranges(
        rows,
        targets.filter((t) => !t.isJob),
        grid,
        RATE_WINDOW,
      ),
      ...this.ranges(
        rows,
        targets.filter((t) => t.isJob),
        jobGrid,
        JOB_RATE_WINDOW,
      ),
      ...this.instants(rows, targets, window),
    ]);
    await this.slowScrapes(rows, grid, jobGrid);
    const reachSeconds = await this.reach(rows, window, grid);
    const series = rows.series();
    this.nameMissing(rows);
    if (this.rejected > 0)
      this.warnings.add(
        `${count(this.rejected, 'reading was', 'readings were')} NaN, infinite or negative and left out`,
      );
    if (this.strayPoints > 0)
      this.warnings.add(`${count(this.strayPoints, 'reading')} at other times than asked for were left out`);
    return {
      source: { kind: 'prometheus', name: options.access.url.href.replace(/\/+$/, '') },
      window,
      ...(reachSeconds !== undefined && { reachSeconds }),
      queries: client.queries,
      series,
      replicas: replicaHistory(series, grid),
      unread: [...this.unread.values()],
      partialResponse: this.isPartial,
      warnings: [...this.warnings],
    };
  }

  /** The first request: is this a Prometheus, may we ask, and does it speak of one cluster? Throws UsageFailure. */
  private async checkClusters(targets: readonly Target[], window: UsageWindow): Promise<void> {
    const short = selector({ targets, whole: true }, this.labels);
    const sel = short.length < 2000 ? short : selector({ targets: [], whole: true }, this.labels);
    const values = await this.client.labelValues('cluster', `${MEMORY_METRIC}{${sel}}`, window.startMs, window.endMs);
    let clusters = isNoAnswer(values) ? [] : values;
    if (isNoAnswer(values)) {
      // Some gateways offer nothing but queries.
      const seen: string[] = [];
      const parser = () => new AnswerParser(promValueOrZero, 0, (row) => seen.push(row.metric.cluster ?? ''));
      const head =
        values.reason === 'unreachable' || values.reason === 'unauthorized' || values.reason === 'bad-setting'
          ? values
          : await this.client.ask(
              'clusters',
              'query',
              { query: clustersQuery(sel), time: stamp(window.endMs) },
              parser,
            );
      if (isNoAnswer(head)) throw new UsageFailure(head.reason, head.why);
      clusters = seen;
    }
    if (clusters.length > 1)
      throw new UsageFailure(
        'ambiguous-cluster',
        `this Prometheus holds ${count(clusters.length, 'cluster')} (${listed([...clusters].sort())}): choose one with --prometheus-label cluster=…`,
      );
  }

  /** Windows end by the server's clock: by ours, a fast clock would leave the last points empty. */
  private serverNow(): number {
    const { now, access } = this.options;
    const server = this.client.serverMs;
    if (server === undefined) return now;
    const skew = server - now;
    // The header holds whole seconds, and asking took a while.
    if (Math.abs(skew) > SKEW_MS)
      this.warnings.add(
        `the clock of ${access.url.host} is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} this machine's: the window ends by the server's`,
      );
    return server;
  }

  private ranges(rows: Rows, targets: readonly Target[], grid: Grid, rateWindow: string): Task[] {
    const form = (query: string) => ({
      query,
      start: stamp(grid.startMs),
      end: stamp(grid.startMs + (grid.points - 1) * grid.stepSeconds * 1000),
      step: String(grid.stepSeconds),
    });
    const limits: BatchLimits = {
      containers: RANGE_CONTAINERS,
      points: Math.min(MAX_POINTS, MAX_RANGE_POINTS),
      pointsPerContainer: grid.points,
      patternBytes: PATTERN_BYTES,
    };
    const memory: Question = {
      name: 'memory',
      path: 'query_range',
      form: (sel) => form(memoryQuery(sel)),
      parser: () => this.pointsParser(rows, 'memory'),
      failed: this.unreadBy(MEMORY_METRIC),
    };
    const cpu: Question = {
      name: 'cpu',
      path: 'query_range',
      form: (sel) => form(cpuQuery(sel, rateWindow)),
      parser: () => this.pointsParser(rows, 'cpu'),
      failed: this.unreadBy(CPU_METRIC),
    };
    return batches(this.scope, targets, limits).flatMap((asked) => [
      { question: memory, asked, all: targets },
      { question: cpu, asked, all: targets },
    ]);
  }

  private instants(rows: Rows, targets: readonly Target[], window: UsageWindow): Task[] {
    const seconds = this.request.windowSeconds;
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
      parser: () => this.valueParser(rows, read, take),
      failed: (asked, why) =>
        this.warnings.add(`${name} of ${count(asked.targets.length, 'workload')} is not known: ${why}`),
    });
    const higher = (old: number | undefined, value: number) => Math.max(old ?? 0, value);
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
        promValueOrZero,
      ),
      question(
        'memory limit in force',
        (s) => limitQuery(s, seconds),
        (e, v) => (e.limit = higher(e.limit, v)),
      ),
    ];
    return batches(this.scope, targets, limits).flatMap((asked) =>
      questions.map((q) => ({ question: q, asked, all: targets })),
    );
  }

  /** Runs questions, two at a time; what is too much is asked in halves, down to one workload. */
  private async work(tasks: readonly Task[]): Promise<void> {
    const queue = [...tasks];
    const next = async (): Promise<void> => {
      for (let task = queue.shift(); task; task = queue.shift()) {
        const more = await this.answer(task);
        queue.unshift(...more);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENCY }, next));
  }

  private async answer({ question, asked, all }: Task): Promise<readonly Task[]> {
    if (this.given !== undefined) {
      question.failed(asked, this.given);
      return [];
    }
    const containers = asked.targets.reduce((sum, t) => sum + t.containers, 0);
    const name = `${question.name}, ${count(containers, 'container')}`;
    const head = await this.client.ask(
      name,
      question.path,
      question.form(selector(asked, this.labels)),
      question.parser,
    );
    if (!isNoAnswer(head)) {
      this.failuresInARow = 0;
      this.note(head);
      if (question.path === 'query_range') this.rejected += head.rejected;
      return [];
    }
    this.failuresInARow++;
    if (head.final || this.failuresInARow >= PATIENCE) this.given = head.why;
    const parts = head.tooMuch && this.given === undefined ? halves(this.scope, all, asked) : undefined;
    if (parts) return parts.map((part) => ({ question, asked: part, all }));
    question.failed(asked, head.why);
    return [];
  }

  private note(head: Head): void {
    // Notes about the query itself say nothing about missing series.
    const doubts = head.warnings.filter((w) => !w.startsWith('PromQL info'));
    if (doubts.length === 0) return;
    this.isPartial = true;
    for (const doubt of doubts) this.warnings.add(`the answer may lack series: ${doubt}`);
  }

  private pointsParser(rows: Rows, unit: 'cpu' | 'memory', only?: ReadonlySet<Entry>): AnswerParser {
    const place = (row: Row) => {
      const entry = rows.at(row.metric, row.count > 0);
      if (!entry || (only && !only.has(entry))) return;
      const { grid } = entry.points;
      const indexOf = (i: number) => ((row.times[i] ?? NaN) - grid.startMs) / (grid.stepSeconds * 1000);
      const isPoint = (index: number) => Number.isInteger(index) && index >= 0 && index < grid.points;
      const [first, last] = [indexOf(0), indexOf(row.count - 1)];
      if (!isPoint(first) || !isPoint(last) || first > last) {
        this.strayPoints += row.count;
        return;
      }
      entry.points.reserve(first, last);
      for (let i = 0; i < row.count; i++) {
        const index = indexOf(i);
        if (isPoint(index)) entry.points.set(unit, index, row.values[i] ?? NaN);
        else this.strayPoints++;
      }
    };
    return new AnswerParser((text) => promValue(text, unit), unit === 'cpu' ? 9 : 0, place);
  }

  private valueParser(
    rows: Rows,
    read: (text: string) => number | undefined,
    take: (entry: Entry, value: number) => void,
  ): AnswerParser {
    return new AnswerParser(read, 0, (row) => {
      const value = row.values[0];
      // A pod of which there is a peak but no point: it lived between two steps.
      const entry = row.count > 0 ? rows.at(row.metric, true) : undefined;
      if (entry && value !== undefined) take(entry, value);
    });
  }

  private unreadBy(metric: string): (asked: Asked, why: string) => void {
    return ({ targets }, why) => {
      for (const t of targets) this.miss(t, `${metric}: ${why}`);
    };
  }

  private miss({ namespace, workload }: Target, why: string): void {
    const key = `${namespace}/${workload.kind}/${workload.name}`;
    const before = this.unread.get(key)?.why;
    this.unread.set(key, {
      namespace,
      workload,
      why: before === undefined || before === why ? why : `${before}; ${why}`,
    });
  }

  /** Containers with memory but without CPU: asked once more over a wider range, since they may be scraped seldom. */
  private async slowScrapes(rows: Rows, grid: Grid, jobGrid: Grid): Promise<void> {
    const without = [...rows.entries.values()].filter(
      ({ points, target }) => points.cpuCount === 0 && points.memoryCount >= 3 && !this.unread.has(keyOf(target)),
    );
    if (without.length === 0 || this.given !== undefined) return;
    const pods = new Map<Target, Set<string>>();
    for (const { target, pod } of without) {
      const names = pods.get(target);
      if (names) names.add(pod);
      else pods.set(target, new Set([pod]));
    }
    const named = [...pods].map(([t, names]): Target => ({
      ...t,
      makers: [],
      livePods: [...names],
      containers: names.size,
    }));
    const only = new Set(without);
    const scope: UsageScope = { ...this.scope, wholeNamespaces: new Set() };
    const tasks = [grid, jobGrid].flatMap((g) => {
      const targets = named.filter((t) => t.isJob === (g === jobGrid));
      const limits = {
        containers: RANGE_CONTAINERS,
        points: MAX_RANGE_POINTS,
        pointsPerContainer: g.points,
        patternBytes: PATTERN_BYTES,
      };
      const question: Question = {
        name: 'cpu of slow scrapes',
        path: 'query_range',
        form: (sel) => ({
          query: cpuQuery(sel, SLOW_RATE_WINDOW),
          start: stamp(g.startMs),
          end: stamp(g.startMs + (g.points - 1) * g.stepSeconds * 1000),
          step: String(g.stepSeconds),
        }),
        parser: () => this.pointsParser(rows, 'cpu', only),
        failed: () => undefined,
      };
      return targets.length === 0
        ? []
        : batches(scope, targets, limits).map((asked) => ({
            question,
            asked: { ...asked, whole: false },
            all: targets,
          }));
    });
    await this.work(tasks);
    const found = without.filter((e) => e.points.cpuCount > 0).length;
    if (found > 0)
      this.warnings.add(
        `CPU of ${count(found, 'container')} is averaged over ${SLOW_RATE_WINDOW} instead of ${RATE_WINDOW}: the scrapes are too far apart`,
      );
  }

  /** How far back the source reaches, in seconds, when that is less than the window; asked only where the oldest reading leaves it open. */
  private async reach(rows: Rows, window: UsageWindow, grid: Grid): Promise<number | undefined> {
    const oldest = rows.oldest();
    const stepMs = grid.stepSeconds * 1000;
    if (oldest === undefined || oldest <= grid.startMs + 2 * stepMs || this.given !== undefined) return undefined;
    const coarse = Math.max(1, Math.ceil(grid.points / 168)) * grid.stepSeconds;
    let first = Infinity;
    const parser = () =>
      new AnswerParser(promValueOrZero, 0, ({ times, count: n }) => {
        if (n > 0) first = Math.min(first, times[0] ?? Infinity);
      });
    const form = {
      query: reachQuery(this.labels),
      start: stamp(grid.startMs),
      end: stamp(window.endMs - 1000),
      step: String(coarse),
    };
    const head = await this.client.ask('reach of the data', 'query_range', form, parser);
    if (isNoAnswer(head)) return undefined;
    const begin = Math.min(first, oldest);
    if (begin - grid.startMs <= Math.max(2 * stepMs, coarse * 1000)) return undefined;
    const seconds = Math.round((window.endMs - begin) / 1000);
    this.warnings.add(
      `the data reaches back ${formatDuration(seconds * 1000)} of the ${duration(this.request.windowSeconds)} asked for: ask for less with --window, or keep more in Prometheus`,
    );
    return seconds;
  }

  /** Workloads without any reading, with the metric that is missing. */
  private nameMissing(rows: Rows): void {
    const seen = new Map<Target, { cpu: boolean; memory: boolean }>();
    for (const { target, points } of rows.entries.values()) {
      const before = seen.get(target) ?? { cpu: false, memory: false };
      seen.set(target, { cpu: before.cpu || points.cpuCount > 0, memory: before.memory || points.memoryCount > 0 });
    }
    for (const target of this.scope.targets) {
      const { cpu = false, memory = false } = seen.get(target) ?? {};
      const missing = [...(memory ? [] : [MEMORY_METRIC]), ...(cpu ? [] : [CPU_METRIC])];
      if (missing.length > 0 && !this.unread.has(keyOf(target)))
        this.miss(target, `no ${missing.join(' and no ')} of its pods within ${duration(this.request.windowSeconds)}`);
    }
    const hasAny = [...seen.values()].some((s) => s.cpu || s.memory);
    if (!hasAny && this.scope.targets.length > 0 && this.given === undefined)
      this.warnings.add(
        `there is no ${MEMORY_METRIC} of any of these workloads: does this Prometheus scrape the kubelets' cAdvisor, and is it of this cluster?`,
      );
  }
}

function keyOf({ namespace, workload }: Target): string {
  return `${namespace}/${workload.kind}/${workload.name}`;
}

function bytes(text: string): number | undefined {
  return promValue(text, 'memory');
}

function percent(text: string): number | undefined {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

function promValueOrZero(text: string): number | undefined {
  return promValue(text, 'memory');
}

export type { NoAnswer, QueryNote };
