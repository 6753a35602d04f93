import type { ClusterView } from '../../cluster/index.ts';
import type { UsageSeries } from '../../domain/index.ts';
import {
  effectiveSetting,
  heapOf,
  hpaOf,
  isBatch,
  oomsOf,
  qosOf,
  readingsOf,
  regulationOf,
  runningRequest,
  throttlingOf,
  totalUsage,
  vpaOf,
  withinLimitRanges,
  writtenSetting,
  type HeapFacts,
  type HpaLookup,
  type OomFacts,
  type Regulation,
  type Setting,
  type Throttling,
  type UsageIndex,
  type VpaLookup,
  type VpaRead,
  type Workload,
  type WorkloadContainer,
} from '../facts/index.ts';
import {
  amountOf,
  confidence,
  coveredHours,
  cpuRule,
  isNearLimit,
  largest,
  memoryRule,
  p95Of,
  policy,
  roundedUp,
  THROTTLED_PERCENT,
  workloadP95,
  type Amount,
  type Cap,
  type Confidence,
  type CpuLimitBy,
  type MemoryLimitBy,
  type Readings,
  type Resource,
  type WorkloadUsage,
} from '../numbers/index.ts';
import type { Backtest, Check, ReasonCode, SizingSettings } from '../types.ts';
import { notTested, testBack } from './test-back.ts';

/** What the rules say for one resource of one container, before the whole pod is looked at. */
export interface Draft {
  readonly workload: Workload;
  readonly container: WorkloadContainer;
  readonly resource: Resource;
  readonly series: readonly UsageSeries[];
  readonly usage: WorkloadUsage;
  readonly coveredHours: number;
  readonly throttledPercent?: number;
  /** Pods that are gone were throttled. */
  readonly throttledBefore: boolean;
  /** As the template has it. */
  readonly written: Setting;
  /** As it counts: a limit alone is also the request. */
  readonly today: Setting;
  /** Undefined: not enough data. */
  readonly rule?: Rule;
  /** Why there is no rule. */
  readonly missing?: { readonly code: ReasonCode; readonly text: string };
  readonly oom: OomFacts;
  readonly heap: HeapFacts;
  readonly backtest: Backtest;
  readonly caps: readonly Cap[];
  readonly confidence?: Confidence;
  readonly hpa: HpaLookup;
  readonly regulation: Regulation;
  readonly vpa: VpaLookup;
  readonly checks: readonly Check[];
}

export interface Rule {
  readonly request: Amount;
  readonly limit?: Amount;
  readonly limitBy?: CpuLimitBy | MemoryLimitBy | 'limit-range';
  readonly limitTerms: readonly (readonly [string, Amount])[];
  /** The request before policy bounds and LimitRanges. */
  readonly ruled: Amount;
}

export interface Surroundings {
  readonly view: ClusterView;
  readonly usage: UsageIndex;
  readonly settings: SizingSettings;
  readonly vpas: VpaRead;
}

/** Fewer finished runs than this say nothing about the next one. */
const MIN_RUNS = 3;

/** Drafts of every container that runs beside the others; plain init containers are too short for advice. */
export function draftsOf(around: Surroundings, workload: Workload): readonly Draft[] {
  const hpa = hpaOf(around.view, workload);
  return workload.containers
    .filter((c) => c.role !== 'init')
    .flatMap((c) => (['memory', 'cpu'] as const).map((resource) => draftOf(around, workload, hpa, c, resource)));
}

