import type { Rule } from '../../rule.ts';
import { namespaceTerminating, stuckDeleting } from './deletion.ts';
import { ownerBroken } from './owners.ts';
import { warningEvents } from './warnings.ts';

export const objectRules: readonly Rule[] = [namespaceTerminating, stuckDeleting, ownerBroken, warningEvents];
