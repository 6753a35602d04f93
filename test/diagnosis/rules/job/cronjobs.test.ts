import { describe, expect, it } from 'vitest';
import {
  cronJobBadSchedule,
  cronJobFailing,
  cronJobMissed,
  cronJobOverlap,
  cronJobSuspended,
} from '../../../../src/diagnosis/rules/job/cronjobs.ts';
import { check, eventOn, object, owned, type Fields } from '../../../support/fixtures.ts';

const failure = (at: string): Fields => ({
  'status.startTime': at,
  'status.conditions[Failed].status': 'True',
  'status.conditions[Failed].reason': 'BackoffLimitExceeded',
  'status.conditions[Failed].lastTransitionTime': at,
});

describe('job/cronjob-suspended', () => {
  const paused = { 'spec.suspend': true, 'status.lastScheduleTime': 'now-30d' };

  it('is a fact, and a warning when the last run failed', () => {
    const job = object('CronJob', 'sync', paused);
    const [finding] = check(cronJobSuspended, [job]);
    expect(finding?.title).toBe('CronJob sync is suspended; last run 30d ago');
    expect(finding?.severity).toBeUndefined();
    expect(finding?.fix).toMatchObject({ verb: 'set-job', path: '.spec.suspend', value: false });
    const failed = owned(object('Job', 'sync-1', failure('now-30d')), job);
    expect(check(cronJobSuspended, [job, failed])[0]?.severity).toBe('warning');
  });
});

describe('job/cronjob-missed', () => {
  const stale = { 'status.lastScheduleTime': 'now-3d' };
  const MISSED = 'too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew';

  it('tells how to go on after too many misses', () => {
    const job = object('CronJob', 'sync', stale);
    const [finding] = check(cronJobMissed, [job, eventOn(job, 'TooManyMissedTimes', MISSED)]);
    expect(finding?.title).toBe('CronJob sync missed its run; last run 3d ago');
    expect(finding?.remediation[0].command).toContain('startingDeadlineSeconds');
  });

  it('tells that the Job itself is refused', () => {
    const job = object('CronJob', 'sync', stale);
    const event = eventOn(
      job,
      'FailedCreate',
      'Error creating job: jobs.batch "sync-1" is forbidden: exceeded quota: team',
    );
    expect(check(cronJobMissed, [job, event])[0]?.title).toContain('cannot create its Job');
  });

  it('is silent when a run started after the event, and while suspended', () => {
    const job = object('CronJob', 'sync', { 'status.lastScheduleTime': 'now-5m' });
    expect(check(cronJobMissed, [job, eventOn(job, 'MissSchedule', 'Missed', { lastTimestamp: 'now-20m' })])).toEqual(
      [],
    );
    const paused = object('CronJob', 'sync', { ...stale, 'spec.suspend': true });
    expect(check(cronJobMissed, [paused, eventOn(paused, 'TooManyMissedTimes', MISSED)])).toEqual([]);
  });
});

describe('job/cronjob-failing', () => {
  it('counts failed runs, also those of which only an event is left', () => {
    const sync = object('CronJob', 'sync', { 'status.lastSuccessfulTime': 'now-90m' });
    const job = owned(object('Job', 'sync-3', failure('now-5m')), sync);
    const seen = ['sync-1', 'sync-2', 'sync-3'].map((name) =>
      eventOn(sync, 'SawCompletedJob', `Saw completed job: ${name}, condition: Failed`, { type: 'Normal' }),
    );
    const [finding] = check(cronJobFailing, [sync, job, ...seen]);
    expect(finding?.title).toBe('CronJob sync: the last 3 runs failed, last success 90m ago');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['sync-3']);
  });

  it('is silent after one failure, after a newer success, and while suspended', () => {
    const sync = object('CronJob', 'sync', { 'status.lastSuccessfulTime': 'now-90m' });
    const [a, b] = ['now-65m', 'now-5m'].map((at, i) => owned(object('Job', `sync-${i}`, failure(at)), sync));
    expect(check(cronJobFailing, [sync, b!])).toEqual([]);
    expect(check(cronJobFailing, [sync, a!, b!])).toHaveLength(1);
    const healed = object('CronJob', 'sync', { 'status.lastSuccessfulTime': 'now-1m' });
    expect(check(cronJobFailing, [healed, a!, b!])).toEqual([]);
    const paused = object('CronJob', 'sync', { 'spec.suspend': true, 'status.lastSuccessfulTime': 'now-90m' });
    expect(check(cronJobFailing, [paused, a!, b!])).toEqual([]);
  });
});

describe('job/cronjob-overlap', () => {
  const forbid = {
    'spec.concurrencyPolicy': 'Forbid',
    'status.active': [{ kind: 'Job', name: 'report-1' }],
    'status.lastScheduleTime': 'now-40m',
  };
  const SKIPPED = 'Not starting job because prior execution is running and concurrency policy is Forbid';

  it('names the Job that still runs', () => {
    const report = object('CronJob', 'report', forbid);
    const job = owned(object('Job', 'report-1', { 'status.active': 1, 'status.startTime': 'now-40m' }), report);
    const [finding] = check(cronJobOverlap, [report, job, eventOn(report, 'JobAlreadyActive', SKIPPED)]);
    expect(finding?.title).toBe('CronJob report skips runs: the previous Job is still running for 40m');
    expect(finding?.causedBy?.[0]).toMatchObject({ kind: 'Job', name: 'report-1' });
  });

  it('is silent when the Job has ended', () => {
    const report = object('CronJob', 'report', { ...forbid, 'status.active': [] });
    expect(check(cronJobOverlap, [report, eventOn(report, 'JobAlreadyActive', SKIPPED)])).toEqual([]);
  });
});

describe('job/cronjob-bad-schedule', () => {
  const never = { 'spec.schedule': '0 0 30 2 *', 'status.lastScheduleTime': undefined };
  const SAID = 'invalid schedule: 0 0 30 2 * : time difference between two schedules is less than 1 second';

  it('names the schedule that the controller cannot use', () => {
    const report = object('CronJob', 'report', never);
    const [finding] = check(cronJobBadSchedule, [report, eventOn(report, 'InvalidSchedule', SAID)]);
    expect(finding?.title).toBe('CronJob report never runs: schedule 0 0 30 2 * has no time that it can meet');
  });

  it('names the unknown time zone', () => {
    const report = object('CronJob', 'report', {
      'spec.timeZone': 'Europe/Atlantis',
      'status.lastScheduleTime': undefined,
    });
    const said = eventOn(report, 'UnknownTimeZone', 'invalid timeZone: "Europe/Atlantis": unknown time zone');
    expect(check(cronJobBadSchedule, [report, said])[0]?.title).toContain('time zone Europe/Atlantis is unknown');
  });

  it('is silent once the schedule is another one', () => {
    const report = object('CronJob', 'report', { ...never, 'spec.schedule': '0 0 28 2 *' });
    expect(check(cronJobBadSchedule, [report, eventOn(report, 'InvalidSchedule', SAID)])).toEqual([]);
  });
});