function draftOf(
  around: Surroundings,
  workload: Workload,
  hpa: HpaLookup,
  container: WorkloadContainer,
  resource: Resource,
): Draft {
  const { usage: index, settings } = around;
  const series = index.series(workload, container.name);
  const pods = new Map(series.map((s) => [s.pod, readingsOf(s, resource)]));
  const usage = workloadP95(pods);
  const decisive = decisiveReadings(usage, pods);
  const written = writtenSetting(container.spec.resources, resource);
  const today = effectiveSetting(written);
  const oom = oomFacts(around, workload, container, resource, series, usage, written);
  const heap = resource === 'memory' ? heapOf(container.spec) : { unknown: false, isJvm: false };
  const throttled: Throttling = resource === 'cpu' ? throttlingOf(workload, container.name, series) : { before: false };
  const covered = coveredHours(decisive, index.usage.window.endMs, index.windowHours);
  const base = {
    workload,
    container,
    resource,
    series,
    usage,
    coveredHours: covered,
    ...(throttled.percent !== undefined && { throttledPercent: throttled.percent }),
    throttledBefore: throttled.before,
    written,
    today,
    oom,
    heap,
    hpa,
    regulation: regulation(around, workload, container, resource, hpa, usage, today),
    vpa: vpaOf(around.vpas, workload, container.name, resource),
  };
  const missing = missingData(around, workload, series, usage);
  if (usage.status !== 'ok' || missing)
    return {
      ...base,
      missing: missing ?? { code: 'too-few-samples', text: tooFew(usage.n) },
      backtest: notTested('not enough samples'),
      caps: oom.seen ? ['oom'] : [],
      ...(oom.seen && { confidence: { hundredths: 0, limitedBy: 'no usable samples' } }),
      checks: [],
    };
  const guaranteed = settings.qos === 'keep' && qosOf(workload) === 'Guaranteed';
  const { p95, max } = usage;
  const common = { p95, max, ...today, guaranteed, marginPercent: settings.marginPercent };
  const raw =
    resource === 'cpu'
      ? cpuRule({
          ...common,
          ...(throttled.percent !== undefined && { throttledPercent: throttled.percent }),
          ...(throttled.limit !== undefined && { throttledLimit: throttled.limit }),
          throttledBefore: throttled.before,
        })
      : memoryRule({
          ...common,
          oom: oom.seen,
          ...(oom.limit !== undefined && { oomLimit: oom.limit }),
          ...(heap.size !== undefined && { heap: heap.size }),
        });
  const { rule, checks } = bounded(around, workload, container, resource, raw, max, guaranteed);
  const backtest = testBack({
    resource,
    series,
    pods,
    decisive,
    index,
    today,
    rule,
    marginPercent: settings.marginPercent,
  });
  const caps = capsOf(around, base, usage, backtest);
  return {
    ...base,
    rule,
    backtest,
    caps,
    confidence: confidence({
      samples: usage.n,
      coveredHours: covered,
      windowHours: index.windowHours,
      caps,
    }),
    checks,
  };
}

function decisiveReadings(usage: WorkloadUsage, pods: ReadonlyMap<string, Readings>): readonly Readings[] {
  const own = usage.pod === undefined ? undefined : pods.get(usage.pod);
  return own ? [own] : [...pods.values()];
}

function oomFacts(
  { usage: index, settings }: Surroundings,
  workload: Workload,
  container: WorkloadContainer,
  resource: Resource,
  series: readonly UsageSeries[],
  usage: WorkloadUsage,
  { request = 0n, limit }: Setting,
): OomFacts {
  if (resource === 'cpu') return { seen: false, pods: [], withoutLimit: false };
  const { marginPercent } = settings;
  const ruled = usage.status === 'ok' ? memoryRule({ p95: usage.p95, max: usage.max, marginPercent }).request : 0n;
  return oomsOf(workload, container.name, series, index.usage.window.startMs, {
    ...(usage.max !== undefined && { max: usage.max }),
    request: largest(request, ruled),
    ...(limit !== undefined && { limit }),
  });
}

function regulation(
  { usage: index }: Surroundings,
  workload: Workload,
  container: WorkloadContainer,
  resource: Resource,
  hpa: HpaLookup,
  usage: WorkloadUsage,
  today: Setting,
): Regulation {
  const load = (ofContainer: boolean) =>
    ofContainer
      ? { p95: usage.status === 'ok' ? usage.p95 : 0n, request: today.request ?? 0n }
      : { p95: podAverage(index, workload, resource), request: runningRequest(workload, resource).sum };
  return regulationOf(hpa, resource, container.name, load, index.replicas(workload));
}

/** p95 over time of all pods together, divided among the pods that are wanted now. */
export function podAverage(index: UsageIndex, workload: Workload, resource: Resource): Amount {
  const total = p95Of(totalUsage(index.series(workload), resource)) ?? 0n;
  return total / BigInt(Math.max(workload.replicas, 1));
}

