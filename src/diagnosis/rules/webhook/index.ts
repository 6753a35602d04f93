import type { Rule } from '../../rule.ts';
import { callFailed, denied, podSecurity } from './refusals.ts';
import { lockout, noReadyEndpoints, serviceMissing } from './server.ts';

export const webhookRules: readonly Rule[] = [
  serviceMissing,
  noReadyEndpoints,
  callFailed,
  denied,
  podSecurity,
  lockout,
];
