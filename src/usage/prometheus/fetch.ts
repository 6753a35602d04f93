import {
  count,
  formatDuration,
  listed,
  workloadKey,
  type Usage,
  type UsageUnread,
  type UsageWindow,
} from '../../domain/index.ts';
import { UsageFailure } from '../failure.ts';
import type { Target, UsageScope } from '../scope.ts';
import { DEFAULT_WINDOW, gridOf, JOB_STEP_SECONDS, windowAt, type Grid, type WindowRequest } from '../window.ts';
import type { PrometheusAccess } from './access.ts';
import { isNoAnswer, PrometheusClient, stamp, type ClientTuning, type NoAnswer, type QueryNote } from './client.ts';
import { AnswerParser } from './parser.ts';
import { aboutText, bytes, instantTasks, rangeForm, rangeTasks, type Sinks } from './plan.ts';
import {
  clustersQuery,
  CPU_METRIC,
  duration,
  MEMORY_METRIC,
  reachQuery,
  selector,
  type LabelMatcher,
} from './queries.ts';
import { replicaHistory, Rows } from './rows.ts';
import { Worker } from './worker.ts';

export interface PrometheusOptions {
  readonly access: PrometheusAccess;
  readonly labels?: readonly LabelMatcher[];
  readonly window?: WindowRequest;
  /** The moment at which the window ends, ms since the epoch; the server's clock where it is not given. */
  readonly at?: number;
  /** This machine's clock, ms since the epoch. */
  readonly now: number;
  readonly signal?: AbortSignal;
  readonly onQuery?: (note: QueryNote) => void;
  readonly tuning?: Partial<ClientTuning>;
}

const RATE_WINDOW = '5m';
const JOB_RATE_WINDOW = '2m';
/** For containers that are scraped so seldom that no five minutes hold two samples. */
const SLOW_RATE_WINDOW = '15m';
const SKEW_MS = 30_000;
/** A longer selector does not fit into a URL everywhere. */
const SHORT_SELECTOR = 2000;

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

class Fetch {
  private readonly request: WindowRequest;
  private readonly labels: readonly LabelMatcher[];
  private readonly worker: Worker;
  private readonly warnings = new Set<string>();
  private readonly unread = new Map<string, UsageUnread>();
  private strayPoints = 0;

  constructor(
    private readonly scope: UsageScope,
    private readonly options: PrometheusOptions,
    private readonly client: PrometheusClient,
  ) {
    this.request = options.window ?? DEFAULT_WINDOW;
    this.labels = options.labels ?? [];
    this.worker = new Worker(client, scope, this.labels);
  }

  async run(): Promise<Usage> {
    const { scope, options, client, worker } = this;
    const targets = scope.targets.filter((t) => t.makers.length + t.livePods.length > 0);
    if (targets.length > 0) await this.checkClusters(targets, windowAt(options.at ?? options.now, this.request));
    const window = windowAt(options.at ?? this.serverNow(), this.request);
    const grid = gridOf(window);
    const jobGrid = gridOf(window, Math.min(JOB_STEP_SECONDS, window.stepSeconds));
    const rows = new Rows(scope, (t) => (t.isJob ? jobGrid : grid));
    const sinks: Sinks = {
      rows,
      stray: (points) => (this.strayPoints += points),
      failed: (question, asked, why) => {
        const metric = { cpu: CPU_METRIC, memory: MEMORY_METRIC }[question];
        if (metric === undefined) this.warnings.add(`${aboutText(question, asked)} is not known: ${why}`);
        else for (const t of asked.targets) this.miss(t, `${metric}: ${why}`);
      },
    };
    const [jobs, others] = [targets.filter((t) => t.isJob), targets.filter((t) => !t.isJob)];
    await worker.work([
      ...rangeTasks(scope, others, grid, 'memory', RATE_WINDOW, sinks),
      ...rangeTasks(scope, others, grid, 'cpu', RATE_WINDOW, sinks),
      ...rangeTasks(scope, jobs, jobGrid, 'memory', JOB_RATE_WINDOW, sinks),
      ...rangeTasks(scope, jobs, jobGrid, 'cpu', JOB_RATE_WINDOW, sinks),
      ...instantTasks(scope, targets, window, sinks),
    ]);
    await this.readSlowScrapes(sinks, grid, jobGrid);
    const reachSeconds = await this.findReach(rows, window, grid);
    this.nameMissing(rows);
    if (worker.rejected > 0)
      this.warnings.add(
        `${count(worker.rejected, 'reading was', 'readings were')} NaN, infinite or negative and left out`,
      );
    if (this.strayPoints > 0)
      this.warnings.add(`${count(this.strayPoints, 'reading')} at other times than asked for were left out`);
    const series = rows.series();
    return {
      source: { kind: 'prometheus', name: options.access.url.href.replace(/\/+$/, '') },
      window,
      ...(reachSeconds !== undefined && { reachSeconds }),
      queries: client.queries,
      series,
      replicas: replicaHistory(series, grid),
      unread: [...this.unread.values()],
      partialResponse: worker.isPartial,
      warnings: [...this.warnings, ...worker.doubts],
    };
  }

  /** The first request: is this a Prometheus, may we ask, and does it speak of one cluster? Throws UsageFailure. */
  private async checkClusters(targets: readonly Target[], window: UsageWindow): Promise<void> {
    const own = selector({ targets, whole: true }, this.labels);
    const sel = own.length < SHORT_SELECTOR ? own : selector({ targets: [], whole: true }, this.labels);
    const values = await this.client.labelValues('cluster', `${MEMORY_METRIC}{${sel}}`, window.startMs, window.endMs);
    const clusters = isNoAnswer(values) ? await this.askClusters(sel, window, values) : values;
    if (clusters.length > 1)
      throw new UsageFailure(
        'ambiguous-cluster',
        `this Prometheus holds ${count(clusters.length, 'cluster')} (${listed([...clusters].sort())}): choose one with --prometheus-label cluster=…`,
      );
  }

