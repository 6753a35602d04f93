import type { Rule } from '../../rule.ts';
import { deviceLost, podCapacity, versionSkew } from './capacity.ts';
import { cordoned, interruption, lifecycleTaint } from './lifecycle.ts';
import { rebooted, systemOom } from './machine.ts';
import { diskPressure, memoryPressure, pidPressure, requestsSaturated, usageHigh } from './pressure.ts';
import { networkUnavailable, notReady, problemCondition, runtimeDown, unreachable } from './ready.ts';

export const nodeRules: readonly Rule[] = [
  notReady,
  unreachable,
  runtimeDown,
  memoryPressure,
  diskPressure,
  pidPressure,
  networkUnavailable,
  problemCondition,
  cordoned,
  versionSkew,
  requestsSaturated,
  usageHigh,
  lifecycleTaint,
  rebooted,
  systemOom,
  podCapacity,
  deviceLost,
  interruption,
];
