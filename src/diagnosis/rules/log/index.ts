import type { Rule } from '../../rule.ts';
import { credentialsRejected, dbObjectMissing, wrongEnvironment } from './access.ts';
import { connectionLimit, connectionRefused, connectionTimeout, tlsFailure } from './connection.ts';
import { missingFile, noSpace, permissionDenied, refusesRoot } from './files.ts';
import { addressInUse, firstError, missingModule, panic, resourceLimit, runtimeOom } from './program.ts';
import { configParse, missingEnv } from './settings.ts';

export const logRules: readonly Rule[] = [
  connectionRefused,
  connectionTimeout,
  tlsFailure,
  credentialsRejected,
  dbObjectMissing,
  wrongEnvironment,
  missingEnv,
  missingFile,
  missingModule,
  configParse,
  permissionDenied,
  refusesRoot,
  noSpace,
  runtimeOom,
  panic,
  addressInUse,
  connectionLimit,
  resourceLimit,
  firstError,
];
