import type { Amount, Resource } from './amount.ts';
import { THROTTLED_PERCENT } from './cpu.ts';

export type Risk = 'oom' | 'short' | 'thin' | 'waste' | 'slack' | 'ok';

export interface RiskInput {
  readonly resource: Resource;
  readonly p95: Amount;
  readonly max: Amount;
  readonly request?: Amount;
  readonly limit?: Amount;
  readonly oom?: boolean;
  readonly throttledPercent?: number;
  readonly ruleRequest: Amount;
  readonly ruleLimit?: Amount;
  readonly replicas: number;
  /** All scanned requests of this resource. */
  readonly fleetRequest: Amount;
}

const ORDER: readonly Risk[] = ['oom', 'short', 'thin', 'waste', 'slack', 'ok'];

export interface RiskResult {
  /** 1 is the most urgent. */
  readonly priority: number;
  readonly risk: Risk;
}

/** How much a setting hurts, relative to the container's own size, to direction and to the fleet. */
export function riskOf(input: RiskInput): RiskResult {
  const risk = name(input);
  return { priority: ORDER.indexOf(risk) + 1, risk };
}

function name(input: RiskInput): Risk {
  const { resource, p95, max, request, limit, ruleRequest, ruleLimit } = input;
  const isMemory = resource === 'memory';
  if (isMemory && (input.oom === true || isNearLimit(max, limit))) return 'oom';
  if (request === undefined) return isMemory ? 'short' : shortOf(input) ? 'short' : 'thin';
  if (p95 > request || shortOf(input)) return 'short';
  if (request < ruleRequest || (isMemory && limit !== undefined && ruleLimit !== undefined && limit < ruleLimit))
    return 'thin';
  const excess = request - ruleRequest;
  const isLargeShare = excess * BigInt(Math.max(input.replicas, 0)) * 100n >= input.fleetRequest;
  if (request > 0n && excess * 2n >= request && isLargeShare) return 'waste';
  return request > 0n && excess * 10n >= request ? 'slack' : 'ok';
}

function shortOf({ resource, throttledPercent = 0 }: RiskInput): boolean {
  return resource === 'cpu' && throttledPercent > THROTTLED_PERCENT;
}

/** The maximum reached 95 % of the limit. */
export function isNearLimit(max: Amount, limit: Amount | undefined): boolean {
  return limit !== undefined && limit > 0n && max * 20n >= limit * 19n;
}
