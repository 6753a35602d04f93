import { roundHalf, type Fraction } from './amount.ts';

export const P95: Fraction = { num: 19n, den: 20n };

/** The readings without gaps (NaN), in a copy of their own, or in `into` where it is long enough. */
export function withoutGaps(readings: ArrayLike<number>, into?: Float64Array): Float64Array {
  const kept = into && into.length >= readings.length ? into : new Float64Array(readings.length);
  let n = 0;
  for (let i = 0; i < readings.length; i++) {
    const value = readings[i];
    if (value !== undefined && !Number.isNaN(value)) kept[n++] = value;
  }
  return kept.subarray(0, n);
}

/** The readings in ascending order, gaps left out. */
export function sortedReadings(readings: ArrayLike<number>): Float64Array {
  return withoutGaps(readings).sort();
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

/**
 * The 95th percentile of readings without gaps, rounded half up once to whole nanocores or bytes: the number that is
 * shown and reckoned with. Reorders the readings: two of them are looked for, which is much cheaper than sorting.
 */
export function p95Of(readings: Float64Array): bigint | undefined {
  if (readings.length === 0) return undefined;
  const rank = 19 * (readings.length - 1);
  const index = Math.floor(rank / 20);
  const low = select(readings, index);
  let high = low;
  if (rank % 20 !== 0) {
    high = Infinity;
    for (let i = index + 1; i < readings.length; i++) high = Math.min(high, readings[i] ?? Infinity);
  }
  const value = quantile({ num: BigInt(rank % 20), den: 20n }, [low, high]);
  return value && roundHalf(value.num, value.den);
}

/** The k-th smallest; afterwards nothing before it is larger, and nothing behind it smaller. */
function select(a: Float64Array, k: number): number {
  let left = 0;
  let right = a.length - 1;
  // Each round halves the rest on the average; what does not is sorted instead.
  for (let rounds = 2 * Math.ceil(Math.log2(a.length + 1)); left < right && rounds > 0; rounds--) {
    const pivot = a[(left + right) >> 1] ?? 0;
    let i = left;
    let j = right;
    while (i <= j) {
      while ((a[i] ?? 0) < pivot) i++;
      while ((a[j] ?? 0) > pivot) j--;
      if (i > j) break;
      const swapped = a[i] ?? 0;
      a[i++] = a[j] ?? 0;
      a[j--] = swapped;
    }
    if (k <= j) right = j;
    else if (k >= i) left = i;
    else return a[k] ?? 0;
  }
  a.subarray(left, right + 1).sort();
  return a[k] ?? 0;
}
