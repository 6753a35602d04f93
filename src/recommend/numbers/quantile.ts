import { roundHalf, type Fraction } from './amount.ts';

export const P95: Fraction = { num: 19n, den: 20n };

/** The readings in ascending order, gaps (NaN) left out. */
export function sortedReadings(readings: ArrayLike<number>): Float64Array {
  const kept = new Float64Array(readings.length);
  let n = 0;
  for (let i = 0; i < readings.length; i++) {
    const value = readings[i];
    if (value !== undefined && !Number.isNaN(value)) kept[n++] = value;
  }
  return kept.subarray(0, n).sort();
}

/**
 * The quantile by linear interpolation, exactly: rank r = p × (n-1), value v⌊r⌋ + (r-⌊r⌋)(v⌊r⌋₊₁ - v⌊r⌋).
 * Undefined without readings. `sorted` is ascending and holds integers below 2^53.
 * Source: Prometheus, quantile_over_time.
 */
export function quantile(p: Fraction, sorted: ArrayLike<number>): Fraction | undefined {
  if (sorted.length === 0) return undefined;
  const rank = p.num * BigInt(sorted.length - 1);
  const index = Number(rank / p.den);
  const low = BigInt(sorted[index] ?? 0);
  const high = BigInt(sorted[index + 1] ?? sorted[index] ?? 0);
  return { num: low * p.den + (rank % p.den) * (high - low), den: p.den };
}

/** The 95th percentile, rounded half up once to whole nanocores or bytes: the number that is shown and reckoned with. */
export function p95Of(sorted: ArrayLike<number>): bigint | undefined {
  const value = quantile(P95, sorted);
  return value && roundHalf(value.num, value.den);
}
