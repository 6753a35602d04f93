import { describe, expect, it } from 'vitest';
import { priorityClassMissing, runtimeClassMissing } from '../../../../src/diagnosis/rules/scheduling/classes.ts';
import { gated, noScheduler, unschedulable } from '../../../../src/diagnosis/rules/scheduling/unschedulable.ts';
import { check, eventOn, NOW, object, owned, pod } from '../../../support/fixtures.ts';
import { bad, node, pending } from './pods.ts';

describe('scheduling/unschedulable', () => {
  it('quotes what holds for most nodes', () => {
    const message = '0/3 nodes are available: 1 Too many pods, 2 Insufficient cpu.';
    expect(check(unschedulable, [node('a'), pending('web-1', message)])[0]?.title).toBe(
      'web-1 cannot be scheduled: Insufficient cpu and 1 more',
    );
  });

  it('is silent inside the grace', () => {
    const web = pending('web-1', bad(1, 'Insufficient cpu'));
    expect(check(unschedulable, [web], { at: NOW - 31_000 })).toEqual([]);
    expect(check(unschedulable, [web], { at: NOW - 30_000 })).toHaveLength(1);
  });
});

describe('scheduling/no-scheduler', () => {
  const unseen = {
    'spec.nodeName': undefined,
    'status.phase': 'Pending',
    'status.conditions': undefined,
    'spec.schedulerName': 'nightly',
  };

  it('names the scheduler that does not look at the pod', () => {
    expect(check(noScheduler, [pod('batch-1', unseen)])[0]?.title).toBe(
      'batch-1 names scheduler nightly, which has not looked at its pods',
    );
  });

  it.each([
    ['a pod of the last two minutes', [pod('batch-1', { ...unseen, 'metadata.creationTimestamp': 'now-119s' })]],
    [
      'a pod that somebody has spoken of',
      ((p) => [p, eventOn(p, 'FailedScheduling', 'waiting')])(pod('batch-1', unseen)),
    ],
    ['a gated pod', [pod('batch-1', { ...unseen, 'status.conditions[PodScheduled].reason': 'SchedulingGated' })]],
  ])('is silent about %s', (_, objects) => {
    expect(check(noScheduler, objects)).toEqual([]);
  });

  it('is silent where events may not be read', () => {
    expect(check(noScheduler, [pod('batch-1', unseen)], { unread: ['Event'] })).toEqual([]);
  });
});

describe('scheduling/gated', () => {
  it('names the gate', () => {
    const held = pod('train-1', {
      'spec.nodeName': undefined,
      'status.phase': 'Pending',
      'status.conditions[PodScheduled].reason': 'SchedulingGated',
      'spec.schedulingGates': [{ name: 'example.com/quota' }],
    });
    expect(check(gated, [held])[0]?.title).toBe('train-1: pods are held by scheduling gate example.com/quota');
  });

  it('is silent once the gates are gone', () => {
    expect(check(gated, [pod('train-1', { 'spec.schedulingGates': [] })])).toEqual([]);
  });
});

describe('scheduling/priorityclass-missing', () => {
  const wants = { 'spec.template.spec.priorityClassName': 'top' };

  it('is critical when pods are refused for it', () => {
    const urgent = object('Deployment', 'urgent', wants);
    const rs = owned(object('ReplicaSet', 'urgent-5f'), urgent);
    const refused = eventOn(
      rs,
      'FailedCreate',
      'Error creating: pods "urgent-5f-" is forbidden: no PriorityClass with name top was found',
    );
    const [finding] = check(priorityClassMissing, [urgent, rs, refused, object('PriorityClass', 'tops')]);
    expect(finding?.title).toBe('urgent names PriorityClass top, which does not exist');
    expect(finding?.severity).toBe('critical');
    expect(finding?.cause).toContain('The nearest name is tops.');
  });

  it.each([
    ['that exists', [object('Deployment', 'urgent', wants), object('PriorityClass', 'top')], {}],
    ['of a workload that is scaled to zero', [object('Deployment', 'urgent', { ...wants, 'spec.replicas': 0 })], {}],
    ['that may not be read', [object('Deployment', 'urgent', wants)], { unread: ['PriorityClass' as const] }],
  ])('is silent about a class %s', (_, objects, options) => {
    expect(check(priorityClassMissing, objects, options)).toEqual([]);
  });
});

describe('scheduling/runtimeclass-missing', () => {
  it('names the class that the template asks for', () => {
    const sandboxed = object('Deployment', 'sandboxed', { 'spec.template.spec.runtimeClassName': 'gvisor' });
    expect(check(runtimeClassMissing, [sandboxed])[0]?.title).toBe(
      'sandboxed names RuntimeClass gvisor, which does not exist',
    );
  });

  it('names the node whose runtime lacks the handler', () => {
    const isolated = pod('isolated-1', { 'spec.runtimeClassName': 'kata', 'status.phase': 'Pending' });
    const refused = eventOn(
      isolated,
      'FailedCreatePodSandBox',
      'Failed to create pod sandbox: rpc error: code = Unknown desc = failed to get sandbox runtime: no runtime for "kata-qemu" is configured',
    );
    const [finding] = check(runtimeClassMissing, [
      object('RuntimeClass', 'kata', { handler: 'kata-qemu' }),
      isolated,
      refused,
    ]);
    expect(finding?.cause).toContain(
      'the handler kata-qemu, which is not configured in the container runtime of node-1',
    );
  });

  it('is silent about a sandbox that fails for another reason', () => {
    const web = pod('web-1', { 'spec.runtimeClassName': 'kata', 'status.phase': 'Pending' });
    const failed = eventOn(web, 'FailedCreatePodSandBox', 'failed to setup network for sandbox');
    expect(check(runtimeClassMissing, [object('RuntimeClass', 'kata'), web, failed])).toEqual([]);
  });
});
