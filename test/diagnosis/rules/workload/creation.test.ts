import { describe, expect, it } from 'vitest';
import { controllerLag, createFailed, noPods } from '../../../../src/diagnosis/rules/workload/creation.ts';
import { refusalOf } from '../../../../src/diagnosis/rules/workload/refusals.ts';
import { check, eventOn, object, owned, pod, viewOf } from '../../../support/fixtures.ts';

const QUOTA =
  'Error creating: pods "web-5f-x7k2p" is forbidden: exceeded quota: team, requested: pods=1, used: pods=2, limited: pods=2';

describe('workload/create-failed', () => {
  const web = object('Deployment', 'web');
  const set = () => owned(object('ReplicaSet', 'web-5f', { 'spec.replicas': 2, 'status.replicas': undefined }), web);

  it('names the workload and what refuses its pods, and points to that object', () => {
    const rs = set();
    const [finding] = check(createFailed, [web, rs, eventOn(rs, 'FailedCreate', QUOTA)]);
    expect(finding?.title).toBe('web cannot create pods: quota team is used up');
    expect(finding?.severity).toBeUndefined();
    expect(finding?.causedBy?.map((r) => `${r.kind}/${r.name}`)).toEqual([
      'ResourceQuota/team',
      'ServiceAccount/default',
    ]);
  });

  it('is a warning while some pods exist', () => {
    const rs = set();
    const old = owned(pod('web-5f-a', { 'metadata.creationTimestamp': 'now-1h' }), rs);
    const [finding] = check(createFailed, [web, rs, old, eventOn(rs, 'FailedCreate', QUOTA)]);
    expect(finding?.severity).toBe('warning');
    expect(finding?.cause).toContain('1 of 2 pods exist');
  });

  it('reads the condition of a ReplicaSet where events are gone', () => {
    const rs = set();
    const failing = owned(
      object('ReplicaSet', 'web-5f', {
        'status.replicas': undefined,
        'status.conditions[ReplicaFailure].status': 'True',
        'status.conditions[ReplicaFailure].reason': 'FailedCreate',
        'status.conditions[ReplicaFailure].message': QUOTA,
      }),
      web,
    );
    expect(check(createFailed, [web, failing])).toHaveLength(1);
    expect(check(createFailed, [web, rs])).toEqual([]);
  });

  it('is silent when a pod was made after the event, or all wanted pods exist', () => {
    const rs = set();
    const event = eventOn(rs, 'FailedCreate', QUOTA, { lastTimestamp: 'now-20m' });
    const newer = owned(pod('web-5f-a', { 'metadata.creationTimestamp': 'now-10m' }), rs);
    expect(check(createFailed, [web, rs, newer, event])).toEqual([]);
    const all = [1, 2].map((i) => owned(pod(`web-5f-${i}`, { 'metadata.creationTimestamp': 'now-1h' }), rs));
    expect(check(createFailed, [web, rs, ...all, event])).toEqual([]);
  });

  it('is silent for a Job that has ended', () => {
    const job = object('Job', 'load', { 'status.conditions[Complete].status': 'True' });
    expect(check(createFailed, [job, eventOn(job, 'FailedCreate', QUOTA)])).toEqual([]);
  });

  it.each([
    [
      'pods "a" is forbidden: failed quota: team: must specify limits.cpu for: web',
      'quota team demands limits.cpu for: web',
    ],
    [
      'pods "a" is forbidden: violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false',
      'Pod Security restricted:latest refuses them',
    ],
    [
      'pods "a-" is forbidden: error looking up service account shop/runner: serviceaccount "runner" not found',
      'ServiceAccount runner does not exist',
    ],
    [
      'Internal error occurred: failed calling webhook "pods.example.com": no endpoints available',
      'webhook pods.example.com does not answer',
    ],
    ['admission webhook "pods.example.com" denied the request: no', 'webhook pods.example.com refuses them'],
    ['pods "a" is forbidden: no PriorityClass with name high was found', 'PriorityClass high does not exist'],
    [
      'pods "a" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi',
      'LimitRange maximum memory per Container is 1Gi',
    ],
    [
      'create Pod a-0 in StatefulSet a failed error: Pod "a-0" is invalid: metadata.labels: Invalid value: "x": must be no more than 63',
      'metadata.labels is invalid',
    ],
    ['create Pod a-0 in StatefulSet a failed error: the moon is full', 'the moon is full'],
  ])('reads %s', (message, text) => {
    expect(refusalOf(viewOf([]), message, 'shop').text).toBe(text);
  });

  it('finds the configuration that holds a webhook', () => {
    const hook = object('ValidatingWebhookConfiguration', 'policy', { webhooks: [{ name: 'pods.example.com' }] });
    const message = 'admission webhook "pods.example.com" denied the request: no';
    expect(refusalOf(viewOf([hook]), message, 'shop').refs[0]?.name).toBe('policy');
  });
});