function missingData(
  { usage: index, view }: Surroundings,
  workload: Workload,
  series: readonly UsageSeries[],
  usage: WorkloadUsage,
): Draft['missing'] {
  if (usage.n === 0) {
    const why = index.unread(workload);
    if (why !== undefined) return { code: 'usage-unread', text: why };
    return { code: 'no-samples', text: `no samples in ${index.usage.source.name}` };
  }
  if (!isBatch(workload)) return undefined;
  const running = new Set(workload.pods.filter((p) => p.status?.phase === 'Running').map((p) => p.metadata.name ?? ''));
  const runs = series.filter((s) => !running.has(s.pod)).length;
  const jobs = view.children(workload.ref).filter((job) => job.kind === 'Job' && isFinishedJob(job)).length;
  const known = Math.max(runs, jobs);
  if (known >= MIN_RUNS) return undefined;
  return { code: 'too-few-runs', text: `${known} finished runs, ${MIN_RUNS} are needed` };
}

function isFinishedJob(job: object): boolean {
  const { status } = job as { status?: { conditions?: readonly { type: string; status: string }[] } };
  return (status?.conditions ?? []).some((c) => (c.type === 'Complete' || c.type === 'Failed') && c.status === 'True');
}

function tooFew(n: number): string {
  return n < 20 ? `${n} samples, 20 are needed` : `${n} samples within less than an hour`;
}

/** The rule within what policy and LimitRanges allow. */
function bounded(
  { view, settings }: Surroundings,
  workload: Workload,
  container: WorkloadContainer,
  resource: Resource,
  raw: Omit<Rule, 'ruled'>,
  observedMax: Amount,
  guaranteed: boolean,
): { readonly rule: Rule; readonly checks: readonly Check[] } {
  const own = settings.policies.find(
    (p) =>
      p.resource === resource &&
      (p.namespace ?? workload.namespace) === workload.namespace &&
      (p.workload ?? workload.ref.name) === workload.ref.name &&
      (p.container ?? container.name) === container.name,
  );
  const min = amountOf(resource, own?.min);
  const max = amountOf(resource, own?.max);
  const least = min === undefined ? {} : { min: roundedUp(resource, min) };
  const byPolicy = policy(raw.request, { ...least, ...(max !== undefined && { max }) });
  const limit = raw.limit === undefined ? undefined : largest(raw.limit, byPolicy.value);
  const result = withinLimitRanges(view, workload.namespace, resource, {
    request: byPolicy.value,
    ...(limit !== undefined && { limit }),
    observedMax,
  });
  const checks: Check[] = [...result.checks];
  if (byPolicy.note !== undefined)
    checks.unshift({ name: 'policy', status: byPolicy.blocked ? 'blocked' : 'changed', detail: byPolicy.note });
  // Only clamping can part the two; equal they stay Guaranteed.
  const isSplit = guaranteed && result.limit !== undefined && result.limit !== result.request;
  const request = isSplit ? (result.limit ?? result.request) : result.request;
  const limitBy =
    result.limit === limit ? (limit === raw.limit ? raw.limitBy : ('request' as const)) : ('limit-range' as const);
  return {
    rule: {
      request,
      ...(result.limit !== undefined && { limit: result.limit }),
      ...(limitBy !== undefined && { limitBy }),
      limitTerms: raw.limitTerms,
      ruled: raw.request,
    },
    checks,
  };
}

function capsOf(
  { usage: index }: Surroundings,
  {
    today,
    oom,
    throttledPercent = 0,
    throttledBefore,
  }: Pick<Draft, 'today' | 'oom' | 'throttledPercent' | 'throttledBefore'>,
  usage: WorkloadUsage,
  backtest: Backtest,
): readonly Cap[] {
  const caps: Cap[] = [];
  if (backtest.verdict === 'failed') caps.push('backtest-failed');
  if (backtest.verdict === 'not-tested') caps.push('backtest-not-tested');
  if (oom.seen) caps.push('oom');
  if (throttledPercent > THROTTLED_PERCENT || throttledBefore) caps.push('throttled');
  if (isNearLimit(usage.max ?? 0n, today.limit)) caps.push('near-limit');
  if (usage.pod === undefined) caps.push('pooled');
  if (index.usage.partialResponse) caps.push('partial-response');
  return caps;
}
