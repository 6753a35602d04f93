import { cpuRule } from './cpu.ts';
import { memoryRule } from './memory.ts';
import type { Amount, Resource } from './amount.ts';
import type { Readings } from './history.ts';

export interface BacktestInput {
  readonly resource: Resource;
  readonly train: { readonly p95: Amount; readonly max: Amount };
  readonly test: { readonly p95: Amount; readonly max: Amount };
  readonly marginPercent?: number;
}

export interface BacktestResult {
  /** From the first five sevenths of the window alone, without guards for OOM and heap. */
  readonly request: Amount;
  /** Memory only. */
  readonly limit?: Amount;
  readonly requestHeld: boolean;
  readonly limitHeld?: boolean;
  readonly verdict: 'held' | 'failed';
}

/** Would numbers made from the earlier part of the window have held in the later part? Equality holds. */
export function backtest({ resource, train, test, marginPercent }: BacktestInput): BacktestResult {
  const input = { ...train, ...(marginPercent !== undefined && { marginPercent }) };
  if (resource === 'cpu') {
    const { request } = cpuRule(input);
    const requestHeld = test.p95 <= request;
    return { request, requestHeld, verdict: requestHeld ? 'held' : 'failed' };
  }
  const { request, limit } = memoryRule(input);
  const requestHeld = test.p95 <= request;
  const limitHeld = test.max <= limit;
  return { request, limit, requestHeld, limitHeld, verdict: requestHeld && limitHeld ? 'held' : 'failed' };
}

/** Minutes above an amount: points above it × step. */
export function minutesAbove(parts: readonly Readings[], amount: Amount): number {
  const bound = Number(amount);
  let seconds = 0;
  for (const { values, stepSeconds } of parts)
    for (let i = 0; i < values.length; i++) if ((values[i] ?? NaN) > bound) seconds += stepSeconds;
  return Math.round(seconds / 60);
}

/** Runs of consecutive points above a memory limit, in each pod; a raw peak above it that no point shows counts once. */
export function wouldBeOoms(parts: readonly Readings[], limit: Amount): number {
  const bound = Number(limit);
  let runs = 0;
  for (const { values, peak } of parts) {
    let own = 0;
    let isAbove = false;
    for (let i = 0; i < values.length; i++) {
      const above = (values[i] ?? NaN) > bound;
      if (above && !isAbove) own++;
      isAbove = above;
    }
    runs += own === 0 && peak !== undefined && peak > bound ? 1 : own;
  }
  return runs;
}
