import type { Rule } from '../../rule.ts';
import { controllerLag, createFailed, noPods } from './creation.ts';
import { daemonSetMisscheduled, daemonSetRolloutStuck, daemonSetUnavailable } from './daemonset.ts';
import { allOnOneNode, scaledToZero, selectorOverlap } from './posture.ts';
import { degraded, unavailable } from './replicas.ts';
import { badRelease, paused, recreateWaiting, rolloutStalled, surgeBlocked } from './rollout.ts';
import { statefulSetBlocked, statefulSetServiceMissing, statefulSetUpdateHeld } from './statefulset.ts';

export const workloadRules: readonly Rule[] = [
  rolloutStalled,
  badRelease,
  unavailable,
  degraded,
  createFailed,
  noPods,
  controllerLag,
  paused,
  surgeBlocked,
  recreateWaiting,
  scaledToZero,
  selectorOverlap,
  allOnOneNode,
  statefulSetBlocked,
  statefulSetServiceMissing,
  statefulSetUpdateHeld,
  daemonSetUnavailable,
  daemonSetMisscheduled,
  daemonSetRolloutStuck,
];
