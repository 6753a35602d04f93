import { ceilDiv } from '../../domain/index.ts';
import { roundedUp, unitOf, type Amount, type Resource } from './amount.ts';

export type HpaDesired =
  | { readonly status: 'ok'; readonly utilization: number; readonly replicas: number }
  | { readonly status: 'blocked'; readonly reason: 'no CPU request' };

export interface HpaDesiredInput {
  /** Of each ready pod. */
  readonly usage: readonly Amount[];
  /** Of each ready pod, or the same for all. */
  readonly requests: readonly Amount[] | Amount;
  /** Percent. */
  readonly target: number;
  readonly min?: number;
  readonly max?: number;
}

/**
 * What the autoscaler does now. In doubles on purpose: the controller reckons so, and 290 % of 70 % on 7 pods is 30.
 * Source: kubernetes/pkg/controller/podautoscaler/replica_calculator.go
 */
export function hpaDesired({ usage, requests, target, min, max }: HpaDesiredInput): HpaDesired {
  const ready = usage.length;
  const each = typeof requests === 'bigint' ? usage.map(() => requests) : requests;
  if (ready === 0 || each.length !== ready || each.some((r) => r <= 0n))
    return { status: 'blocked', reason: 'no CPU request' };
  const millis = (amounts: readonly Amount[]) => amounts.reduce((sum, a) => sum + ceilDiv(a, unitOf('cpu')), 0n);
  const utilization = Number((100n * millis(usage)) / millis(each));
  const ratio = utilization / target;
  const wanted = ratio >= 0.9 && ratio <= 1.1 ? ready : Math.ceil(ratio * ready);
  const replicas = Math.min(Math.max(wanted, min ?? 1), max ?? Infinity);
  return { status: 'ok', utilization, replicas };
}

export interface HpaExpectedInput {
  readonly p95Total: Amount;
  readonly podRequest: Amount;
  readonly target: number;
  readonly min?: number;
  readonly max?: number;
}

/** Replicas at p95 under a new autoscaler; no margin on top, the target leaves it already. */
export function hpaExpected({ p95Total, podRequest, target, min = 1, max = 3 }: HpaExpectedInput): {
  readonly raw: number;
  readonly replicas: number;
  readonly capped: boolean;
} {
  const raw = podRequest > 0n ? Number(ceilDiv(p95Total * 100n, BigInt(target) * podRequest)) : 0;
  return { raw, replicas: Math.min(Math.max(raw, min), max), capped: raw > max };
}

export interface HpaRequestChangeInput {
  readonly resource: Resource;
  /** Percent. */
  readonly target: number;
  readonly oldPodRequest: Amount;
  readonly newPodRequest: Amount;
  /** Average p95 of a pod. */
  readonly p95PerPod: Amount;
}

export interface HpaRequestChange {
  readonly decision: 'keep-target' | 'keep-request' | 'new-target' | 'raise-request';
  readonly target: number;
  readonly podRequest: Amount;
  /** Percent, rounded down. */
  readonly utilBefore: number;
  readonly utilAfter: number;
}

/** The highest target that still leaves the autoscaler something to act on. */
const MAX_TARGET = 90;

/** A request that changes under an autoscaler changes what its target means: what has to go with it. */
export function hpaRequestChange(input: HpaRequestChangeInput): HpaRequestChange {
  const { resource, target, oldPodRequest: old, newPodRequest: next, p95PerPod } = input;
  const use = (request: Amount) => (request > 0n ? Number((100n * p95PerPod) / request) : 0);
  const result = (decision: HpaRequestChange['decision'], newTarget: number, podRequest: Amount) => ({
    decision,
    target: newTarget,
    podRequest,
    utilBefore: use(old),
    utilAfter: use(podRequest),
  });
  if (next >= old || next <= 0n || 10 * use(next) <= 11 * target) return result('keep-target', target, next);
  if (target >= MAX_TARGET) return result('keep-request', target, old);
  const scaled = Number((BigInt(target) * old) / next);
  if (scaled <= MAX_TARGET) return result('new-target', scaled, next);
  return result('raise-request', MAX_TARGET, roundedUp(resource, ceilDiv(BigInt(target) * old, BigInt(MAX_TARGET))));
}
