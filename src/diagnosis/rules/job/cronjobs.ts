import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  count,
  formatDuration,
  oneLine,
  parseTime,
  ref,
  refOf,
  type CronJob,
  type KubeEvent,
  type NonEmpty,
  type Evidence,
} from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { lastingFix, sourceSteps } from '../workload/managed.ts';
import { endOf, failureOf, isComplete, runsOf } from './runs.ts';

/** The newest event of these reasons, unless the controller has started a run since. */
function standing(view: ClusterView, cronJob: CronJob, ...reasons: readonly string[]): KubeEvent | undefined {
  const newest = view.events(cronJob, ...reasons).at(-1);
  const started = parseTime(cronJob.status?.lastScheduleTime) ?? 0;
  return newest && (eventTime(newest) ?? 0) > started ? newest : undefined;
}

/** `last run 30d ago`, or that there was none. */
function lastRun(cronJob: CronJob, now: number): string {
  const started = parseTime(cronJob.status?.lastScheduleTime);
  return started === undefined ? 'no run so far' : `last run ${formatDuration(now - started)} ago`;
}

function described(cronJob: CronJob): string {
  return `kubectl describe cronjob ${cronJob.metadata.name ?? ''} -n ${cronJob.metadata.namespace ?? ''}`;
}

export const cronJobSuspended: Rule = {
  id: 'job/cronjob-suspended',
  severity: 'info',
  confidence: 'certain',
  needs: ['CronJob', 'Job'],
  *check({ view, now }) {
    for (const cronJob of view.all('CronJob')) {
      if (cronJob.spec?.suspend !== true) continue;
      const self = refOf(cronJob);
      const last = runsOf(view, self).findLast((job) => endOf(job) !== undefined);
      const failure = last && failureOf(last);
      yield {
        subject: self,
        causeKey: 'suspended',
        ...(failure && { severity: 'warning' as const }),
        title: `CronJob ${self.name} is suspended${failure ? ' and its last run failed' : ''}; ${lastRun(cronJob, now)}`,
        cause: `spec.suspend of CronJob ${self.name} is true: no run starts until that is taken back.`,
        evidence: [
          field(cronJob, '.spec.suspend'),
          ...(cronJob.status?.lastScheduleTime === undefined ? [] : [field(cronJob, '.status.lastScheduleTime')]),
          ...(last && failure ? [field(last, '.status.conditions[?(@.type=="Failed")].reason')] : []),
        ],
        remediation: [
          {
            text: 'Let it run again, if the pause is over',
            command: `kubectl patch cronjob ${self.name} -n ${self.namespace ?? ''} -p '{"spec":{"suspend":false}}'`,
          },
          ...sourceSteps(cronJob),
        ],
        ...lastingFix(cronJob, { verb: 'set-job', target: self, path: '.spec.suspend', value: false }),
      };
    }
  },
};

export const cronJobMissed: Rule = {
  id: 'job/cronjob-missed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['CronJob', 'Event'],
  *check({ view, now }) {
    for (const cronJob of view.all('CronJob')) {
      if (cronJob.spec?.suspend === true) continue;
      const missed = standing(view, cronJob, 'TooManyMissedTimes', 'MissSchedule', 'FailedCreate');
      if (!missed) continue;
      const self = refOf(cronJob);
      const tooMany = missed.reason === 'TooManyMissedTimes';
      const refused = missed.reason === 'FailedCreate';
      yield {
        subject: self,
        causeKey: missed.reason ?? '',
        title: `CronJob ${self.name} ${refused ? 'cannot create its Job' : 'missed its run'}; ${lastRun(cronJob, now)}`,
        cause: tooMany
          ? `More than 100 runs of CronJob ${self.name} were missed, so the controller starts none any more.`
          : refused
            ? `The API server refuses the Job of CronJob ${self.name}: ${oneLine(missed.message ?? '', 200)}`
            : `A run was not started within startingDeadlineSeconds; most likely kube-controller-manager was down or slow at that time.`,
        ...(eventTime(missed) !== undefined && { since: new Date(eventTime(missed) ?? 0).toISOString() }),
        causedBy: [ref('Lease', 'kube-system', 'kube-controller-manager')],
        evidence: [event(missed), field(cronJob, '.spec.schedule')],
        remediation: [
          tooMany
            ? {
                text: 'Let the controller ignore old misses',
                command: `kubectl patch cronjob ${self.name} -n ${self.namespace ?? ''} -p '{"spec":{"startingDeadlineSeconds":200}}'`,
              }
            : { text: 'Read the events of the CronJob', command: described(cronJob) },
        ],
      };
    }
  },
};

/** Failed runs that the API still knows: Jobs, and those of which only the controller's event is left. */
function failedRuns(
  view: ClusterView,
  cronJob: CronJob,
): { names: ReadonlySet<string>; evidence: readonly Evidence[] } {
  const success = parseTime(cronJob.status?.lastSuccessfulTime) ?? 0;
  const jobs = runsOf(view, refOf(cronJob)).filter((job) => failureOf(job) && (endOf(job) ?? 0) > success);
  const events = view
    .events(cronJob, 'SawCompletedJob')
    .filter((e) => (eventTime(e) ?? 0) > success)
    .map((e) => [/completed job: ([^,]+),.*condition: Failed/.exec(e.message ?? '')?.[1], e] as const)
    .filter((pair): pair is [string, KubeEvent] => pair[0] !== undefined);
  return {
    names: new Set([...jobs.map((job) => job.metadata.name ?? ''), ...events.map(([name]) => name)]),
    evidence: [
      ...jobs.slice(-2).map((job) => field(job, '.status.conditions[?(@.type=="Failed")].reason')),
      ...events.slice(-2).map(([, e]) => event(e)),
    ],
  };
}

