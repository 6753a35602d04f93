import type { Rule } from '../../rule.ts';
import {
  allocationError,
  ipFamilyMismatch,
  loadBalancerFailed,
  loadBalancerPending,
  localPolicyNoEndpoints,
} from './address.ts';
import { endpointControllerError, noReadyEndpoints, singleEndpoint } from './endpoints.ts';
import { mixedWorkloads } from './mixed.ts';
import { targetPortNameMissing, targetPortUndeclared } from './ports.ts';
import { selectorMatchesNothing, selectorNearMiss } from './selector.ts';

export const serviceRules: readonly Rule[] = [
  selectorMatchesNothing,
  selectorNearMiss,
  noReadyEndpoints,
  targetPortNameMissing,
  targetPortUndeclared,
  loadBalancerPending,
  loadBalancerFailed,
  localPolicyNoEndpoints,
  endpointControllerError,
  singleEndpoint,
  allocationError,
  mixedWorkloads,
  ipFamilyMismatch,
];
