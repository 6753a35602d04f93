import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  count,
  formatDuration,
  isDeleting,
  isReady,
  oneLine,
  parseTime,
  refOf,
  type Condition,
  type Job,
  type Step,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import {
  callerText,
  cronJobOf,
  endsEvidence,
  endsText,
  failureOf,
  isComplete,
  isHistory,
  podEnds,
  podRefs,
  runsOf,
} from './runs.ts';

const FAILED = '.status.conditions[?(@.type=="Failed")]';

function* failedJobs(view: ClusterView, now: number, reasons: readonly string[]): Generator<[Job, Condition]> {
  for (const job of view.all('Job')) {
    const failure = failureOf(job);
    if (failure && reasons.includes(failure.reason ?? '') && !isHistory(view, job, now)) yield [job, failure];
  }
}

/** What all failed Jobs share; `text` follows the name of the work. */
function failed(view: ClusterView, job: Job, failure: Condition, what: Pick<Draft, 'causeKey' | 'title' | 'cause'>) {
  const { namespace, name } = refOf(job);
  const look: Step = {
    text: 'Read what the last pods wrote',
    command: `kubectl logs job/${name} -n ${namespace ?? ''} --all-pods --tail=50`,
  };
  const cronJob = cronJobOf(view, job);
  const again: Step = cronJob
    ? {
        text: 'Then try it once by hand',
        command: `kubectl create job --from=cronjob/${cronJob.name} ${cronJob.name}-manual -n ${namespace ?? ''}`,
      }
    : { text: 'Then create the Job again: a failed Job does not start anew' };
  return {
    subject: refOf(job),
    ...what,
    ...(failure.lastTransitionTime !== undefined && { since: failure.lastTransitionTime }),
    causedBy: podRefs(view, job),
    remediation: [look, again],
  } satisfies Partial<Draft>;
}

export const failedBackoff: Rule = {
  id: 'job/failed-backoff',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Job', 'Pod'],
  *check({ view, now }) {
    for (const [job, failure] of failedJobs(view, now, ['BackoffLimitExceeded'])) {
      const tries = job.status?.failed ?? 0;
      const ends = podEnds(view, job);
      const how = ends.length > 0 ? endsText(ends) : 'its pods are gone';
      yield {
        ...failed(view, job, failure, {
          causeKey: how,
          title: oneLine(`${callerText(view, job)} failed after ${count(tries, 'try', 'tries')}: ${how}`, 90),
          cause:
            `Every try failed and backoffLimit (${job.spec?.backoffLimit ?? 6}) is used up. ` +
            (ends.length > 0
              ? `Cause not seen beyond this: ${how}.`
              : 'Cause not seen: no pod of it is left to look at.'),
        }),
        evidence: [
          field(job, `${FAILED}.reason`, failure.lastTransitionTime),
          ...(tries > 0 ? [field(job, '.status.failed')] : []),
          field(job, '.spec.backoffLimit'),
          ...endsEvidence(ends),
        ],
      };
    }
  },
};

export const failedDeadline: Rule = {
  id: 'job/failed-deadline',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Job', 'Pod'],
  *check({ view, now }) {
    for (const [job, failure] of failedJobs(view, now, ['DeadlineExceeded'])) {
      const deadline = job.spec?.activeDeadlineSeconds ?? 0;
      yield {
        ...failed(view, job, failure, {
          causeKey: 'activeDeadlineSeconds',
          title: `${callerText(view, job)} was stopped after ${deadline}s (activeDeadlineSeconds)`,
          cause: `The work took longer than activeDeadlineSeconds (${deadline}), or its pods waited that long to start.`,
        }),
        evidence: [
          field(job, `${FAILED}.reason`, failure.lastTransitionTime),
          field(job, '.spec.activeDeadlineSeconds'),
          field(job, '.status.startTime'),
        ],
      };
    }
  },
};

export const failedPolicy: Rule = {
  id: 'job/failed-policy',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Job', 'Pod'],
  *check({ view, now }) {
    for (const [job, failure] of failedJobs(view, now, [
      'PodFailurePolicy',
      'FailedIndexes',
      'MaxFailedIndexesExceeded',
    ])) {
      const rule = ruleText(job, failure);
      const indexes = job.status?.failedIndexes;
      yield {
        ...failed(view, job, failure, {
          causeKey: rule,
          title: oneLine(`${callerText(view, job)} failed by rule: ${rule}`, 90),
          cause: `The Job ends at once, without further tries: ${rule}.`,
        }),
        evidence: [
          field(job, `${FAILED}.message`, failure.lastTransitionTime),
          ...(indexes === undefined ? [] : [field(job, '.status.failedIndexes')]),
        ],
      };
    }
  },
};

/** The message without the pod's name. */
function ruleText(job: Job, failure: Condition): string {
  const match = /Container (\S+) for pod \S+ failed with exit code (\d+) matching FailJob rule at index (\d+)/.exec(
    failure.message ?? '',
  );
  const [, container, exitCode, index] = match ?? [];
  if (container !== undefined)
    return `container ${container} ended with exit code ${exitCode ?? ''} (rule ${index ?? ''})`;
  if (job.status?.failedIndexes !== undefined) return `indexes ${job.status.failedIndexes} used up their tries`;
  return oneLine((failure.message ?? '').replace(/pod \S+/, 'pod'), 60);
}