  /** Some gateways offer nothing but queries. */
  private async askClusters(sel: string, window: UsageWindow, no: NoAnswer): Promise<readonly string[]> {
    if (no.reason === 'unreachable' || no.reason === 'unauthorized' || no.reason === 'bad-setting')
      throw new UsageFailure(no.reason, no.why);
    const clusters: string[] = [];
    const form = { query: clustersQuery(sel), time: stamp(window.endMs) };
    const parser = () => new AnswerParser(bytes, 0, (row) => clusters.push(row.metric.cluster ?? ''));
    const head = await this.client.ask('clusters', 'query', form, parser);
    if (isNoAnswer(head)) throw new UsageFailure(head.reason, head.why);
    return clusters;
  }

  /** Windows end by the server's clock: by ours, if it were ahead, the last points would be empty. */
  private serverNow(): number {
    const { now, access } = this.options;
    const server = this.client.serverMs;
    if (server === undefined) return now;
    const skew = server - now;
    if (Math.abs(skew) > SKEW_MS)
      this.warnings.add(
        `the clock of ${access.url.host} is ${formatDuration(Math.abs(skew))} ${skew > 0 ? 'ahead of' : 'behind'} this machine's: the window ends by the server's`,
      );
    return server;
  }

  private miss({ namespace, workload }: Target, why: string): void {
    const key = workloadKey(namespace, workload);
    const before = this.unread.get(key)?.why;
    const all = before === undefined || before === why ? why : `${before}; ${why}`;
    this.unread.set(key, { namespace, workload, why: all });
  }

  /** Containers with memory but without CPU: asked once more over a wider range, since they may be scraped seldom. */
  private async readSlowScrapes(sinks: Sinks, grid: Grid, jobGrid: Grid): Promise<void> {
    const without = [...sinks.rows.entries.values()].filter(
      ({ points, target }) =>
        points.cpuCount === 0 &&
        points.memoryCount >= 3 &&
        !this.unread.has(workloadKey(target.namespace, target.workload)),
    );
    if (without.length === 0 || this.worker.given !== undefined) return;
    const pods = new Map<Target, Set<string>>();
    for (const { target, pod } of without) pods.set(target, (pods.get(target) ?? new Set()).add(pod));
    const named = [...pods].map(([t, names]): Target => ({
      ...t,
      makers: [],
      livePods: [...names],
      containers: names.size,
    }));
    // Only these pods: the others have their CPU already, averaged over less.
    const scope: UsageScope = { ...this.scope, wholeNamespaces: new Set() };
    const only = new Set(without);
    const quiet: Sinks = { ...sinks, failed: () => undefined };
    const tasks = [grid, jobGrid].flatMap((g) => {
      const targets = named.filter((t) => t.isJob === (g === jobGrid));
      return rangeTasks(scope, targets, g, 'cpu', SLOW_RATE_WINDOW, quiet, only);
    });
    await this.worker.work(tasks);
    const found = without.filter((e) => e.points.cpuCount > 0).length;
    if (found > 0)
      this.warnings.add(
        `CPU of ${count(found, 'container')} is averaged over ${SLOW_RATE_WINDOW} instead of ${RATE_WINDOW}: the scrapes are too far apart`,
      );
  }

  /**
   * How far back the source reaches, in seconds, when that is less than the window. Asked only where the oldest reading
   * leaves open whether the workloads are young or the data is.
   */
  private async findReach(rows: Rows, window: UsageWindow, grid: Grid): Promise<number | undefined> {
    const oldest = rows.oldest();
    const stepMs = grid.stepSeconds * 1000;
    if (oldest === undefined || oldest <= grid.startMs + 2 * stepMs || this.worker.given !== undefined)
      return undefined;
    const coarse = Math.max(1, Math.ceil(grid.points / 168)) * grid.stepSeconds;
    let first = Infinity;
    const parser = () =>
      new AnswerParser(bytes, 0, ({ times, count: n }) => {
        if (n > 0) first = Math.min(first, times[0] ?? Infinity);
      });
    const form = rangeForm(reachQuery(this.labels), grid, coarse);
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
    const [withCpu, withMemory] = [new Set<Target>(), new Set<Target>()];
    for (const { target, points } of rows.entries.values()) {
      if (points.cpuCount > 0) withCpu.add(target);
      if (points.memoryCount > 0) withMemory.add(target);
    }
    for (const target of this.scope.targets) {
      const missing = [
        ...(withMemory.has(target) ? [] : [MEMORY_METRIC]),
        ...(withCpu.has(target) ? [] : [CPU_METRIC]),
      ];
      if (missing.length > 0 && !this.unread.has(workloadKey(target.namespace, target.workload)))
        this.miss(target, `no ${missing.join(' and no ')} of its pods within ${duration(this.request.windowSeconds)}`);
    }
    const isEmpty = withCpu.size + withMemory.size === 0 && this.scope.targets.length > 0;
    if (isEmpty && this.worker.given === undefined)
      this.warnings.add(
        `there is no ${MEMORY_METRIC} of any of these workloads: does this Prometheus scrape the kubelets' cAdvisor, and is it of this cluster?`,
      );
  }
}
