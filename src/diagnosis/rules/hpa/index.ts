import type { Rule } from '../../rule.ts';
import { exceedsCapacity } from './capacity.ts';
import { customMetricMissing, metricsUnavailable, noRequests } from './metrics.ts';
import { atMax, flapping, replicasOwnedTwice } from './size.ts';
import { cannotScale, sharedTarget, targetMissing } from './target.ts';

export const hpaRules: readonly Rule[] = [
  cannotScale,
  targetMissing,
  metricsUnavailable,
  customMetricMissing,
  noRequests,
  atMax,
  exceedsCapacity,
  flapping,
  replicasOwnedTwice,
  sharedTarget,
];
