import type { Rule } from '../../rule.ts';
import { priorityClassMissing, runtimeClassMissing } from './classes.ts';
import { extendedResource } from './devices.ts';
import { hostPortConflict } from './host-ports.ts';
import { nodeLabelNoMatch } from './labels.ts';
import { antiAffinity, podAffinity, topologySpread } from './neighbours.ts';
import { allCordoned, nodeSlotsFull, untoleratedTaint } from './nodes.ts';
import { exceedsAnyNode, insufficientResources } from './resources.ts';
import { gated, noScheduler, unschedulable } from './unschedulable.ts';
import { claimMissing, claimUnbound, readWriteOncePod, volumeZoneConflict } from './volumes.ts';

export const schedulingRules: readonly Rule[] = [
  unschedulable,
  insufficientResources,
  exceedsAnyNode,
  extendedResource,
  untoleratedTaint,
  nodeLabelNoMatch,
  allCordoned,
  nodeSlotsFull,
  podAffinity,
  antiAffinity,
  topologySpread,
  volumeZoneConflict,
  claimUnbound,
  claimMissing,
  hostPortConflict,
  readWriteOncePod,
  noScheduler,
  gated,
  priorityClassMissing,
  runtimeClassMissing,
];
