/** One counter as it was read: ms since the epoch, ascending, and its value. */
export interface CounterSeries {
  readonly times: readonly number[];
  readonly values: readonly number[];
}

/**
 * Increase per second of a counter within [end - range, end], resets included, extrapolated to the edges as `rate` does;
 * undefined with fewer than two samples.
 * Source: Prometheus 2, promql/functions.go, extrapolatedRate.
 */
export function rateAt(
  { times, values }: CounterSeries,
  from: number,
  to: number,
  endMs: number,
  rangeMs: number,
): number | undefined {
  const first = times[from];
  const last = times[to - 1];
  const firstValue = values[from];
  const lastValue = values[to - 1];
  if (to - from < 2 || first === undefined || last === undefined || firstValue === undefined || lastValue === undefined)
    return undefined;
  let increase = lastValue - firstValue;
  for (let i = from + 1; i < to; i++) {
    const [before, now] = [values[i - 1] ?? 0, values[i] ?? 0];
    if (now < before) increase += before;
  }
  let toStart = (first - (endMs - rangeMs)) / 1000;
  const toEnd = (endMs - last) / 1000;
  const sampled = (last - first) / 1000;
  if (sampled <= 0) return undefined;
  const between = sampled / (to - from - 1);
  if (increase > 0 && firstValue >= 0) toStart = Math.min(toStart, sampled * (firstValue / increase));
  const threshold = between * 1.1;
  let extended = sampled;
  extended += toStart < threshold ? toStart : between / 2;
  extended += toEnd < threshold ? toEnd : between / 2;
  return increase * (extended / sampled / (rangeMs / 1000));
}
