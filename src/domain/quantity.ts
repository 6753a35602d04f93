/**
 * Kubernetes quantities, exactly. The smallest unit that the API knows is nano, so a quantity is an integer number
 * of nanos; a bigint holds every one of them, from `1n` to `8E`.
 * Source: k8s.io/apimachinery/pkg/api/resource, the grammar in the doc comment of Quantity.
 */

const NANO = 1_000_000_000n;

const SUFFIX: Readonly<Record<string, readonly [numerator: bigint, denominator: bigint]>> = {
  n: [1n, NANO],
  u: [1n, 1_000_000n],
  m: [1n, 1000n],
  '': [1n, 1n],
  k: [1000n, 1n],
  M: [1000n ** 2n, 1n],
  G: [1000n ** 3n, 1n],
  T: [1000n ** 4n, 1n],
  P: [1000n ** 5n, 1n],
  E: [1000n ** 6n, 1n],
  Ki: [1n << 10n, 1n],
  Mi: [1n << 20n, 1n],
  Gi: [1n << 30n, 1n],
  Ti: [1n << 40n, 1n],
  Pi: [1n << 50n, 1n],
  Ei: [1n << 60n, 1n],
};

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,60})|([numkMGTPE]|[KMGTPE]i)?)$/;

/** Longer texts and larger exponents are no amounts that a cluster has: an error, never a long calculation. */
const MAX_LENGTH = 64;
const MAX_EXPONENT = 100;
/** What the API server caps binary values at, in nanos. */
const BINARY_CAP = ((1n << 63n) - 1n) * NANO;

/**
 * A quantity in nanos (10⁻⁹), rounded away from zero where it is finer than that, as the API server does; values with
 * a binary suffix are capped at 2⁶³-1. Undefined when the text is not a quantity, has more than 64 characters, or an
 * exponent beyond ±100. A number is taken by its shortest text.
 */
export function parseQuantity(text: string | number | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const written = String(text);
  const match = written.length > MAX_LENGTH ? null : GRAMMAR.exec(written);
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const scale = SUFFIX[suffix];
  if (!scale) return undefined;
  let numerator = BigInt(whole + fraction) * NANO * scale[0];
  let denominator = 10n ** BigInt(fraction.length) * scale[1];
  const power = Number(exponent ?? 0);
  if (Math.abs(power) > MAX_EXPONENT) return undefined;
  if (power > 0) numerator *= 10n ** BigInt(power);
  if (power < 0) denominator *= 10n ** BigInt(-power);
  let nanos = (numerator + denominator - 1n) / denominator;
  if (suffix.endsWith('i') && nanos > BINARY_CAP) nanos = BINARY_CAP;
  return sign === '-' ? -nanos : nanos;
}

/** Plain decimals as Prometheus mostly writes them: at most 15 digits before the point, so that a double is exact. */
const PLAIN = /^(\d{1,15})(?:\.(\d*))?$/;
const DECIMAL = /^\+?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/**
 * A sample as Prometheus writes it, in whole nanocores or whole bytes, rounded half up once from the exact decimal.
 * Undefined where it is no sample: NaN, infinite, negative, unreadable, or beyond 2⁵³-1 where a double is not exact.
 */
export function promValue(text: string, kind: 'cpu' | 'memory'): number | undefined {
  const digits = kind === 'cpu' ? 9 : 0;
  const plain = PLAIN.exec(text);
  if (!plain) return scaledDecimal(text, digits);
  const [, whole = '', fraction = ''] = plain;
  const kept = fraction.slice(0, digits).padEnd(digits, '0');
  const value = Number(whole + kept) + (fraction.charCodeAt(digits) >= 53 ? 1 : 0);
  return Number.isSafeInteger(value) ? value : undefined;
}

function scaledDecimal(text: string, digits: number): number | undefined {
  const zero = /^-0*(?:\.0*)?(?:[eE][+-]?\d+)?$/.test(text) && text.includes('0');
  if (zero) return 0;
  const match = text.length > 1100 ? null : DECIMAL.exec(text);
  if (!match) return undefined;
  const [, whole = '', fraction = '', exponent] = match;
  if (whole === '' && fraction === '') return undefined;
  const power = Number(exponent ?? 0) + digits - fraction.length;
  const mantissa = BigInt(whole + fraction);
  const value =
    power >= 0
      ? mantissa * 10n ** BigInt(power)
      : (2n * mantissa + 10n ** BigInt(-power)) / (2n * 10n ** BigInt(-power));
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

/** Whole bytes, rounded up. */
export function memoryBytes(text: string | number | undefined): number | undefined {
  const nanos = parseQuantity(text);
  return nanos === undefined ? undefined : Number(ceilDiv(nanos, NANO));
}

/** Whole millicores, rounded up. */
export function cpuMillicores(text: string | number | undefined): number | undefined {
  const nanos = parseQuantity(text);
  return nanos === undefined ? undefined : Number(ceilDiv(nanos, 1_000_000n));
}

/** The smallest integer at or above a ÷ b, for positive b. */
export function ceilDiv(a: bigint, b: bigint): bigint {
  return a > 0n ? (a + b - 1n) / b : a / b;
}

/** `134217728` → `128Mi`; the largest binary unit that keeps at most one decimal place. */
export function formatBytes(bytes: number): string {
  const units = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi', 'Ei'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number(value.toFixed(1))}${units[unit] ?? ''}`;
}

/** `1500` → `1500m`, `2000` → `2`. */
export function formatMillicores(millicores: number): string {
  return millicores % 1000 === 0 ? String(millicores / 1000) : `${millicores}m`;
}

/** A quantity of a named resource for people: memory and storage in binary units, cpu in cores, the rest as a number. */
export function formatQuantity(resource: string, nanos: bigint): string {
  if (/(^|\.)cpu$/.test(resource)) return formatMillicores(Number(ceilDiv(nanos, 1_000_000n)));
  if (/memory|storage|hugepages/.test(resource)) return formatBytes(Number(ceilDiv(nanos, NANO)));
  return String(ceilDiv(nanos, NANO));
}

/** As right-sizing writes requests and limits: whole millicores or whole Mi, rounded up: `276m`, `1300m`, `2048Mi`. */
export function formatRequest(kind: 'cpu' | 'memory', nanos: bigint): string {
  return kind === 'cpu' ? `${ceilDiv(nanos, 1_000_000n)}m` : `${ceilDiv(nanos, NANO << 20n)}Mi`;
}
