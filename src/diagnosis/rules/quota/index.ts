import type { Rule } from '../../rule.ts';
import { exceeded } from './exceeded.ts';
import { limitRangeViolation, mustSpecify } from './refused-specs.ts';
import { limitsInjected, nearLimit, noRequests } from './sizing.ts';

export const quotaRules: readonly Rule[] = [
  exceeded,
  mustSpecify,
  limitRangeViolation,
  limitsInjected,
  nearLimit,
  noRequests,
];
