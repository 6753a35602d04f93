import { describe, expect, it } from 'vitest';
import { limitsInjected, nearLimit, noRequests } from '../../../../src/diagnosis/rules/quota/sizing.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

describe('quota/near-limit', () => {
  const quota = (used: string, hard: string) =>
    object('ResourceQuota', 'compute', { 'status.used[requests.cpu]': used, 'status.hard[requests.cpu]': hard });

  it('gives the share of each resource that is nearly used', () => {
    const [finding] = check(nearLimit, [quota('3800m', '4')]);
    expect(finding?.title).toBe('Quota compute of shop: 3800m of 4 requests.cpu used (95 %)');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['3800m', '4']);
  });

  it('is silent below nine tenths, and for nothing of nothing', () => {
    expect(check(nearLimit, [quota('3500m', '4')])).toEqual([]);
    expect(check(nearLimit, [quota('0', '0')])).toEqual([]);
  });

  it('leaves a quota that refuses pods to the workload that lacks them', () => {
    const replicaSet = object('ReplicaSet', 'web-5f', { 'status.replicas': 0 });
    const failed = eventOn(
      replicaSet,
      'FailedCreate',
      'exceeded quota: compute, requested: requests.cpu=1, used: requests.cpu=3800m, limited: requests.cpu=4',
    );
    expect(check(nearLimit, [quota('3800m', '4'), replicaSet, failed])).toEqual([]);
  });
});

describe('quota/limits-injected', () => {
  const web = (note: string) =>
    pod('web-1', {
      'metadata.annotations[kubernetes.io/limit-ranger]': note,
      'spec.containers[web].resources': { limits: { memory: '64Mi' }, requests: { cpu: '5m' } },
    });
  const range = object('LimitRange', 'defaults', {
    'spec.limits': [{ type: 'Container', default: { memory: '64Mi' } }],
  });

  it('names the LimitRange that a limit came from', () => {
    const note = 'LimitRanger plugin set: cpu, memory request for container web; memory limit for container web';
    const [finding, ...more] = check(limitsInjected, [web(note), range]);
    expect(more).toEqual([]);
    expect(finding?.title).toBe('web-1: memory limit 64Mi came from LimitRange defaults, not its manifest');
    expect(finding?.evidence.map((e) => e.value)).toEqual([note, '64Mi', '64Mi']);
  });

  it('is silent about requests and about other containers', () => {
    expect(check(limitsInjected, [web('LimitRanger plugin set: memory request for container web'), range])).toEqual([]);
    expect(check(limitsInjected, [web('LimitRanger plugin set: memory limit for container proxy'), range])).toEqual([]);
  });
});

describe('quota/no-requests', () => {
  const web = (resources?: Fields) =>
    object('Deployment', 'web', {
      'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1', ...(resources && { resources }) }],
    });

  it('names what a container does not set', () => {
    expect(check(noRequests, [web()])[0]?.title).toBe(
      'web: container web sets no CPU request, memory request and memory limit',
    );
    expect(check(noRequests, [web({ requests: { cpu: '100m', memory: '64Mi' } })])[0]?.title).toBe(
      'web: container web sets no memory limit',
    );
  });

  it('takes a limit for the request of its resource', () => {
    expect(check(noRequests, [web({ limits: { cpu: '1', memory: '64Mi' } })])).toEqual([]);
  });

  it('is silent where the namespace has defaults, the pod has a size as a whole, or LimitRanges were not seen', () => {
    const range = object('LimitRange', 'defaults', {
      'spec.limits': [{ type: 'Container', default: { cpu: '1', memory: '64Mi' } }],
    });
    expect(check(noRequests, [web(), range])).toEqual([]);
    const whole = object('Deployment', 'web', {
      'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1' }],
      'spec.template.spec.resources': { requests: { cpu: '1', memory: '64Mi' }, limits: { memory: '64Mi' } },
    });
    expect(check(noRequests, [whole])).toEqual([]);
    expect(check(noRequests, [web()], { unread: ['LimitRange'] })).toEqual([]);
  });

  it('speaks of the workload once, not of its pods', () => {
    const deployment = web();
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    expect(check(noRequests, [deployment, replicaSet, owned(pod('web-5f-1'), replicaSet)])).toHaveLength(1);
  });
});
