import type { Rule } from '../rule.ts';
import { configRules } from './config/index.ts';

/** Every rule, group by group. */
export const rules: readonly Rule[] = [...configRules];
