import { deciding, largest, roundedUp, scaledUp, type Amount, type Fraction } from './amount.ts';

/** Never below 30 %: a larger margin can be configured, a smaller one cannot. */
export const MIN_MARGIN_PERCENT = 30;
export const CPU_FLOOR: Amount = 10_000_000n;
/** Periods throttled, in percent, above which the limit hides what the container wanted. */
export const THROTTLED_PERCENT = 25;

export interface CpuInput {
  readonly p95: Amount;
  /** The highest reading of any pod. */
  readonly max: Amount;
  readonly request?: Amount;
  readonly limit?: Amount;
  readonly throttledPercent?: number;
  /** The limit under which that throttling happened; the present one where it is not known. */
  readonly throttledLimit?: Amount;
  /** It was throttled under an earlier limit: the present one may be the cure and is not lowered. */
  readonly throttledBefore?: boolean;
  readonly guaranteed?: boolean;
  readonly floor?: Amount;
  readonly marginPercent?: number;
}

export type CpuLimitBy = 'request' | 'ratio' | 'max' | 'throttle-guard';

export interface CpuRule {
  readonly request: Amount;
  /** Undefined: none, as today. */
  readonly limit?: Amount;
  readonly limitBy?: CpuLimitBy;
  /** Every term that the limit was chosen from. */
  readonly limitTerms: readonly (readonly [CpuLimitBy, Amount])[];
}

/** 1.3 unless more was asked for. */
export function margin(percent = MIN_MARGIN_PERCENT): Fraction {
  return { num: 100n + BigInt(Math.max(MIN_MARGIN_PERCENT, Math.ceil(percent))), den: 100n };
}

/**
 * Request = ⌈p95 × 1.3⌉ in millicores, at least the floor. A limit only where there is one: it keeps its ratio to the
 * request, and never throttles what was seen. A Guaranteed pod stays so: request = limit.
 */
export function cpuRule(input: CpuInput): CpuRule {
  const request = largest(scaledUp('cpu', input.p95, margin(input.marginPercent)), input.floor ?? CPU_FLOOR);
  const { limit } = input;
  if (limit === undefined) return { request, limitTerms: [] };
  const today = input.request ?? limit;
  const terms: (readonly [CpuLimitBy, Amount])[] = [
    ['ratio', today > 0n ? scaledUp('cpu', request, { num: limit, den: today }) : roundedUp('cpu', limit)],
    ['request', request],
    ['max', roundedUp('cpu', input.max)],
  ];
  if ((input.throttledPercent ?? 0) > THROTTLED_PERCENT)
    terms.push(['throttle-guard', scaledUp('cpu', input.throttledLimit ?? limit, { num: 6n, den: 5n })]);
  else if (input.throttledBefore === true) terms.push(['throttle-guard', roundedUp('cpu', limit)]);
  const { value, by } = deciding(terms, 'request');
  return { request: input.guaranteed === true ? value : request, limit: value, limitBy: by, limitTerms: terms };
}
