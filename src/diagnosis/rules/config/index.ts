import type { Rule } from '../../rule.ts';
import { missingConfigMap, missingSecret } from './missing.ts';

export const configRules: readonly Rule[] = [missingConfigMap, missingSecret];
