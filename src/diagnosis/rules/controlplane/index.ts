import type { Rule } from '../../rule.ts';
import { apiServiceUnavailable, crdNotServed, metricsApiMissing } from './apis.ts';
import { leaseStale, staticPodCrash } from './components.ts';

export const controlplaneRules: readonly Rule[] = [
  apiServiceUnavailable,
  metricsApiMissing,
  crdNotServed,
  leaseStale,
  staticPodCrash,
];
