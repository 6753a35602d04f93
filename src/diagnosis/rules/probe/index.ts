import type { Rule } from '../../rule.ts';
import { livenessBeforeStart, livenessKillLoop, readinessFailing, startupNeverPasses } from './loops.ts';
import { namedPortMissing } from './port-names.ts';
import { connectionRefused, execFailing, httpStatus, portNotDeclared, timeout } from './reasons.ts';

export const probeRules: readonly Rule[] = [
  livenessKillLoop,
  startupNeverPasses,
  readinessFailing,
  httpStatus,
  connectionRefused,
  timeout,
  execFailing,
  namedPortMissing,
  portNotDeclared,
  livenessBeforeStart,
];
