import { ceilDiv } from '../../domain/index.ts';
import type { Amount } from './amount.ts';

export interface ReplicasInput {
  readonly current: number;
  /** p95 over time of the sum over the workload's pods. */
  readonly p95Total: Amount;
  /** CPU request of one pod: containers and sidecars. */
  readonly podRequest: Amount;
  readonly minReplicas?: number;
  readonly hpaMin?: number;
  readonly hpaMax?: number;
  readonly pdbMinAvailable?: number;
  /** The person's own cap. */
  readonly maxReplicas?: number;
}

export type ReplicasResult =
  | { readonly status: 'blocked'; readonly reason: 'no CPU request' }
  | {
      readonly status: 'ok';
      /** What the formula asks for. */
      readonly raw: number;
      readonly replicas: number;
      readonly minimum: number;
      readonly cap: number;
      readonly capped: boolean;
      /** Percent of the requests that is used, rounded down. */
      readonly utilization: number;
    };

const DEFAULT_CAP = 3;

/** ⌈total × 1.3 ÷ request⌉ within minimum and cap; the cap is never below what runs now. */
export function replicasFor(input: ReplicasInput): ReplicasResult {
  const { current, p95Total, podRequest, hpaMax = 0, maxReplicas } = input;
  if (podRequest <= 0n) return { status: 'blocked', reason: 'no CPU request' };
  const raw = Number(ceilDiv(p95Total * 13n, podRequest * 10n));
  const cap = Math.max(maxReplicas ?? Math.max(DEFAULT_CAP, hpaMax), current);
  const minimum = Math.max(1, input.minReplicas ?? 0, input.hpaMin ?? 0, input.pdbMinAvailable ?? 0);
  return {
    status: 'ok',
    raw,
    replicas: Math.min(Math.max(raw, minimum), cap),
    minimum,
    cap,
    capped: raw > cap,
    utilization: current > 0 ? Number((100n * p95Total) / (BigInt(current) * podRequest)) : 0,
  };
}