describe('workload/no-pods', () => {
  const none = { 'status.replicas': undefined, 'status.readyReplicas': undefined, 'spec.replicas': 2 };

  it('reports a workload whose controller made no pod and told nothing', () => {
    const [finding] = check(noPods, [object('Deployment', 'web', none)]);
    expect(finding?.title).toBe('web wants 2 pods and has none');
  });

  it('is silent for a new or paused one, with a refusal, or where pods were not read', () => {
    expect(check(noPods, [object('Deployment', 'web', { ...none, 'metadata.creationTimestamp': 'now-20s' })])).toEqual(
      [],
    );
    expect(check(noPods, [object('Deployment', 'web', { ...none, 'spec.paused': true })])).toEqual([]);
    const web = object('Deployment', 'web', none);
    const rs = owned(object('ReplicaSet', 'web-5f', none), web);
    expect(check(noPods, [web, rs, eventOn(rs, 'FailedCreate', QUOTA)])).toEqual([]);
    expect(check(noPods, [web], { unread: ['Pod'] })).toEqual([]);
  });

  it('tells a DaemonSet whose label exists on the nodes with another value, as info', () => {
    const agent = object('DaemonSet', 'agent', {
      'spec.template.spec.nodeSelector': { 'kubernetes.io/os': 'linus' },
      'status.desiredNumberScheduled': 0,
    });
    const node = object('Node', 'node-1', { 'metadata.labels': { 'kubernetes.io/os': 'linux' } });
    const [finding] = check(noPods, [agent, node]);
    expect(finding?.title).toBe('agent runs nowhere: no node has label kubernetes.io/os=linus');
    expect(finding?.severity).toBe('info');
    expect(check(noPods, [agent, object('Node', 'node-1')])).toEqual([]);
  });
});

describe('workload/controller-lag', () => {
  const unseen = { 'metadata.generation': 4, 'status.observedGeneration': 3 };
  const lease = (renewed: string) =>
    object('Lease', 'kube-controller-manager', {
      'metadata.namespace': 'kube-system',
      'spec.renewTime': renewed,
    });

  it('reports an unseen change while the controllers have no leader', () => {
    const [finding] = check(controllerLag, [object('Deployment', 'web', unseen), lease('now-5m')]);
    expect(finding?.title).toBe('web: controllers have not seen its last change for 5m');
    expect(finding?.causedBy?.[0]?.kind).toBe('Lease');
  });

  it('reports an object that was never seen', () => {
    const fresh = { 'status.observedGeneration': undefined, 'metadata.creationTimestamp': 'now-3m' };
    expect(check(controllerLag, [object('StatefulSet', 'db', fresh)])[0]?.title).toContain('for 3m');
  });

  it('is silent while the leader is alive: the change may be a second old', () => {
    expect(check(controllerLag, [object('Deployment', 'web', unseen), lease('now-2s')])).toEqual([]);
  });
});
