import type { Amount, Resource } from './amount.ts';
import { LOW } from './confidence.ts';

export type ActionName = 'insufficient-data' | 'blocked' | 'hold' | 'set' | 'increase' | 'decrease' | 'keep';

/** Codes of what decided an action. */
export type ActionReason =
  | 'vpa-in-control'
  | 'request-missing'
  | 'limit-missing'
  | 'request-below-rule'
  | 'limit-below-rule'
  | 'request-above-rule'
  | 'low-confidence'
  | 'backtest-failed'
  | 'oom'
  | 'hpa-regulating'
  | 'heap-unknown';

export interface ActionInput {
  readonly resource: Resource;
  readonly p95?: Amount;
  readonly request?: Amount;
  readonly limit?: Amount;
  /** Undefined: not enough data for a rule. */
  readonly ruleRequest?: Amount;
  readonly ruleLimit?: Amount;
  readonly confidenceHundredths: number;
  readonly backtestFailed?: boolean;
  readonly oom?: boolean;
  readonly hpaRegulating?: boolean;
  readonly vpaInControl?: boolean;
  /** A JVM whose heap follows the limit, or is not known. */
  readonly heapUnknown?: boolean;
  readonly blocked?: boolean;
}

export interface ActionResult {
  readonly action: ActionName;
  readonly reasons: readonly ActionReason[];
  /** Why nothing may be lowered; empty where it may. */
  readonly holds: readonly ActionReason[];
}

/** What to do about one resource of one container; the first match of a fixed order. */
export function actionFor(input: ActionInput): ActionResult {
  const { resource, p95, request, limit, ruleRequest, ruleLimit } = input;
  const holds = holdsOf(input);
  const result = (action: ActionName, ...reasons: readonly ActionReason[]) => ({ action, reasons, holds });
  if (ruleRequest === undefined) return result('insufficient-data');
  if (input.blocked === true) return result('blocked');
  if (input.vpaInControl === true) return result('hold', 'vpa-in-control');
  if (request === undefined) return result('set', 'request-missing');
  if (resource === 'memory' && limit === undefined) return result('set', 'limit-missing');
  if (limit !== undefined && ruleLimit !== undefined && limit < ruleLimit)
    return result('increase', 'limit-below-rule');
  if (request < ruleRequest) {
    const isHeld = resource === 'cpu' && input.hpaRegulating === true && (p95 ?? 0n) <= request;
    return isHeld ? result('hold', 'hpa-regulating') : result('increase', 'request-below-rule');
  }
  if (request * 10n >= ruleRequest * 11n)
    return holds.length > 0 ? result('hold', ...holds) : result('decrease', 'request-above-rule');
  return result('keep');
}

function holdsOf(input: ActionInput): readonly ActionReason[] {
  const holds: ActionReason[] = [];
  if (input.confidenceHundredths < LOW) holds.push('low-confidence');
  if (input.backtestFailed === true) holds.push('backtest-failed');
  if (input.oom === true) holds.push('oom');
  if (input.hpaRegulating === true) holds.push('hpa-regulating');
  if (input.resource === 'memory' && input.heapUnknown === true) holds.push('heap-unknown');
  return holds;
}
