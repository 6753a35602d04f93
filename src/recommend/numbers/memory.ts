import { deciding, largest, MI, roundedUp, scaledUp, type Amount } from './amount.ts';
import { margin } from './cpu.ts';

export const MEMORY_REQUEST_FLOOR: Amount = 16n * MI;
export const MEMORY_LIMIT_FLOOR: Amount = 32n * MI;

export interface MemoryInput {
  readonly p95: Amount;
  /** The highest reading of any pod, from raw samples where they are known. */
  readonly max: Amount;
  readonly request?: Amount;
  readonly limit?: Amount;
  /** True when the container was OOM-killed in the window. */
  readonly oom?: boolean;
  /** The largest limit under which it was; the present one where it is not known. */
  readonly oomLimit?: Amount;
  /** A heap of fixed size that the process was told to take. */
  readonly heap?: Amount;
  readonly guaranteed?: boolean;
  readonly floor?: Amount;
  readonly marginPercent?: number;
}

export type MemoryLimitBy = 'p95' | 'max' | 'request' | 'floor' | 'oom-guard' | 'heap-guard';

export interface MemoryRule {
  readonly request: Amount;
  readonly limit: Amount;
  readonly limitBy: MemoryLimitBy;
  /** Every term that the limit was chosen from. */
  readonly limitTerms: readonly (readonly [MemoryLimitBy, Amount])[];
}

/**
 * Request = ⌈p95 × 1.3⌉ in Mi, at least the floor, and not below today's after an OOM. Limit = the largest of ⌈p95 × 5/3⌉,
 * ⌈max × 1.15⌉, the request, the floor and the guards.
 */
export function memoryRule(input: MemoryInput): MemoryRule {
  const { p95, max, heap } = input;
  const ruled = largest(scaledUp('memory', p95, margin(input.marginPercent)), input.floor ?? MEMORY_REQUEST_FLOOR);
  const request = input.oom === true ? largest(ruled, roundedUp('memory', input.request ?? 0n)) : ruled;
  const terms: (readonly [MemoryLimitBy, Amount])[] = [
    ['p95', scaledUp('memory', p95, { num: 5n, den: 3n })],
    ['max', scaledUp('memory', max, { num: 23n, den: 20n })],
    ['request', request],
    ['floor', MEMORY_LIMIT_FLOOR],
  ];
  if (input.oom === true)
    terms.push(['oom-guard', oomGuard(input.oomLimit ?? input.limit ?? largest(max, input.request ?? 0n))]);
  if (heap !== undefined) terms.push(['heap-guard', scaledUp('memory', heap, { num: 5n, den: 4n })]);
  const { value, by } = deciding(terms, 'floor');
  return { request: input.guaranteed === true ? value : request, limit: value, limitBy: by, limitTerms: terms };
}

/** max(⌈L × 1.25⌉, L + 100Mi) of the limit L under which a container was killed. */
export function oomGuard(limit: Amount): Amount {
  return largest(scaledUp('memory', limit, { num: 5n, den: 4n }), roundedUp('memory', limit + 100n * MI));
}