export const cronJobFailing: Rule = {
  id: 'job/cronjob-failing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['CronJob', 'Job', 'Event'],
  *check({ view, now }) {
    for (const cronJob of view.all('CronJob')) {
      if (cronJob.spec?.suspend === true) continue;
      const self = refOf(cronJob);
      const finished = runsOf(view, self).filter((job) => endOf(job) !== undefined);
      const newest = finished.at(-1);
      if (!newest || isComplete(newest)) continue;
      const { names, evidence } = failedRuns(view, cronJob);
      const [first, ...rest] = evidence;
      if (names.size < 2 || !first) continue;
      const success = cronJob.status?.lastSuccessfulTime;
      const ago =
        success === undefined ? 'none ever succeeded' : `last success ${formatDuration(now - Date.parse(success))} ago`;
      yield {
        subject: self,
        causeKey: 'failing',
        title: `CronJob ${self.name}: the last ${count(names.size, 'run')} failed, ${ago}`,
        cause: `${success === undefined ? 'No run' : 'No later run'} of CronJob ${self.name} has succeeded. Cause not seen beyond the end of its Jobs.`,
        ...(success !== undefined && { since: success }),
        causedBy: finished.filter((job) => failureOf(job)).map(refOf),
        evidence: [
          first,
          ...rest,
          ...(success === undefined ? [] : [field(cronJob, '.status.lastSuccessfulTime')]),
        ] satisfies NonEmpty<Evidence>,
        remediation: [
          {
            text: 'When the cause is gone, try a run by hand',
            command: `kubectl create job --from=cronjob/${self.name} ${self.name}-manual -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

export const cronJobOverlap: Rule = {
  id: 'job/cronjob-overlap',
  severity: 'warning',
  confidence: 'certain',
  needs: ['CronJob', 'Event'],
  *check({ view, now }) {
    for (const cronJob of view.all('CronJob')) {
      const active = cronJob.status?.active ?? [];
      if (cronJob.spec?.suspend === true || active.length === 0) continue;
      const skipped = standing(view, cronJob, 'JobAlreadyActive');
      if (!skipped) continue;
      const self = refOf(cronJob);
      const job = runsOf(view, self).find((run) => run.metadata.name === active[0]?.name);
      const start = parseTime(job?.status?.startTime);
      const age = start === undefined ? '' : ` for ${formatDuration(now - start)}`;
      yield {
        subject: self,
        causeKey: 'overlap',
        title: `CronJob ${self.name} skips runs: the previous Job is still running${age}`,
        cause: `concurrencyPolicy Forbid holds back new runs of schedule ${cronJob.spec?.schedule ?? ''} while Job ${active[0]?.name ?? ''} runs.`,
        ...(job?.status?.startTime !== undefined && { since: job.status.startTime }),
        causedBy: active.map((a) => ref('Job', self.namespace, a.name ?? '')),
        evidence: [
          event(skipped),
          field(cronJob, '.spec.concurrencyPolicy'),
          field(cronJob, '.spec.schedule'),
          field(cronJob, '.status.active[0].name'),
        ],
        remediation: [
          {
            text: 'See what the running Job does; end it if it hangs, or make the period longer',
            command: `kubectl logs job/${active[0]?.name ?? ''} -n ${self.namespace ?? ''} --tail=50`,
          },
        ],
      };
    }
  },
};

/** What the controller says of a schedule that it cannot use. */
const BAD_SCHEDULE = ['UnknownTimeZone', 'UnparseableSchedule', 'InvalidSchedule', 'UnsupportedSchedule'];

export const cronJobBadSchedule: Rule = {
  id: 'job/cronjob-bad-schedule',
  severity: 'critical',
  confidence: 'certain',
  needs: ['CronJob', 'Event'],
  *check({ view }) {
    for (const cronJob of view.all('CronJob')) {
      const said = standing(view, cronJob, ...BAD_SCHEDULE);
      if (!said || cronJob.spec?.suspend === true) continue;
      const self = refOf(cronJob);
      const { schedule = '', timeZone } = cronJob.spec ?? {};
      const zone = said.reason === 'UnknownTimeZone';
      const problem = zone
        ? `time zone ${timeZone ?? ''} is unknown`
        : `schedule ${schedule} has no time that it can meet`;
      // A corrected schedule is judged anew: the message quotes the one that it was said of.
      if (!(said.message ?? '').includes(zone ? (timeZone ?? '') : schedule)) continue;
      yield {
        subject: self,
        causeKey: zone ? (timeZone ?? '') : schedule,
        title: oneLine(`CronJob ${self.name} never runs: ${problem}`, 90),
        cause: `The controller cannot use it: ${oneLine(said.message ?? '', 200)}.`,
        evidence: [event(said), field(cronJob, zone ? '.spec.timeZone' : '.spec.schedule')],
        remediation: [
          {
            text: zone ? 'Name a zone of the IANA database, such as Europe/Berlin' : 'Correct the schedule',
            command: `kubectl edit cronjob ${self.name} -n ${self.namespace ?? ''}`,
          },
          ...sourceSteps(cronJob),
        ],
      };
    }
  },
};
