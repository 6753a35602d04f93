import { ceilDiv, formatRequest, parseQuantity } from '../../domain/index.ts';

/** The two resources that are sized. */
export type Resource = 'cpu' | 'memory';

/** Whole nanocores or whole bytes, never negative. */
export type Amount = bigint;

/** An exact number: margins, percentiles, averages. The denominator is positive. */
export interface Fraction {
  readonly num: bigint;
  readonly den: bigint;
}

const MILLICORE = 1_000_000n;
export const MI = 1n << 20n;

/** What requests and limits are rounded up to: a millicore, a Mi. */
export const unitOf = (resource: Resource): bigint => (resource === 'cpu' ? MILLICORE : MI);

/** amount × num ÷ den, rounded up to whole millicores or whole Mi. */
export function scaledUp(resource: Resource, amount: Amount, { num, den }: Fraction): Amount {
  const unit = unitOf(resource);
  return ceilDiv(amount * num, den * unit) * unit;
}

/** The amount itself in whole millicores or whole Mi, rounded up. */
export function roundedUp(resource: Resource, amount: Amount): Amount {
  return scaledUp(resource, amount, { num: 1n, den: 1n });
}

/** A request, limit or sample as written; undefined when absent, unreadable or negative. */
export function amountOf(resource: Resource, text: string | number | undefined): Amount | undefined {
  const nanos = parseQuantity(text);
  if (nanos === undefined || nanos < 0n) return undefined;
  return resource === 'cpu' ? nanos : ceilDiv(nanos, 1_000_000_000n);
}

/** `276m`, `156Mi`; rounded up. */
export function amountText(resource: Resource, amount: Amount): string {
  return formatRequest(resource, resource === 'cpu' ? amount : amount * 1_000_000_000n);
}

export function largest(first: bigint, ...others: readonly bigint[]): bigint {
  return others.reduce((max, value) => (value > max ? value : max), first);
}

/** The largest of named terms and the name of the first that reaches it: what decided a number. */
export function deciding<Name extends string>(
  terms: readonly (readonly [Name, Amount])[],
  fallback: Name,
): { readonly value: Amount; readonly by: Name } {
  let best = { value: 0n, by: fallback };
  for (const [by, value] of terms) if (value > best.value) best = { value, by };
  return best;
}

/** Rounded half away from zero. */
export function roundHalf(num: bigint, den: bigint): bigint {
  const magnitude = num < 0n ? -num : num;
  const rounded = (2n * magnitude + den) / (2n * den);
  return num < 0n ? -rounded : rounded;
}

/** An exact decimal such as `95.05`; at most `digits` places, rounded half away from zero beyond them. */
export function decimalText({ num, den }: Fraction, digits: number): string {
  const text = fixedText({ num, den }, digits);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** A decimal with exactly `digits` places. */
export function fixedText({ num, den }: Fraction, digits: number): string {
  const scaled = roundHalf(num * 10n ** BigInt(digits), den);
  const magnitude = (scaled < 0n ? -scaled : scaled).toString().padStart(digits + 1, '0');
  const whole = magnitude.slice(0, magnitude.length - digits);
  const sign = scaled < 0n ? '-' : '';
  return digits === 0 ? `${sign}${magnitude}` : `${sign}${whole}.${magnitude.slice(-digits)}`;
}

/** A plain decimal such as `0.031611` as a fraction; undefined when it is none. */
export function fractionOf(text: string): Fraction | undefined {
  const match = /^(-?)(\d{1,18})(?:\.(\d{1,18}))?$/.exec(text);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = ''] = match;
  const num = BigInt(whole + fraction);
  return { num: sign === '-' ? -num : num, den: 10n ** BigInt(fraction.length) };
}
