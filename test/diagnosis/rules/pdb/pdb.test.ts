import { describe, expect, it } from 'vitest';
import { blocksAll, drainBlocked, temporarilyZero } from '../../../../src/diagnosis/rules/pdb/evictions.ts';
import { overlapping, selectsNothing } from '../../../../src/diagnosis/rules/pdb/selection.ts';
import { check, eventOn, NOW, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

/** A budget over two healthy pods that allows one of them to go. */
const pdb = (fields: Fields = {}, name = 'web') =>
  object('PodDisruptionBudget', name, {
    'spec.minAvailable': 1,
    'spec.selector.matchLabels.app': 'web',
    'status.observedGeneration': 1,
    'status.expectedPods': 2,
    'status.desiredHealthy': 1,
    'status.currentHealthy': 2,
    'status.disruptionsAllowed': 1,
    ...fields,
  });
const labelled = { 'metadata.labels.app': 'web' };
function workload(pods: readonly Fields[]) {
  const web = object('Deployment', 'web', { 'spec.replicas': pods.length });
  const set = owned(object('ReplicaSet', 'web-5f'), web);
  return [web, set, ...pods.map((p, i) => owned(pod(`web-5f-${i}`, { ...labelled, ...p }), set))];
}

describe('pdb/blocks-all', () => {
  const never = {
    'status.expectedPods': 1,
    'status.desiredHealthy': 1,
    'status.currentHealthy': 1,
    'status.disruptionsAllowed': 0,
  };

  it('names the bound, and the workload whose node can never be drained', () => {
    const [finding] = check(blocksAll, [pdb(never), ...workload([{}])]);
    expect(finding?.title).toBe('Budget web never allows an eviction (minAvailable: 1 of 1 pod)');
    expect(finding?.cause).toContain('none of web may ever be evicted');
    expect(finding?.affects?.map((r) => r.kind)).toEqual(['Deployment']);
  });

  it('is silent when one may go, when a pod is unhealthy now, and when an operator made the budget', () => {
    expect(check(blocksAll, [pdb()])).toEqual([]);
    expect(check(blocksAll, [pdb({ ...never, 'status.currentHealthy': 0 })])).toEqual([]);
    expect(check(blocksAll, [owned(pdb(never), object('ConfigMap', 'operator'))])).toEqual([]);
  });
});

describe('pdb/temporarily-zero', () => {
  const zero = (since: string): Fields => ({
    'status.desiredHealthy': 2,
    'status.expectedPods': 3,
    'status.currentHealthy': 1,
    'status.disruptionsAllowed': 0,
    'status.conditions[DisruptionAllowed].status': 'False',
    'status.conditions[DisruptionAllowed].reason': 'InsufficientPods',
    'status.conditions[DisruptionAllowed].lastTransitionTime': since,
  });
  const broken = {
    'status.conditions[Ready].status': 'False',
    'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  };

  it('says how many are healthy and why the others are not', () => {
    const [finding] = check(temporarilyZero, [pdb(zero('now-20m')), ...workload([{}, broken, broken])]);
    expect(finding?.title).toBe('Budget web allows no eviction now: 1 of 2 pods healthy');
    expect(finding?.cause).toContain('container web waits with CrashLoopBackOff (2 pods)');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['web-5f-1', 'web-5f-2']);
  });

  it('is silent in the first ten minutes, and while pods are replaced one after the other', () => {
    expect(check(temporarilyZero, [pdb(zero('now-5m')), ...workload([{}, broken])])).toEqual([]);
    const young = { ...broken, 'metadata.creationTimestamp': 'now-3m' };
    expect(check(temporarilyZero, [pdb(zero('now-20m')), ...workload([{}, young])])).toEqual([]);
  });

  it('reports a budget that the controller cannot compute', () => {
    const failed = {
      ...zero('now-2m'),
      'status.conditions[DisruptionAllowed].reason': 'SyncFailed',
      'status.conditions[DisruptionAllowed].message': 'found no controllers for pod "x"',
    };
    expect(check(temporarilyZero, [pdb(failed)])[0]?.title).toBe(
      'Budget web allows no eviction: its pods cannot be counted',
    );
  });

  it('reports a budget over bare pods, which nobody counts', () => {
    const bare = pod('bare', labelled);
    const budget = pdb({ 'status.expectedPods': 0, 'status.desiredHealthy': 0, 'status.disruptionsAllowed': 0 });
    const said = eventOn(
      budget,
      'UnmanagedPods',
      'Pods selected by this PodDisruptionBudget were found to be unmanaged.',
    );
    expect(check(temporarilyZero, [budget, bare, said])[0]?.evidence[0]?.what).toBe('event UnmanagedPods');
    expect(check(temporarilyZero, [budget, said])).toEqual([]);
  });
});

describe('pdb/overlapping', () => {
  it('names the workload once, whatever the number of its pods', () => {
    const findings = check(overlapping, [pdb({}, 'web-a'), pdb({}, 'web-b'), ...workload([{}, {}, {}])]);
    expect(findings.map((f) => f.title)).toEqual(['Pods of web are covered by 2 budgets: every eviction fails']);
    expect(findings[0]?.affects?.map((r) => r.name)).toEqual(['web-b', 'web']);
  });

  it('takes an empty selector for all pods of its namespace only', () => {
    const all = (namespace: string) =>
      object('PodDisruptionBudget', 'all', { 'spec.selector': {}, 'metadata.namespace': namespace });
    expect(check(overlapping, [pdb(), all('shop'), ...workload([{}])])).toHaveLength(1);
    expect(check(overlapping, [pdb(), all('test'), ...workload([{}])])).toEqual([]);
  });
});

describe('pdb/selects-nothing', () => {
  const empty = { 'spec.selector.matchLabels.app': 'wed', 'status.expectedPods': 0 };

  it('names the workload that differs in one label', () => {
    const [finding] = check(selectsNothing, [pdb(empty), object('Deployment', 'web')]);
    expect(finding?.title).toBe('Budget web selects no pods (app=wed)');
    expect(finding?.cause).toContain('Deployment web differs in one label');
  });

  it('is silent when the workload is scaled to zero, bare pods match, or workloads were not read', () => {
    expect(check(selectsNothing, [pdb(empty), object('Deployment', 'wed', { 'spec.replicas': 0 })])).toEqual([]);
    expect(check(selectsNothing, [pdb(empty), pod('wed-1', { 'metadata.labels.app': 'wed' })])).toEqual([]);
    expect(check(selectsNothing, [pdb(empty)], { unread: ['StatefulSet'] })).toEqual([]);
  });
});

describe('pdb/drain-blocked', () => {
  const cordoned = (since: string) =>
    object('Node', 'node-1', {
      'spec.unschedulable': true,
      'spec.taints': [
        {
          key: 'node.kubernetes.io/unschedulable',
          effect: 'NoSchedule',
          timeAdded: new Date(NOW - Number(since) * 60_000).toISOString(),
        },
      ],
    });
  const none = { 'status.disruptionsAllowed': 0 };

  it('names the node, the budget and the workload', () => {
    const [finding] = check(drainBlocked, [cordoned('40'), pdb(none), ...workload([{}])]);
    expect(finding?.title).toBe('Drain of node node-1 is blocked by budget web (web)');
    expect(finding?.causedBy?.map((r) => `${r.kind}/${r.name}`)).toEqual(['PodDisruptionBudget/web']);
  });

  it('is silent in the first quarter of an hour, and when the budget lets a pod go', () => {
    expect(check(drainBlocked, [cordoned('5'), pdb(none), ...workload([{}])])).toEqual([]);
    expect(check(drainBlocked, [cordoned('40'), pdb(), ...workload([{}])])).toEqual([]);
  });
});
