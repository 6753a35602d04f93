import type { Rule } from '../../rule.ts';
import { blocksAll, drainBlocked, temporarilyZero } from './evictions.ts';
import { overlapping, selectsNothing } from './selection.ts';

export const pdbRules: readonly Rule[] = [blocksAll, temporarilyZero, overlapping, selectsNothing, drainBlocked];
