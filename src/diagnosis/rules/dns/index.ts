import type { Rule } from '../../rule.ts';
import { nameNotFound, resolutionTimeout } from './lookups.ts';
import { corednsDown, corefileBroken } from './server.ts';

export const dnsRules: readonly Rule[] = [corednsDown, corefileBroken, nameNotFound, resolutionTimeout];
