import type { Rule } from '../../rule.ts';
import { attachFailed, multiAttach, rwoRollingDeadlock } from './attach.ts';
import {
  noDefaultClass,
  noMatchingVolume,
  provisionerSilent,
  provisioningFailed,
  storageClassMissing,
  waitForConsumer,
} from './binding.ts';
import { multipleDefaultClasses, provisionerNotInstalled } from './classes.ts';
import { claimLost, resizeStuck, stuckTerminating, volumeFailed } from './lifecycle.ts';
import { secretsStore, tokenProjection } from './credentials.ts';
import { mountTimeout } from './mount-timeout.ts';
import { driverNotOnNode, hostPathType, mountBackendError } from './mounts.ts';
import { subPathFailed } from './subpath.ts';

export const storageRules: readonly Rule[] = [
  mountTimeout,
  multiAttach,
  attachFailed,
  driverNotOnNode,
  mountBackendError,
  hostPathType,
  subPathFailed,
  secretsStore,
  tokenProjection,
  rwoRollingDeadlock,
  provisioningFailed,
  storageClassMissing,
  noDefaultClass,
  waitForConsumer,
  noMatchingVolume,
  provisionerSilent,
  provisionerNotInstalled,
  claimLost,
  resizeStuck,
  stuckTerminating,
  volumeFailed,
  multipleDefaultClasses,
];
