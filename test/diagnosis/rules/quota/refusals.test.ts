import { describe, expect, it } from 'vitest';
import { exceeded } from '../../../../src/diagnosis/rules/quota/exceeded.ts';
import { limitRangeViolation, mustSpecify } from '../../../../src/diagnosis/rules/quota/refused-specs.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

/** A ReplicaSet of Deployment web that has one pod less than it wants, and why. */
function refused(message: string, fields: Fields = {}) {
  const deployment = object('Deployment', 'web');
  const replicaSet = owned(
    object('ReplicaSet', 'web-5f', { 'spec.replicas': 2, 'status.replicas': 1, ...fields }),
    deployment,
  );
  const failed = eventOn(replicaSet, 'FailedCreate', `Error creating: pods "web-5f-x" is forbidden: ${message}`);
  return [deployment, replicaSet, failed];
}

describe('quota/exceeded', () => {
  const message =
    'exceeded quota: compute, requested: requests.cpu=60m, used: requests.cpu=60m, limited: requests.cpu=100m';
  const quota = (used: string, hard = '100m') =>
    object('ResourceQuota', 'compute', {
      'status.used[requests.cpu]': used,
      'status.hard[requests.cpu]': hard,
    });

  it('names the quota, its numbers and who uses most of it', () => {
    const user = pod('api-1', { 'spec.containers[api].resources.requests.cpu': '60m' });
    const [finding] = check(exceeded, [...refused(message), quota('60m'), user]);
    expect(finding).toMatchObject({
      subject: { kind: 'ReplicaSet', name: 'web-5f' },
      causeKey: 'compute requests.cpu',
      severity: 'critical',
      title: 'web cannot create pods: quota compute has 60m of 100m requests.cpu in use',
    });
    expect(finding?.cause).toContain('The largest user is pod/api-1 with 60m requests.cpu in 1 pod.');
    expect(finding?.evidence.slice(1, 3).map((e) => [e.value, e.command])).toEqual([
      ['60m', "kubectl get resourcequota compute -n shop -o jsonpath='{.status.used.requests\\.cpu}'"],
      ['100m', "kubectl get resourcequota compute -n shop -o jsonpath='{.status.hard.requests\\.cpu}'"],
    ]);
  });

  it('relies on the message where the quota was not read', () => {
    const [finding] = check(exceeded, refused(message), { unread: ['ResourceQuota'] });
    expect(finding?.title).toContain('60m of 100m requests.cpu');
  });

  it('reads the condition of a ReplicaSet whose events are gone', () => {
    const [deployment, replicaSet] = refused('', {
      'status.conditions[ReplicaFailure].status': 'True',
      'status.conditions[ReplicaFailure].message': `pods "web-5f-x" is forbidden: ${message}`,
      'status.conditions[ReplicaFailure].lastTransitionTime': 'now-3h',
    });
    const [finding] = check(exceeded, [deployment!, replicaSet!, quota('60m')]);
    expect(finding?.since).toBe('2026-06-01T09:00:00.000Z');
  });

  it('is a warning while pods of the workload serve', () => {
    const objects = refused(message);
    const serving = owned(pod('web-5f-1'), objects[1]!);
    expect(check(exceeded, [...objects, serving, quota('60m')])[0]?.severity).toBe('warning');
  });

  it('is silent when the pods exist by now, and when the quota has room by now or is gone', () => {
    expect(check(exceeded, [...refused(message, { 'status.replicas': 2 }), quota('60m')])).toEqual([]);
    expect(check(exceeded, [...refused(message), quota('60m', '500m')])).toEqual([]);
    expect(check(exceeded, refused(message))).toEqual([]);
  });

  it('is silent about what a quota requires', () => {
    expect(check(exceeded, [...refused('failed quota: compute: must specify limits.memory'), quota('60m')])).toEqual(
      [],
    );
  });
});

describe('quota/must-specify', () => {
  const quota = object('ResourceQuota', 'compute');
  const message = 'failed quota: compute: must specify limits.memory for: web; requests.cpu for: web';

  it('names the container and what it does not set', () => {
    const [finding] = check(mustSpecify, [...refused(message), quota]);
    expect(finding).toMatchObject({
      container: 'web',
      title: 'web cannot create pods: quota compute requires limits.memory and requests.cpu',
    });
    expect(finding?.remediation[0].command).toBe(
      'kubectl set resources deployment/web -n shop -c web --requests=cpu=<value> --limits=memory=<value>',
    );
  });

  it('finds the container itself where an older server lists only fields', () => {
    const objects = refused('failed quota: compute: must specify limits.memory', {
      'spec.template.spec.containers': [
        { name: 'proxy', image: 'a:1', resources: { limits: { memory: '64Mi' } } },
        { name: 'app', image: 'b:1' },
      ],
    });
    expect(check(mustSpecify, [...objects, quota])[0]?.container).toBe('app');
  });

  it('is silent when the quota is gone, and for a full quota', () => {
    expect(check(mustSpecify, refused(message))).toEqual([]);
    const full = 'exceeded quota: compute, requested: pods=1, used: pods=1, limited: pods=1';
    expect(check(mustSpecify, [...refused(full), quota])).toEqual([]);
  });
});

describe('quota/limitrange-violation', () => {
  const range = object('LimitRange', 'bounds', { 'spec.limits': [{ type: 'Container', max: { memory: '64Mi' } }] });
  const message = 'maximum memory usage per Container is 64Mi, but limit is 128Mi';

  it('quotes the bound and what was asked', () => {
    const [finding] = check(limitRangeViolation, [...refused(message), range]);
    expect(finding?.cause).toContain(message);
    expect(finding?.causeKey).toBe('maximum memory usage per Container is 64Mi');
    expect(finding?.title).toBe('web cannot create pods: maximum memory per Container is 64Mi, but limit is 128Mi');
    expect(finding?.evidence[1]).toMatchObject({
      value: '64Mi',
      command: `kubectl get limitrange bounds -n shop -o jsonpath='{.spec.limits[0].max.memory}'`,
    });
  });

  it('names every bound that a Job breaks', () => {
    const job = object('Job', 'import');
    const failed = eventOn(
      job,
      'FailedCreate',
      'Error creating: pods "import-x" is forbidden: [minimum cpu usage per Pod is 50m, but request is 10m, memory max limit to request ratio per Container is 2, but provided ratio is 4.000000]',
    );
    expect(check(limitRangeViolation, [job, failed, range])[0]?.cause).toContain(
      'minimum cpu usage per Pod is 50m, but request is 10m; memory max limit to request ratio per Container is 2, but provided ratio is 4.000000',
    );
  });

  it('is silent when the LimitRange is gone, for a full quota and for a Job that ended', () => {
    expect(check(limitRangeViolation, refused(message))).toEqual([]);
    expect(check(limitRangeViolation, [...refused('exceeded quota: a, requested: pods=1'), range])).toEqual([]);
    const job = object('Job', 'import', { 'status.conditions[Complete].status': 'True' });
    expect(check(limitRangeViolation, [job, eventOn(job, 'FailedCreate', message), range])).toEqual([]);
  });
});
