import { describe, expect, it } from 'vitest';
import { unsettled } from '../../src/diagnosis/index.ts';
import { refOf } from '../../src/domain/index.ts';
import { object, owned, pod, viewOf } from '../support/fixtures.ts';

const left = (...objects: Parameters<typeof viewOf>[0]) => unsettled(viewOf(objects), { namespace: 'shop' });

describe('what a deploy gate waits for', () => {
  it('is nothing where every rollout has ended', () => {
    expect(
      left(object('Deployment', 'web'), object('StatefulSet', 'db'), object('DaemonSet', 'agent'), pod('bare')),
    ).toEqual([]);
  });

  it('is a rollout that its controller has not begun, not finished, or whose pods are not available', () => {
    expect(left(object('Deployment', 'web', { 'status.observedGeneration': 0 }))).toEqual([
      'deployment/web: its controller has not seen the last change yet',
    ]);
    expect(left(object('Deployment', 'web', { 'spec.replicas': 3, 'status.availableReplicas': 3 }))).toEqual([
      'deployment/web: 1 of 3 replicas updated',
    ]);
    expect(left(object('StatefulSet', 'db', { 'status.availableReplicas': 0 }))).toEqual([
      'statefulset/db: 0 of 1 replicas available',
    ]);
    expect(left(object('DaemonSet', 'agent', { 'status.numberAvailable': 0 }))).toEqual([
      'daemonset/agent: 0 of 1 replicas available',
    ]);
  });

  it('is not what a person holds back: a paused rollout, a partition, an update by hand', () => {
    expect(
      left(
        object('Deployment', 'web', { 'spec.paused': true, 'status.updatedReplicas': 0 }),
        object('StatefulSet', 'db', { 'spec.updateStrategy.rollingUpdate.partition': 1, 'status.updatedReplicas': 0 }),
        object('DaemonSet', 'agent', { 'spec.updateStrategy.type': 'OnDelete', 'status.updatedNumberScheduled': 0 }),
      ),
    ).toEqual([]);
  });

  it('is a bare pod that is not Ready, not the pods of a workload, unless they were asked about', () => {
    const web = object('Deployment', 'web');
    const fields = { 'status.conditions[Ready].status': 'False' };
    const child = owned(pod('web-1', fields), web);
    expect(left(web, child)).toEqual([]);
    expect(left(pod('bare', fields))).toEqual(['pod/bare: Running, not Ready']);
    expect(unsettled(viewOf([web, child]), { targets: [refOf(child)] })).toEqual([
      'shop/pod/web-1: Running, not Ready',
    ]);
    const evicted = owned(pod('web-2', { ...fields, 'status.phase': 'Failed' }), web);
    expect(unsettled(viewOf([web, evicted]), { targets: [refOf(evicted)] })).toEqual([]);
  });

  it('lies within the question', () => {
    const slow = object('Deployment', 'slow', { 'status.availableReplicas': 0 });
    const view = viewOf([slow, object('Deployment', 'web')]);
    expect(unsettled(view, { namespace: 'other' })).toEqual([]);
    expect(unsettled(view, { targets: [{ kind: 'Deployment', namespace: 'shop', name: 'web' }] })).toEqual([]);
    expect(unsettled(view, {})).toEqual(['shop/deployment/slow: 0 of 1 replicas available']);
  });
});