export const retrying: Rule = {
  id: 'job/retrying',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Job', 'Pod'],
  *check({ view }) {
    for (const job of view.all('Job')) {
      const tries = job.status?.failed ?? 0;
      if (tries === 0 || failureOf(job) || isComplete(job) || isDeleting(job) || job.spec?.suspend === true) continue;
      if (['SuccessCriteriaMet', 'FailureTarget'].some((type) => conditionOf(job, type)?.status === 'True')) continue;
      // One lost try is what retries are for, as long as the next one runs.
      if (tries === 1 && view.podsOf(refOf(job)).some(isReady)) continue;
      const ends = podEnds(view, job);
      const how = ends.length > 0 ? endsText(ends) : 'its failed pods are gone';
      const limit = job.spec?.backoffLimit ?? 6;
      const { namespace, name } = refOf(job);
      yield {
        subject: refOf(job),
        causeKey: how,
        title: `${callerText(view, job)} is retrying: ${tries} failed ${tries === 1 ? 'try' : 'tries'} of ${limit}`,
        cause: `It may still succeed, until ${limit + 1} tries have failed. Cause not seen beyond this: ${how}.`,
        ...(job.status?.startTime !== undefined && { since: job.status.startTime }),
        causedBy: podRefs(view, job),
        evidence: [field(job, '.status.failed'), field(job, '.spec.backoffLimit'), ...endsEvidence(ends)],
        remediation: [
          {
            text: 'Read what the last pods wrote',
            command: `kubectl logs job/${name} -n ${namespace ?? ''} --all-pods --tail=50`,
          },
        ],
      };
    }
  },
};

export const suspended: Rule = {
  id: 'job/suspended',
  severity: 'info',
  confidence: 'certain',
  needs: ['Job'],
  *check({ view }) {
    for (const job of view.all('Job')) {
      if (job.spec?.suspend !== true || failureOf(job) || isComplete(job)) continue;
      // A queue suspends by design and starts the Job when its turn comes.
      const { labels = {}, ownerReferences = [] } = job.metadata;
      const isQueued = Object.keys(labels).some((key) =>
        /(kueue\.x-k8s\.io|volcano\.sh|scheduling\.x-k8s\.io)\//.test(key),
      );
      if (isQueued || ownerReferences.some((o) => o.kind !== 'CronJob')) continue;
      const { namespace, name } = refOf(job);
      yield {
        subject: refOf(job),
        causeKey: 'suspended',
        title: `${callerText(view, job)} is suspended`,
        cause: `spec.suspend of Job ${name} is true: it starts no pods until that is taken back.`,
        evidence: [field(job, '.spec.suspend'), field(job, '.metadata.name')],
        remediation: [
          {
            text: 'Let it run',
            command: `kubectl patch job ${name} -n ${namespace ?? ''} -p '{"spec":{"suspend":false}}'`,
          },
        ],
      };
    }
  },
};

/** Without earlier runs to compare with, a Job may take a day. */
const LONG_MS = 24 * 3_600_000;

export const runningLong: Rule = {
  id: 'job/running-long',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Job'],
  *check({ view, now }) {
    for (const job of view.all('Job')) {
      const start = parseTime(job.status?.startTime);
      if ((job.status?.active ?? 0) === 0 || start === undefined || isDeleting(job)) continue;
      const age = now - start;
      const usual = longestRun(view, job);
      if (usual === undefined ? age <= LONG_MS || job.spec?.activeDeadlineSeconds !== undefined : age <= 3 * usual)
        continue;
      const { namespace, name } = refOf(job);
      const compared = usual === undefined ? '' : `, usually ${formatDuration(usual)} at most`;
      yield {
        subject: refOf(job),
        causeKey: 'running',
        title: `${callerText(view, job)} has run for ${formatDuration(age)}${compared}`,
        cause: `Job ${name} most likely hangs or waits, because ${usual === undefined ? 'it has run for more than a day' : 'earlier runs took less than a third of this'} and nothing ends it.`,
        ...(job.status?.startTime !== undefined && { since: job.status.startTime }),
        causedBy: podRefs(view, job),
        evidence: [field(job, '.status.startTime'), field(job, '.status.active'), field(job, '.metadata.name')],
        remediation: [
          { text: 'See what it does', command: `kubectl logs job/${name} -n ${namespace ?? ''} --tail=50` },
          { text: 'Set activeDeadlineSeconds, so that a hanging run ends by itself' },
        ],
      };
    }
  },
};

/** The longest successful run of the same CronJob, when at least three are known; ms, never under a minute. */
function longestRun(view: ClusterView, job: Job): number | undefined {
  const cronJob = cronJobOf(view, job);
  if (!cronJob) return undefined;
  const lengths = runsOf(view, cronJob)
    .filter(isComplete)
    .flatMap((run) => {
      const [from, to] = [parseTime(run.status?.startTime), parseTime(run.status?.completionTime)];
      return from === undefined || to === undefined ? [] : [to - from];
    });
  return lengths.length < 3 ? undefined : Math.max(60_000, ...lengths);
}
