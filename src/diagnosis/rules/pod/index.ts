import type { Rule } from '../../rule.ts';
import { deadlineExceeded, evictedNodePressure, evictedOwnLimit, preempted, rejectedByKubelet } from './ended.ts';
import { lostWithNode, onUnhealthyNode, stuckTerminating } from './nodes.ts';
import { bare, restartStorm } from './restarts.ts';
import { notReady, readinessGate, resizeNotApplied, stuckCreating } from './waiting.ts';

export const podRules: readonly Rule[] = [
  stuckCreating,
  evictedNodePressure,
  evictedOwnLimit,
  rejectedByKubelet,
  deadlineExceeded,
  lostWithNode,
  preempted,
  stuckTerminating,
  notReady,
  readinessGate,
  restartStorm,
  bare,
  resizeNotApplied,
  onUnhealthyNode,
];
