import type { Rule } from '../../rule.ts';
import { crashLoop, exitError, exitZero, killedBySignal, nativeCrash } from './crash.ts';
import { configError, createError, hookFailed, runsAsRootRefused } from './create.ts';
import { failedNotRestarted, statusUnknown } from './ended.ts';
import { initFailing, initHanging } from './init.ts';
import { memoryNearLimit, oomKilled, oomRecent } from './memory.ts';
import { injectionMissing, sidecarBlocksJob, sidecarCrash, sidecarNotStarted } from './sidecar.ts';
import { commandNotExecutable, commandNotFound, execFormat } from './start.ts';

export const containerRules: readonly Rule[] = [
  crashLoop,
  oomKilled,
  oomRecent,
  exitError,
  exitZero,
  commandNotFound,
  commandNotExecutable,
  execFormat,
  nativeCrash,
  killedBySignal,
  configError,
  createError,
  runsAsRootRefused,
  hookFailed,
  statusUnknown,
  failedNotRestarted,
  initFailing,
  initHanging,
  sidecarNotStarted,
  sidecarBlocksJob,
  sidecarCrash,
  injectionMissing,
  memoryNearLimit,
];
