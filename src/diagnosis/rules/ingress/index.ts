import type { Rule } from '../../rule.ts';
import { backendPortMissing, backendServiceMissing, backendUnavailable } from './backend.ts';
import { classMissing, classUnset } from './class.ts';
import { controllerDown, controllerRejected, noAddress } from './controller.ts';
import { duplicateRoute, tlsSecretMissing } from './routes.ts';

export const ingressRules: readonly Rule[] = [
  classMissing,
  classUnset,
  backendServiceMissing,
  backendPortMissing,
  backendUnavailable,
  tlsSecretMissing,
  noAddress,
  controllerDown,
  controllerRejected,
  duplicateRoute,
];
