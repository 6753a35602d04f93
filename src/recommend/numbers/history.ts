import { p95Of, withoutGaps } from './quantile.ts';

/** Fewer readings, or readings over less time, say nothing about the 95th percentile. */
export const MIN_SAMPLES = 20;
export const MIN_SPAN_SECONDS = 3600;
/** A pod with fewer readings is young: what it does at its start does not decide for the workload. */
export const MIN_POD_SAMPLES = 48;

/** Equally spaced readings of one container of one pod; NaN = gap. */
export interface Readings {
  readonly values: ArrayLike<number>;
  readonly stepSeconds: number;
  /** Time of the first reading, ms since the epoch; readings of several pods are placed in time by it. */
  readonly startMs: number;
  /** The highest raw reading where it is known better than from the steps. */
  readonly peak?: number;
}

export type UsageSummary =
  | { readonly status: 'ok'; readonly n: number; readonly p95: bigint; readonly max: bigint }
  | { readonly status: 'insufficient-data'; readonly n: number; readonly max?: bigint };

/** p95 and max of one series; no p95 with fewer than 20 readings, or less than an hour from first to last. */
export function usageSummary(readings: Readings): UsageSummary {
  return summaryOf([readings]);
}

export type WorkloadUsage = UsageSummary & {
  /** The pod that decides; undefined when the readings of all pods were pooled. */
  readonly pod?: string;
  /** p95 of the deciding pod is more than twice that of the median pod. */
  readonly uneven: boolean;
};

/**
 * The usage of one container over all pods of its workload: the highest p95 among pods with at least 48 readings (and
 * an hour) decides, by pod name where equal; without such a pod the readings of all are pooled. The maximum is the
 * highest of any pod.
 */
export function workloadP95(pods: ReadonlyMap<string, Readings>, minPodSamples = MIN_POD_SAMPLES): WorkloadUsage {
  const names = [...pods.keys()].sort();
  const max = highest([...pods.values()]);
  let best: { readonly pod: string; readonly n: number; readonly p95: bigint } | undefined;
  const all: bigint[] = [];
  for (const pod of names) {
    const readings = pods.get(pod);
    const summary = readings && usageSummary(readings);
    if (summary?.status !== 'ok' || summary.n < minPodSamples) continue;
    all.push(summary.p95);
    if (!best || summary.p95 > best.p95) best = { pod, n: summary.n, p95: summary.p95 };
  }
  if (best && max !== undefined) return { status: 'ok', ...best, max, uneven: isUneven(best.p95, all) };
  const only = names.length === 1 ? names[0] : undefined;
  return { ...summaryOf([...pods.values()]), ...(only !== undefined && { pod: only }), uneven: false };
}

/** Room for the readings of one series, used again for the next: thousands of short-lived copies cost more than the percentile. */
const scratch = new Float64Array(16_384);

function summaryOf(parts: readonly Readings[]): UsageSummary {
  const readings = withoutGaps(parts.length === 1 ? (parts[0]?.values ?? []) : joined(parts), scratch);
  const n = readings.length;
  const max = highest(parts);
  const p95 = p95Of(readings);
  if (n < MIN_SAMPLES || p95 === undefined || max === undefined || spanSeconds(parts) < MIN_SPAN_SECONDS)
    return { status: 'insufficient-data', n, ...(max !== undefined && { max }) };
  return { status: 'ok', n, p95, max };
}

function joined(parts: readonly Readings[]): Float64Array {
  const all = new Float64Array(parts.reduce((sum, { values }) => sum + values.length, 0));
  let at = 0;
  for (const { values } of parts) {
    all.set(values, at);
    at += values.length;
  }
  return all;
}

/** The highest reading or raw peak of all; undefined without any. */
export function highest(parts: readonly Readings[]): bigint | undefined {
  let max = -1;
  for (const { values, peak } of parts) {
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      if (value !== undefined && value > max) max = value;
    }
    if (peak !== undefined && peak > max) max = peak;
  }
  return max < 0 ? undefined : BigInt(max);
}

/** Seconds from the first reading to the last, over all parts. */
function spanSeconds(parts: readonly Readings[]): number {
  let first = Infinity;
  let last = -Infinity;
  for (const { values, stepSeconds, startMs } of parts) {
    const from = firstReading(values);
    if (from < 0) continue;
    first = Math.min(first, startMs + from * stepSeconds * 1000);
    last = Math.max(last, startMs + lastReading(values) * stepSeconds * 1000);
  }
  return last >= first ? (last - first) / 1000 : 0;
}

function firstReading(values: ArrayLike<number>): number {
  for (let i = 0; i < values.length; i++) if (!Number.isNaN(values[i])) return i;
  return -1;
}

function lastReading(values: ArrayLike<number>): number {
  for (let i = values.length - 1; i >= 0; i--) if (!Number.isNaN(values[i])) return i;
  return -1;
}

/** The hottest more than twice the median; of an even number of pods the lower of the two in the middle. */
function isUneven(hottest: bigint, all: readonly bigint[]): boolean {
  const sorted = [...all].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const median = sorted[(sorted.length - 1) >> 1] ?? hottest;
  return sorted.length > 1 && hottest > 2n * median;
}

/** Hours, counted back from `endMs`, in which there is at least one reading; at most `windowHours`. */
export function coveredHours(parts: readonly Readings[], endMs: number, windowHours: number): number {
  const hours = new Set<number>();
  for (const { values, stepSeconds, startMs } of parts) {
    let last = NaN;
    for (let i = 0; i < values.length; i++) {
      if (Number.isNaN(values[i])) continue;
      const hour = Math.floor((endMs - (startMs + i * stepSeconds * 1000)) / 3_600_000);
      if (hour !== last) hours.add((last = hour));
    }
  }
  return Math.min(hours.size, Math.ceil(windowHours));
}

/** The readings from `fromMs` (included) to `toMs` (left out), without copying. */
export function between(readings: Readings, fromMs: number, toMs: number): Readings {
  const { values, stepSeconds, startMs } = readings;
  const stepMs = stepSeconds * 1000;
  const index = (ms: number) => Math.min(Math.max(Math.ceil((ms - startMs) / stepMs), 0), values.length);
  const from = index(fromMs);
  const part =
    values instanceof Float64Array ? values.subarray(from, index(toMs)) : Array.from(values).slice(from, index(toMs));
  return { values: part, stepSeconds, startMs: startMs + from * stepMs };
}
