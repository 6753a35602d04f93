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

const GRAMMAR = /^([+-]?)(\d*)(?:\.(\d*))?(?:([eE])([+-]?\d{1,3})|([numkMGTPE]|[KMGTPE]i)?)$/;

/**
 * A quantity in nanos (10⁻⁹), rounded away from zero where it is finer than that, as the API server does.
 * Undefined when the text is not a quantity.
 */
export function parseQuantity(text: string | number | undefined): bigint | undefined {
  if (text === undefined) return undefined;
  const match = GRAMMAR.exec(String(text));
  if (!match) return undefined;
  const [, sign, whole = '', fraction = '', , exponent, suffix = ''] = match;
  if (whole === '' && fraction === '') return undefined;
  const scale = SUFFIX[suffix];
  if (!scale) return undefined;
  let numerator = BigInt(whole + fraction || '0') * NANO * scale[0];
  let denominator = 10n ** BigInt(fraction.length) * scale[1];
  const power = Number(exponent ?? 0);
  if (power > 0) numerator *= 10n ** BigInt(power);
  if (power < 0) denominator *= 10n ** BigInt(-power);
  const nanos = (numerator + denominator - 1n) / denominator;
  return sign === '-' ? -nanos : nanos;
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

function ceilDiv(a: bigint, b: bigint): bigint {
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
