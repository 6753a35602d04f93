import type { Rule } from '../../rule.ts';
import { envInvalid } from './environment.ts';
import { missingKey } from './keys.ts';
import { missingConfigMap, missingSecret } from './missing.ts';
import { optionalRefAbsent } from './optional.ts';
import { serviceLinkCollision } from './service-links.ts';
import { changedAfterStart } from './stale.ts';
import { templateMissingConfigMap, templateMissingSecret } from './templates.ts';
import { unused } from './unused.ts';

export const configRules: readonly Rule[] = [
  missingConfigMap,
  missingSecret,
  missingKey,
  templateMissingConfigMap,
  templateMissingSecret,
  optionalRefAbsent,
  changedAfterStart,
  envInvalid,
  serviceLinkCollision,
  unused,
];
