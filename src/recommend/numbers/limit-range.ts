import { largest, scaledUp, type Amount, type Fraction, type Resource } from './amount.ts';

export interface LimitRangeInput {
  readonly resource: Resource;
  readonly request: Amount;
  readonly limit?: Amount;
  readonly observedMax?: Amount;
  readonly min?: Amount;
  readonly max?: Amount;
  /** maxLimitRequestRatio. */
  readonly ratio?: Fraction;
}

export type LimitRangeNote = 'min' | 'max' | 'ratio';

export type LimitRangeResult =
  | {
      readonly status: 'ok';
      readonly request: Amount;
      readonly limit?: Amount;
      readonly notes: readonly LimitRangeNote[];
    }
  | { readonly status: 'blocked'; readonly reason: string };

/** What a LimitRange of type Container makes of a request and a limit. */
export function limitRange({ resource, observedMax, min, max, ratio, ...input }: LimitRangeInput): LimitRangeResult {
  let { request, limit } = input;
  const notes: LimitRangeNote[] = [];
  if (min !== undefined && request < min) {
    request = scaledUp(resource, min, { num: 1n, den: 1n });
    if (limit !== undefined) limit = largest(limit, request);
    notes.push('min');
  }
  if (max !== undefined && request > max) return { status: 'blocked', reason: 'request above LimitRange max' };
  if (max !== undefined && limit !== undefined && limit > max) {
    if (observedMax !== undefined && observedMax > max)
      return { status: 'blocked', reason: 'observed maximum above LimitRange max' };
    limit = max;
    notes.push('max');
  }
  if (ratio && limit !== undefined && limit * ratio.den > request * ratio.num) {
    request = scaledUp(resource, limit, { num: ratio.den, den: ratio.num });
    // Rounding up to a whole unit may step over the limit itself.
    if (request > limit) request = limit;
    notes.push('ratio');
  }
  return { status: 'ok', request, ...(limit !== undefined && { limit }), notes };
}
