import type { Rule } from '../../rule.ts';
import { serviceAccountMissing } from './accounts.ts';
import { danglingBinding, notSeen, wildcardGrant } from './bindings.ts';
import { appForbidden, controllerForbidden } from './forbidden.ts';

export const rbacRules: readonly Rule[] = [
  serviceAccountMissing,
  appForbidden,
  controllerForbidden,
  danglingBinding,
  wildcardGrant,
  notSeen,
];
