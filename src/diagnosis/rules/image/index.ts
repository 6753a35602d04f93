import type { Rule } from '../../rule.ts';
import { mutableTag, slowPull } from './advice.ts';
import { pullSecretMissing, pullSecretWrong } from './pull-secrets.ts';
import {
  noSpace,
  notFound,
  platformMismatch,
  pullFailed,
  rateLimited,
  signatureRejected,
  unauthorized,
} from './refused.ts';
import { registryDns, registryTls, registryUnreachable } from './registry.ts';
import { invalidName, neverPull } from './states.ts';

export const imageRules: readonly Rule[] = [
  pullFailed,
  notFound,
  unauthorized,
  rateLimited,
  registryDns,
  registryUnreachable,
  registryTls,
  platformMismatch,
  noSpace,
  signatureRejected,
  invalidName,
  neverPull,
  pullSecretMissing,
  pullSecretWrong,
  mutableTag,
  slowPull,
];
