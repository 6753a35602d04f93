import { escapeRegex, MAX_PATTERN_NAME, namePatterns } from '../names.ts';
import type { Target } from '../scope.ts';

/** A label that every series must carry, e.g. `cluster=prod`. */
export interface LabelMatcher {
  readonly name: string;
  readonly value: string;
}

/** What is asked about some workloads. */
export interface Asked {
  readonly targets: readonly Target[];
  /** True when they are all workloads of their namespaces: the pods need not be named. */
  readonly whole: boolean;
}

const CONTAINERS = 'container!="",container!="POD"';
const BY = 'by (namespace, pod, container)';

export const CPU_METRIC = 'container_cpu_usage_seconds_total';
export const MEMORY_METRIC = 'container_memory_working_set_bytes';

/** The label matchers of a question, without braces; without targets: of all containers. */
export function selector({ targets, whole }: Asked, labels: readonly LabelMatcher[]): string {
  const namespaces = [...new Set(targets.map((t) => t.namespace))].sort();
  const parts = namespaces.length === 0 ? [] : [`namespace=~${quoted(namespaces.map(escapeRegex).join('|'))}`];
  if (!whole) parts.push(`pod=~${quoted(podPattern(targets))}`);
  return [...parts, CONTAINERS, ...labels.map(matcher)].join(',');
}

/** Names of the pods of these workloads, those of older revisions included. */
export function podPattern(targets: readonly Target[]): string {
  const makers = targets.flatMap((t) => t.makers.filter((m) => m.name.length <= MAX_PATTERN_NAME));
  const patterns = namePatterns(makers);
  const all = new RegExp(`^(?:${patterns.join('|')})$`);
  // Cut names, pods of custom controllers and of indexed Jobs fit no pattern: they are listed while they live.
  const others = targets.flatMap((t) => t.livePods.filter((pod) => patterns.length === 0 || !all.test(pod)));
  return [...patterns, ...[...new Set(others)].sort().map(escapeRegex)].join('|');
}

export function matcher({ name, value }: LabelMatcher): string {
  return `${name}=${quoted(value)}`;
}

/** A PromQL string. */
function quoted(text: string): string {
  return `"${text.replace(/[\\"]/g, '\\$&').replace(/\n/g, '\\n')}"`;
}

/**
 * CPU in cores. `max by` merges restarts, which change the label `id`, and double scrapes, which `sum` would count twice.
 */
export function cpuQuery(sel: string, rateWindow: string): string {
  return `max ${BY} (rate(${CPU_METRIC}{${sel},cpu=~"total|"}[${rateWindow}]))`;
}

/** Working set in bytes. */
export function memoryQuery(sel: string): string {
  return `max ${BY} (${MEMORY_METRIC}{${sel}})`;
}

/** Highest working set of the raw samples: no peak between two steps is missed. */
export function memoryPeakQuery(sel: string, seconds: number, offsetSeconds = 0): string {
  const offset = offsetSeconds > 0 ? ` offset ${duration(offsetSeconds)}` : '';
  return `max ${BY} (max_over_time(${MEMORY_METRIC}{${sel}}[${duration(seconds)}]${offset}))`;
}

/** Percent of the scheduler's periods in which the container was held back. */
export function throttledQuery(sel: string, seconds: number): string {
  const total = (metric: string) => `sum ${BY} (increase(${metric}{${sel}}[${duration(seconds)}]))`;
  return `100 * ${total('container_cpu_cfs_throttled_periods_total')} / ${total('container_cpu_cfs_periods_total')}`;
}

/** Containers that were killed for memory, or whose child processes were. */
export function oomQuery(sel: string, seconds: number): string {
  const w = duration(seconds);
  const reason = `kube_pod_container_status_last_terminated_reason{reason="OOMKilled",${sel}}`;
  return `(max ${BY} (max_over_time(${reason}[${w}])) > 0) or (max ${BY} (increase(container_oom_events_total{${sel}}[${w}])) > 0)`;
}

/** The largest memory limit that was in force, bytes. */
export function limitQuery(sel: string, seconds: number): string {
  return `max ${BY} (max_over_time(kube_pod_container_resource_limits{resource="memory",${sel}}[${duration(seconds)}]))`;
}

/** How many containers the source knows at a moment, whatever was asked for: where it answers, there is data. */
export function reachQuery(labels: readonly LabelMatcher[]): string {
  return `count(${MEMORY_METRIC}{${[CONTAINERS, ...labels.map(matcher)].join(',')}})`;
}

/** One row for each value of the label `cluster`. */
export function clustersQuery(sel: string): string {
  return `group by (cluster) (${MEMORY_METRIC}{${sel}})`;
}

/** `604800` → `7d`, as PromQL writes durations. */
export function duration(seconds: number): string {
  const units = [
    [86_400, 'd'],
    [3600, 'h'],
    [60, 'm'],
  ] as const;
  const unit = units.find(([size]) => seconds % size === 0 && seconds > 0);
  return unit ? `${seconds / unit[0]}${unit[1]}` : `${seconds}s`;
}
