import { describe, expect, it } from 'vitest';
import { parseSchedulerMessage } from '../../../src/diagnosis/placement/index.ts';

const parts = (text: string) =>
  parseSchedulerMessage(text)?.parts.map(({ obstacle, nodes, name }) =>
    [obstacle, nodes, name].filter((part) => part !== undefined).join(' '),
  );

describe('the scheduler message', () => {
  it.each([
    [
      "0/7 nodes are available: 1 Too many pods, 1 node(s) had untolerated taint(s), 1 node(s) were unschedulable, 4 node(s) didn't match pod anti-affinity rules. no new claims to deallocate, preemption: 0/7 nodes are available: 2 Preemption is not helpful for scheduling, 5 No preemption victims found for incoming pod.",
      ['pod-slots 1', 'taint 1', 'cordon 1', 'anti-affinity 4'],
    ],
    [
      '0/3 nodes are available: 1 Insufficient cpu, 2 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
      ['resources 1 cpu', 'resources 2 nvidia.com/gpu'],
    ],
    ['0/7 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found', ['claim-unbound']],
    ['0/7 nodes are available: persistentvolumeclaim "upload" not found. not found', ['claim-missing upload']],
    [
      "0/4 nodes are available: 1 node(s) had untolerated taint {node-role.kubernetes.io/control-plane: }, 3 node(s) didn't match Pod's node affinity/selector. preemption: 0/4 nodes are available: 4 Preemption is not helpful for scheduling.",
      ['taint 1', 'node-labels 3'],
    ],
    [
      "0/1 nodes are available: 1 node(s) didn't match PersistentVolume's node affinity. preemption: no.",
      ['volume-node 1'],
    ],
    ['0/2 nodes are available: 2 node(s) had volume node affinity conflict.', ['volume-node 2']],
    ["0/2 nodes are available: 2 node(s) didn't match pod affinity rules.", ['pod-affinity 2']],
    ["0/2 nodes are available: 2 node(s) didn't satisfy existing pods anti-affinity rules.", ['anti-affinity 2']],
    [
      "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label).",
      ['topology-spread 2'],
    ],
    ["0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.", ['host-port 2']],
    [
      '0/1 nodes are available: 1 node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod.',
      ['claim-in-use 1'],
    ],
    ['0/1 nodes are available: 1 node(s) exceed max volume count.', ['volume-slots 1']],
    ['0/1 nodes are available: 1 the moon is full.', ['other 1']],
  ])('%s', (text, expected) => {
    expect(parts(text)).toEqual(expected);
  });

  it('is not made of another text', () => {
    expect(parseSchedulerMessage('running PreBind plugin "VolumeBinding": binding volumes: timed out')).toBeUndefined();
  });
});
