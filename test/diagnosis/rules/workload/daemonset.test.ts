import { describe, expect, it } from 'vitest';
import {
  daemonSetMisscheduled,
  daemonSetRolloutStuck,
  daemonSetUnavailable,
} from '../../../../src/diagnosis/rules/workload/daemonset.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const crashing: Fields = {
  'metadata.creationTimestamp': 'now-20m',
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  'status.containerStatuses[web].restartCount': 6,
};
const on = (node: string, revision = 'a'): Fields => ({
  'spec.nodeName': node,
  'metadata.labels[controller-revision-hash]': revision,
});

function daemons(fields: Fields, pods: readonly Fields[], nodes: Readonly<Record<string, Fields>> = {}) {
  const set = object('DaemonSet', 'logs', {
    'status.desiredNumberScheduled': pods.length,
    'status.updatedNumberScheduled': pods.length,
    'status.numberReady': pods.length - 1,
    'status.numberUnavailable': 1,
    ...fields,
  });
  return [
    set,
    ...pods.map((f, i) => owned(pod(`logs-${i}`, f), set)),
    ...['node-1', 'node-2'].map((n) => object('Node', n, nodes[n])),
  ];
}

describe('workload/daemonset-unavailable', () => {
  const broken = [on('node-1'), { ...on('node-2'), ...crashing }];

  it('names the nodes without a Ready pod', () => {
    const [finding] = check(daemonSetUnavailable, daemons({}, broken));
    expect(finding?.title).toBe('logs: 1 of 2 nodes has no Ready pod (node-2)');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['logs-1']);
    expect(finding?.severity).toBeUndefined();
  });

  it('is critical where nodes depend on it', () => {
    const cni = daemons({}, broken).map((o) =>
      o.kind === 'DaemonSet' ? { ...o, metadata: { ...o.metadata, name: 'kube-proxy' } } : o,
    );
    const [set, ...rest] = cni;
    const linked = rest.map((o) => (o.kind === 'Pod' && set ? owned(o, set) : o));
    expect(check(daemonSetUnavailable, [...(set ? [set] : []), ...linked])[0]?.severity).toBe('critical');
  });

  it('leaves a pod to its node when that is not Ready or new', () => {
    const sick = { 'node-2': { 'status.conditions[Ready].status': 'Unknown' } };
    expect(check(daemonSetUnavailable, daemons({}, broken, sick))).toEqual([]);
    const fresh = { 'node-2': { 'metadata.creationTimestamp': 'now-70s' } };
    expect(check(daemonSetUnavailable, daemons({}, broken, fresh))).toEqual([]);
  });

  it('finds the node of a pod that is not scheduled yet', () => {
    const pinned = {
      ...crashing,
      'spec.nodeName': undefined,
      'status.conditions[PodScheduled].status': 'False',
      'spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms': [
        { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }] },
      ],
    };
    expect(check(daemonSetUnavailable, daemons({}, [on('node-1'), pinned]))[0]?.title).toContain('(node-2)');
  });
});

describe('workload/daemonset-rollout-stuck', () => {
  const updating = { 'status.updatedNumberScheduled': 1 };
  const stuck = [on('node-1'), { ...on('node-2', 'b'), ...crashing, 'metadata.labels[controller-revision-hash]': 'b' }];

  it('says where the update stands, and proposes to return while old pods serve', () => {
    const [finding] = check(daemonSetRolloutStuck, daemons(updating, stuck));
    expect(finding?.title).toBe('Update of logs has stopped at 1 of 2 nodes');
    expect(finding?.fix).toMatchObject({ verb: 'rollout-undo', target: { kind: 'DaemonSet' } });
  });

  it('is silent in the first ten minutes, with OnDelete, and when all are updated', () => {
    const young = [on('node-1'), { ...stuck[1], 'metadata.creationTimestamp': 'now-5m' }];
    expect(
      check(daemonSetRolloutStuck, daemons({ ...updating, 'metadata.creationTimestamp': 'now-9d' }, young)),
    ).toEqual([]);
    const onDelete = { ...updating, 'spec.updateStrategy.type': 'OnDelete' };
    expect(check(daemonSetRolloutStuck, daemons(onDelete, stuck))).toEqual([]);
    expect(check(daemonSetRolloutStuck, daemons({}, stuck))).toEqual([]);
  });
});

describe('workload/daemonset-misscheduled', () => {
  const tainted = { 'node-2': { 'spec.taints': [{ key: 'gpu', value: 'true', effect: 'NoSchedule' }] } };
  const pods = [on('node-1'), on('node-2')];

  it('names the nodes that should not have a pod', () => {
    const [finding] = check(
      daemonSetMisscheduled,
      daemons(
        { 'status.numberMisscheduled': 1 },
        pods.map((p) => ({ ...p, 'metadata.creationTimestamp': 'now-1h' })),
        tainted,
      ),
    );
    expect(finding?.title).toBe('logs runs on 1 node where it should not (node-2)');
  });

  it('is silent when the pod tolerates the taint', () => {
    const tolerant = { ...on('node-2'), 'spec.tolerations': [{ operator: 'Exists' }] };
    expect(check(daemonSetMisscheduled, daemons({ 'status.numberMisscheduled': 1 }, [tolerant], tainted))).toEqual([]);
  });
});
