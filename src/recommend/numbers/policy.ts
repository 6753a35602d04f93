import type { Amount } from './amount.ts';

export interface PolicyBounds {
  readonly min?: Amount;
  readonly max?: Amount;
}

export interface PolicyResult {
  readonly value: Amount;
  readonly note?: 'policy minimum' | 'exceeds policy maximum';
  readonly blocked: boolean;
}

/** Raises to the minimum; a rule above the maximum is blocked, never shrunk into the margin. */
export function policy(rule: Amount, { min, max }: PolicyBounds): PolicyResult {
  const isRaised = min !== undefined && rule < min;
  const value = isRaised ? min : rule;
  if (max !== undefined && value > max) return { value, note: 'exceeds policy maximum', blocked: true };
  return { value, ...(isRaised && { note: 'policy minimum' as const }), blocked: false };
}
