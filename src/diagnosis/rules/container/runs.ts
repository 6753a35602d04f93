import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  isDeleting,
  isFinished,
  lastEnd,
  parseTime,
  refOf,
  type ContainerTerminated,
  type ContainerView,
  type Job,
  type KubeEvent,
  type ObjectRef,
  type Pod,
  type Severity,
} from '../../../domain/index.ts';
import type { Draft } from '../../rule.ts';
import { endKind, type EndKind } from './ends.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** A container that does not simply run: it waits, has ended, was restarted, or has not become ready. */
export interface Run {
  readonly pod: Pod;
  readonly c: ContainerView;
  readonly workload: ObjectRef;
  /** How it ended last; absent before the first end. */
  readonly end?: ContainerTerminated & { readonly path: string };
  /** What that end was; absent before the first end. */
  readonly kind?: EndKind;
  /** True when it fails now: it has ended, waits for its next try, or its present run is one of a loop. */
  readonly isFailing: boolean;
  /** The Job of a pod that a Job made. */
  readonly job?: Job;
}

const memo = new WeakMap<ClusterView, readonly Run[]>();

/**
 * Every container that is worth a look, judged once per view: those of live pods, and those of failed pods of a Job
 * that has not succeeded since.
 */
export function runsOf(view: ClusterView): readonly Run[] {
  let runs = memo.get(view);
  if (!runs) {
    runs = view.all('Pod').flatMap((pod) => (hasTrouble(pod) ? judgePod(view, pod) : []));
    memo.set(view, runs);
  }
  return runs;
}

function hasTrouble(pod: Pod): boolean {
  if (isDeleting(pod) || pod.status?.phase === 'Succeeded') return false;
  const { initContainerStatuses = [], containerStatuses = [] } = pod.status ?? {};
  return (
    containerStatuses.some((s) => !s.ready || s.restartCount > 0) ||
    initContainerStatuses.some((s) => s.state?.terminated?.exitCode !== 0)
  );
}

function judgePod(view: ClusterView, pod: Pod): readonly Run[] {
  const job = jobOf(view, pod);
  if (isFinished(pod) && !(job && isOwedByJob(view, pod, job))) return [];
  const workload = view.workload(pod);
  return containersOf(pod).map((c) => {
    const end = lastEnd(c);
    const kind = end && endKind(view, pod, c, end);
    return {
      pod,
      c,
      workload,
      ...(end && { end }),
      ...(kind && { kind }),
      isFailing: isFailing(view, pod, c),
      ...(job && { job }),
    };
  });
}

function jobOf(view: ClusterView, pod: Pod): Job | undefined {
  const owner = view.owners(pod)[0];
  return owner?.kind === 'Job' ? view.get('Job', pod.metadata.namespace, owner.name) : undefined;
}

/** True when a failed pod still tells something: its Job has not succeeded, nor a later run of the same CronJob. */
function isOwedByJob(view: ClusterView, pod: Pod, job: Job): boolean {
  const isDone = ['Complete', 'SuccessCriteriaMet'].some((type) => conditionOf(job, type)?.status === 'True');
  const created = parseTime(pod.metadata.creationTimestamp) ?? 0;
  if (isDone || view.at - created > DAY_MS) return false;
  const top = view.workload(pod);
  const cron = top.kind === 'CronJob' ? view.get('CronJob', pod.metadata.namespace, top.name) : undefined;
  const succeeded = parseTime(cron?.status?.lastSuccessfulTime);
  return succeeded === undefined || succeeded < created;
}

const WAITING_TO_RETRY = new Set(['CrashLoopBackOff', 'RunContainerError', 'PostStartHookError']);

function isFailing(view: ClusterView, pod: Pod, c: ContainerView): boolean {
  const { state, lastState } = c.status ?? {};
  if (state?.waiting) return WAITING_TO_RETRY.has(state.waiting.reason ?? '');
  if (state?.terminated)
    return state.terminated.exitCode !== 0 || (c.role === 'main' && pod.spec?.restartPolicy === 'Always');
  return state?.running !== undefined && lastState?.terminated !== undefined && isOneOfALoop(view, pod, c);
}

/**
 * A run between two ends: the kubelet has been delaying restarts until now, and the run has not yet outlived the one
 * before it.
 */
function isOneOfALoop(view: ClusterView, pod: Pod, c: ContainerView): boolean {
  const { state, lastState, restartCount = 0 } = c.status ?? {};
  const started = parseTime(state?.running?.startedAt);
  if (restartCount < 2 || started === undefined) return false;
  if (view.at - started > Math.max(MINUTE_MS, 2 * runLength(lastState?.terminated))) return false;
  return eventsAbout(view, pod, c, 'BackOff').some((e) => started - (eventTime(e) ?? 0) < 10 * MINUTE_MS);
}

/** Milliseconds that a run lasted; 0 when it never started. */
export function runLength(end: ContainerTerminated | undefined): number {
  const started = parseTime(end?.startedAt);
  const finished = parseTime(end?.finishedAt);
  return started === undefined || finished === undefined ? 0 : Math.max(0, finished - started);
}

/** Events of one container of a pod, oldest first. */
export function eventsAbout(
  view: ClusterView,
  pod: Pod,
  c: ContainerView,
  ...reasons: readonly string[]
): readonly KubeEvent[] {
  return view.events(pod, ...reasons).filter((e) => e.involvedObject.fieldPath?.endsWith(`{${c.name}}`) === true);
}

/** True when events of a namespace could be read: only then does a missing one say something. */
export function eventsAreKnown(view: ClusterView, namespace: string | undefined): boolean {
  return !view.unseen.some((u) => u.kind === 'Event' && (u.namespace === undefined || u.namespace === namespace));
}

/** A Job that may still succeed is degraded, not lost. */
export function severityOf(run: Run): { severity?: Severity } {
  return run.job && conditionOf(run.job, 'Failed')?.status !== 'True' ? { severity: 'warning' } : {};
}

/** Onset of a failure: the first time the kubelet held the container back, else the end of the last run. */
export function sinceOf(view: ClusterView, run: Run): { since?: string } {
  const [first] = eventsAbout(view, run.pod, run.c, 'BackOff');
  const since = first?.firstTimestamp ?? run.end?.finishedAt ?? run.pod.metadata.creationTimestamp;
  return parseTime(since) === undefined ? {} : { since: String(since) };
}

/** What every finding about a run has. */
export function about(
  view: ClusterView,
  run: Run,
): Pick<Draft, 'subject' | 'container'> & Pick<Partial<Draft>, 'severity' | 'since'> {
  return { subject: refOf(run.pod), container: run.c.name, ...severityOf(run), ...sinceOf(view, run) };
}
