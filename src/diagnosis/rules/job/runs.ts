import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  groupBy,
  lastEnd,
  listed,
  parseTime,
  ref,
  refOf,
  type Condition,
  type Evidence,
  type Job,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';

/** Failed runs older than this are history. */
export const RECENT_MS = 24 * 3_600_000;

export function failureOf(job: Job): Condition | undefined {
  const failed = conditionOf(job, 'Failed');
  return failed?.status === 'True' ? failed : undefined;
}

export function isComplete(job: Job): boolean {
  return conditionOf(job, 'Complete')?.status === 'True';
}

/** When a Job ended, for good or for ill; ms. */
export function endOf(job: Job): number | undefined {
  return parseTime(failureOf(job)?.lastTransitionTime) ?? parseTime(job.status?.completionTime);
}

/** The CronJob that made a Job. */
export function cronJobOf(view: ClusterView, job: Job): ObjectRef | undefined {
  return view.owners(job).find((o) => o.kind === 'CronJob');
}

/** How people call the work: the CronJob where there is one, since the names of its Jobs change with every run. */
export function callerText(view: ClusterView, job: Job): string {
  const cronJob = cronJobOf(view, job);
  return cronJob ? `Run of CronJob ${cronJob.name}` : `Job ${job.metadata.name ?? ''}`;
}

/** True when nothing needs to be said of a failed Job any more: long ago, or a later run of its CronJob succeeded. */
export function isHistory(view: ClusterView, job: Job, now: number): boolean {
  const end = endOf(job);
  if (end === undefined || now - end > RECENT_MS) return true;
  const cronJob = cronJobOf(view, job);
  if (!cronJob) return false;
  const success = parseTime(view.get('CronJob', cronJob.namespace, cronJob.name)?.status?.lastSuccessfulTime);
  if (success !== undefined && success > end) return true;
  return runsOf(view, cronJob).some((other) => isComplete(other) && (endOf(other) ?? 0) > end);
}

/** The Jobs of a CronJob that still exist, oldest first. */
export function runsOf(view: ClusterView, cronJob: ObjectRef): readonly Job[] {
  const start = (job: Job) => parseTime(job.status?.startTime ?? job.metadata.creationTimestamp) ?? 0;
  return view
    .children(cronJob)
    .filter((child): child is Job => child.kind === 'Job')
    .toSorted((a, b) => start(a) - start(b));
}

interface PodEnd {
  readonly pod: Pod;
  /** `container main ends with exit code 3`. */
  readonly text: string;
  readonly evidence: Evidence;
}

/** How the failed pods of a Job ended, the newest first. */
export function podEnds(view: ClusterView, job: Job): readonly PodEnd[] {
  const created = (pod: Pod) => parseTime(pod.metadata.creationTimestamp) ?? 0;
  return view
    .podsOf(refOf(job))
    .filter((pod) => pod.status?.phase === 'Failed')
    .toSorted((a, b) => created(b) - created(a))
    .flatMap((pod) => {
      for (const c of containersOf(pod)) {
        const end = c.status?.state?.terminated ? lastEnd(c) : undefined;
        if (!end || end.exitCode === 0) continue;
        const [why, path] =
          end.reason === undefined || end.reason === 'Error'
            ? [`exit code ${end.exitCode}`, `${end.path}.exitCode`]
            : [end.reason, `${end.path}.reason`];
        return [{ pod, text: `container ${c.name} ends with ${why}`, evidence: field(pod, path) }];
      }
      const { reason } = pod.status ?? {};
      return reason === undefined
        ? []
        : [{ pod, text: `the pod fails as ${reason}`, evidence: field(pod, '.status.reason') }];
    });
}

/** The different ways in which pods ended, the most frequent first. */
export function endsText(ends: readonly PodEnd[]): string {
  const groups = [...groupBy(ends, (e) => e.text)].sort((a, b) => b[1].length - a[1].length);
  return listed(
    groups.map(([text]) => text),
    2,
  );
}

/** One line of evidence for each way in which pods ended. */
export function endsEvidence(ends: readonly PodEnd[]): readonly Evidence[] {
  return [...groupBy(ends, (e) => e.text).values()].slice(0, 3).flatMap(([first]) => (first ? [first.evidence] : []));
}

/** All pods of a Job, as places where its cause may be found. */
export function podRefs(view: ClusterView, job: Job): readonly ObjectRef[] {
  return view.podsOf(refOf(job)).flatMap((pod) => {
    const claims = (pod.spec?.volumes ?? []).flatMap((v) => v.persistentVolumeClaim?.claimName ?? []);
    return [refOf(pod), ...claims.map((name) => ref('PersistentVolumeClaim', pod.metadata.namespace, name))];
  });
}
