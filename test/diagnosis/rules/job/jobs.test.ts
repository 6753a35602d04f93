import { describe, expect, it } from 'vitest';
import {
  failedBackoff,
  failedDeadline,
  failedPolicy,
  retrying,
  runningLong,
  suspended,
} from '../../../../src/diagnosis/rules/job/jobs.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const failed = (reason: string, message = '', at = 'now-10m'): Fields => ({
  'status.failed': 2,
  'status.conditions[Failed].status': 'True',
  'status.conditions[Failed].reason': reason,
  'status.conditions[Failed].message': message,
  'status.conditions[Failed].lastTransitionTime': at,
});
const exit = (code: number): Fields => ({
  'status.phase': 'Failed',
  'status.conditions[Ready].status': 'False',
  'spec.containers': [{ name: 'main' }],
  'status.containerStatuses[main].state.terminated': { exitCode: code, reason: 'Error' },
});
const complete = (start: string, end: string): Fields => ({
  'status.startTime': start,
  'status.completionTime': end,
  'status.conditions[Complete].status': 'True',
});

describe('job/failed-backoff', () => {
  const BACKOFF = failed('BackoffLimitExceeded', 'Job has reached the specified backoff limit');

  it('says how often it was tried and how the pods ended', () => {
    const job = object('Job', 'load', { ...BACKOFF, 'spec.backoffLimit': 1 });
    const [finding] = check(failedBackoff, [
      job,
      owned(pod('load-a', exit(3)), job),
      owned(pod('load-b', exit(3)), job),
    ]);
    expect(finding?.title).toBe('Job load failed after 2 tries: container main ends with exit code 3');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['load-a', 'load-b']);
  });

  it('says that the cause is not seen when the pods are gone', () => {
    const [finding] = check(failedBackoff, [object('Job', 'load', BACKOFF)]);
    expect(finding?.cause).toContain('Cause not seen: no pod of it is left');
  });

  it('speaks of the CronJob, whose Jobs change their names', () => {
    const sync = object('CronJob', 'sync', { 'status.lastSuccessfulTime': 'now-1d' });
    const job = owned(object('Job', 'sync-29123', BACKOFF), sync);
    const [finding] = check(failedBackoff, [sync, job]);
    expect(finding?.title).toContain('Run of CronJob sync failed');
    expect(finding?.remediation[1]?.command).toBe('kubectl create job --from=cronjob/sync sync-manual -n shop');
  });

  it('is silent about yesterday, and about a run that a later one made good', () => {
    const old = object('Job', 'load', failed('BackoffLimitExceeded', '', 'now-2d'));
    expect(check(failedBackoff, [old])).toEqual([]);
    const sync = object('CronJob', 'sync', { 'status.lastSuccessfulTime': undefined });
    const bad = owned(object('Job', 'sync-1', BACKOFF), sync);
    const good = owned(object('Job', 'sync-2', complete('now-5m', 'now-4m')), sync);
    expect(check(failedBackoff, [sync, bad, good])).toEqual([]);
    expect(check(failedBackoff, [sync, bad])).toHaveLength(1);
  });
});

describe('job/failed-deadline', () => {
  it('names the deadline', () => {
    const job = object('Job', 'slow', { ...failed('DeadlineExceeded'), 'spec.activeDeadlineSeconds': 5 });
    expect(check(failedDeadline, [job])[0]?.title).toBe('Job slow was stopped after 5s (activeDeadlineSeconds)');
    expect(check(failedBackoff, [job])).toEqual([]);
  });
});

describe('job/failed-policy', () => {
  it('reads the rule without the name of the pod', () => {
    const message =
      'Container main for pod shop/import-4m8ts failed with exit code 42 matching FailJob rule at index 0';
    const [finding] = check(failedPolicy, [object('Job', 'import', failed('PodFailurePolicy', message))]);
    expect(finding?.title).toBe('Job import failed by rule: container main ended with exit code 42 (rule 0)');
    expect(finding?.causeKey).not.toContain('4m8ts');
  });

  it('names the indexes that used up their tries', () => {
    const job = object('Job', 'import', {
      ...failed('FailedIndexes', 'Job has failed indexes'),
      'status.failedIndexes': '3,7',
    });
    expect(check(failedPolicy, [job])[0]?.title).toContain('indexes 3,7 used up their tries');
  });
});

describe('job/retrying', () => {
  const active = { 'status.active': 1, 'status.failed': 2 };

  it('counts the failed tries of a Job that goes on', () => {
    const job = object('Job', 'load', active);
    const [finding] = check(retrying, [job, owned(pod('load-a', exit(3)), job)]);
    expect(finding?.title).toBe('Job load is retrying: 2 failed tries of 6');
    expect(finding?.cause).toContain('container main ends with exit code 3');
  });

  it('is silent after one lost try while the next one runs', () => {
    const job = object('Job', 'load', { ...active, 'status.failed': 1 });
    expect(check(retrying, [job, owned(pod('load-a', exit(3)), job), owned(pod('load-b'), job)])).toEqual([]);
    expect(check(retrying, [job, owned(pod('load-a', exit(3)), job)])).toHaveLength(1);
  });

  it('is silent when the Job has ended or is about to', () => {
    for (const type of ['Complete', 'Failed', 'SuccessCriteriaMet', 'FailureTarget'])
      expect(
        check(retrying, [object('Job', 'load', { ...active, [`status.conditions[${type}].status`]: 'True' })]),
      ).toEqual([]);
  });
});

describe('job/suspended', () => {
  it('is a fact, but not for a Job that waits in a queue', () => {
    const stopped = { 'spec.suspend': true };
    expect(check(suspended, [object('Job', 'load', stopped)])[0]?.title).toBe('Job load is suspended');
    const queued = { ...stopped, 'metadata.labels[kueue.x-k8s.io/queue-name]': 'team-a' };
    expect(check(suspended, [object('Job', 'load', queued)])).toEqual([]);
  });
});

describe('job/running-long', () => {
  const sync = object('CronJob', 'sync');
  const runs = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      owned(object('Job', `sync-${i}`, complete(`now-${i + 2}h`, `now-${(i + 2) * 60 - 10}m`)), sync),
    );
  const now = (start: string) =>
    owned(object('Job', 'sync-9', { 'status.active': 1, 'status.startTime': start }), sync);

  it('compares with at least three earlier runs', () => {
    expect(check(runningLong, [sync, ...runs(3), now('now-40m')])[0]?.title).toBe(
      'Run of CronJob sync has run for 40m, usually 10m at most',
    );
    expect(check(runningLong, [sync, ...runs(3), now('now-25m')])).toEqual([]);
    expect(check(runningLong, [sync, ...runs(2), now('now-40m')])).toEqual([]);
  });

  it('takes a day where nothing is known, unless a deadline ends it anyway', () => {
    const long = { 'status.active': 1, 'status.startTime': 'now-2d' };
    expect(check(runningLong, [object('Job', 'load', long)])[0]?.title).toBe('Job load has run for 2d');
    expect(check(runningLong, [object('Job', 'load', { ...long, 'spec.activeDeadlineSeconds': 300_000 })])).toEqual([]);
  });
});
