import { largest, type Amount } from './amount.ts';

export interface QuotaInput {
  readonly used: Amount;
  readonly hard: Amount;
  /** Effective requests of one pod, today and proposed. */
  readonly old: Amount;
  readonly new: Amount;
  readonly replicas: number;
  /** Pods more than wanted during a rollout: a number, or a percentage that rounds up. */
  readonly maxSurge: number | string;
}

export interface QuotaResult {
  readonly surge: number;
  /** The most that is used during the rollout. */
  readonly peak: Amount;
  readonly fits: boolean;
}

/** Room in a quota while old pods are replaced by new ones; even a decrease needs it for the surge pod. */
export function quota({ used, hard, old, new: proposed, replicas, maxSurge }: QuotaInput): QuotaResult {
  const surge = surgeOf(maxSurge, replicas);
  const others = used - BigInt(replicas) * old;
  const peak = (others > 0n ? others : 0n) + BigInt(replicas + surge) * largest(old, proposed);
  return { surge, peak, fits: peak <= hard };
}

/** `25%` of the replicas rounded up, or the number itself; 0 when unreadable. */
export function surgeOf(maxSurge: number | string, replicas: number): number {
  const percent = /^(\d{1,4})%$/.exec(String(maxSurge))?.[1];
  if (percent !== undefined) return Math.ceil((Number(percent) * replicas) / 100);
  const count = Number(maxSurge);
  return Number.isInteger(count) && count > 0 ? count : 0;
}
