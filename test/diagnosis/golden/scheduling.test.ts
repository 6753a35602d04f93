import { describe, expect, it } from 'vitest';
import { eventOn, object, pod } from '../../support/fixtures.ts';
import { ago, reported } from './placed.ts';

describe('pods that wait as they should', () => {
  it('pod/scheduling-gated: pod held by a queueing system', () => {
    const held = pod('train-1', {
      'spec.nodeName': undefined,
      'status.phase': 'Pending',
      'status.conditions': [{ type: 'PodScheduled', status: 'False', reason: 'SchedulingGated' }],
      'spec.schedulingGates': [{ name: 'kueue.x-k8s.io/admission' }],
      'metadata.labels[kueue.x-k8s.io/queue-name]': 'team-a',
    });
    expect(reported([held, object('Node', 'node-1')])).toEqual(['info scheduling/gated']);
  });

  it('pod/pending-few-seconds: pod that waits a moment for the scheduler or autoscaler', () => {
    const web = pod('web-3', {
      'spec.nodeName': undefined,
      'status.phase': 'Pending',
      'status.conditions': [
        {
          type: 'PodScheduled',
          status: 'False',
          reason: 'Unschedulable',
          message: '0/1 nodes are available: 1 Insufficient cpu.',
          lastTransitionTime: ago(0.25),
        },
      ],
    });
    const help = eventOn(web, 'TriggeredScaleUp', 'pod triggered scale-up', {
      type: 'Normal',
      lastTimestamp: 'now-10s',
    });
    expect(reported([web, help, object('Node', 'node-1')])).toEqual([]);
  });

  it('rbac/partial-permissions: identity that may read one namespace only', () => {
    expect(reported([pod('web-1')], { unread: ['Node'] })).toEqual([]);
  });

  it('controlplane/managed-hidden: managed control plane', () => {
    expect(reported([pod('web-1'), object('Node', 'node-1')])).toEqual([]);
  });

  it('event/old: warning event outside the window', () => {
    const x = pod('x');
    const old = eventOn(
      x,
      'FailedMount',
      'Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for the condition',
      { lastTimestamp: 'now-3h' },
    );
    expect(reported([x, old, object('Node', 'node-1')])).toEqual([]);
  });

  it('event/series-only: event with eventTime and series but no lastTimestamp', () => {
    const x = pod('x');
    const old = eventOn(x, 'FailedScheduling', '0/1 nodes are available: 1 Insufficient cpu.', {
      lastTimestamp: null,
      eventTime: 'now-3h',
      series: { lastObservedTime: ago(180) },
    });
    expect(reported([x, old, object('Node', 'node-1')])).toEqual([]);
  });
});
