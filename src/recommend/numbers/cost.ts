import { fixedText, fractionOf, type Amount, type Fraction } from './amount.ts';

/** Unit prices as decimals, so that they are exact and print as they were written. */
export interface Prices {
  readonly cpuCoreHour: string;
  readonly memoryGiBHour: string;
  readonly currency: string;
}

/** Source: OpenCost, default.json. */
export const defaultPrices: Prices = { cpuCoreHour: '0.031611', memoryGiBHour: '0.004237', currency: 'USD' };

export const HOURS_PER_MONTH = 730n;
const CORE = 1_000_000_000n;
const GIB = 1n << 30n;

/** Effective requests of one pod. */
export interface PodAmounts {
  readonly cpu?: Amount;
  readonly memory?: Amount;
}

/** What a change of the effective pod request costs in a month, exactly; negative = saving. */
export function monthlyCost(old: PodAmounts, next: PodAmounts, replicas: Fraction, prices: Prices): Fraction {
  const cpu = fractionOf(prices.cpuCoreHour);
  const memory = fractionOf(prices.memoryGiBHour);
  if (!cpu || !memory) throw new RangeError('a price is a plain decimal number');
  const cores = (next.cpu ?? 0n) - (old.cpu ?? 0n);
  const bytes = (next.memory ?? 0n) - (old.memory ?? 0n);
  return {
    num: (cores * cpu.num * memory.den * GIB + bytes * memory.num * cpu.den * CORE) * HOURS_PER_MONTH * replicas.num,
    den: cpu.den * memory.den * CORE * GIB * replicas.den,
  };
}

/** Two decimals, half away from zero; zero has no sign. */
export function money(amount: Fraction): string {
  return fixedText(amount, 2);
}

export function plus(a: Fraction, b: Fraction): Fraction {
  return { num: a.num * b.den + b.num * a.den, den: a.den * b.den };
}
