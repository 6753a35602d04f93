import { describe, expect, it } from 'vitest';
import { ClusterView } from '../../../src/cluster/index.ts';
import { kinds } from '../../../src/domain/index.ts';
import { NOW, object } from '../../support/fixtures.ts';
import { ago, reported, reportedIn } from './placed.ts';

const taint = (key: string, minutes?: number) => ({
  'spec.taints': [{ key, effect: 'NoSchedule', ...(minutes !== undefined && { timeAdded: ago(minutes) }) }],
});

describe('nodes that are as they should be', () => {
  it('node/positive-conditions: extra node conditions that are good when True', () => {
    const fields = Object.fromEntries(
      ['Ready', 'KernelReady', 'ContainerRuntimeReady', 'NetworkingReady', 'EtcdIsVoter'].map((type) => [
        `status.conditions[${type}].status`,
        'True',
      ]),
    );
    expect(reported([object('Node', 'node-1', fields)])).toEqual([]);
  });

  it('node/network-available: NetworkUnavailable False with a CNI reason', () => {
    const fields = {
      'status.conditions[NetworkUnavailable].status': 'False',
      'status.conditions[NetworkUnavailable].reason': 'CalicoIsUp',
    };
    expect(reported([object('Node', 'node-1', fields)])).toEqual([]);
  });

  it('node/new: node in its first two minutes', () => {
    const fields = {
      'metadata.creationTimestamp': 'now-70s',
      'status.conditions[Ready].status': 'False',
      'status.conditions[Ready].message': 'container runtime network not ready: cni plugin not initialized',
      ...taint('node.kubernetes.io/not-ready'),
    };
    expect(reported([object('Node', 'node-9', fields)])).toEqual([]);
  });

  it('node/scale-down: node that the autoscaler removes', () => {
    const fields = {
      'spec.unschedulable': true,
      'metadata.creationTimestamp': 'now-6d',
      ...taint('ToBeDeletedByClusterAutoscaler', 3),
    };
    expect(reported([object('Node', 'node-3', fields)])).toEqual([]);
  });

  it('node/cordoned-short: node under maintenance for 20 minutes', () => {
    const fields = { 'spec.unschedulable': true, ...taint('node.kubernetes.io/unschedulable', 20) };
    expect(reported([object('Node', 'node-4', fields)])).toEqual([]);
  });

  it('node/control-plane-taint: control-plane taint that few pods tolerate', () => {
    expect(reported([object('Node', 'cp-1', taint('node-role.kubernetes.io/control-plane'))])).toEqual([]);
  });

  it('node/older-kubelet: kubelet two minors older during an upgrade', () => {
    const view = new ClusterView({
      identity: { name: 'test', recorded: true, version: 'v1.33.2' },
      at: NOW,
      objects: [object('Node', 'node-1', { 'status.nodeInfo.kubeletVersion': 'v1.31.4' })],
      complete: kinds.map(({ kind }) => ({ kind })),
      absent: [],
      unseen: [],
      logs: [],
    });
    expect(reportedIn(view)).toEqual([]);
  });
});
