import type { Rule } from '../../rule.ts';
import { caBundleExpired } from './ca-bundle.ts';

export const tlsRules: readonly Rule[] = [caBundleExpired];
