import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  parseTime,
  type ContainerTerminated,
  type ContainerView,
  type Pod,
  type Probe,
} from '../../../domain/index.ts';

/** Why a run ended, as far as the kubelet's own records tell. */
export type EndKind =
  | 'oom'
  /** The runtime found no such program. */
  | 'command-not-found'
  | 'command-not-executable'
  | 'exec-format'
  /** The runtime could not start it for another reason. */
  | 'start-error'
  /** The kubelet lost track of it. */
  | 'lost'
  /** Its postStart hook failed and the kubelet killed it. */
  | 'hook'
  | 'liveness'
  | 'startup'
  | 'zero'
  | 'native'
  /** Killed from outside, and neither for memory nor by a probe. */
  | 'signal'
  /** It gave up itself. */
  | 'error';

const NOT_FOUND =
  /executable file( .+)? not found in \$PATH|exec: ".*": stat .*: no such file or directory|no such file or directory: unknown/;
const NOT_EXECUTABLE =
  /exec: .*(permission denied|is a directory)|chdir to cwd .*(no such file|permission denied|not a directory)/;
const MOUNT = /error mounting|failed to mount/;
const CANNOT_MAKE_CWD = /mkdir (\S+): not a directory/;
const TOO_SMALL_TO_START = /container init was OOM-killed/;

const NATIVE_CODES = new Set([132, 134, 135, 136, 139]);
const NATIVE_SIGNALS = new Set([4, 6, 7, 8, 11]);
const START_REASONS = new Set(['StartError', 'ContainerCannotRun']);

/** The kind of a start error by the runtime's words, which are the same in containerd and CRI-O. */
export function startErrorKind(message: string, c: ContainerView): EndKind | undefined {
  if (TOO_SMALL_TO_START.test(message)) return 'oom';
  if (/exec format error/.test(message)) return 'exec-format';
  if (NOT_EXECUTABLE.test(message) || cannotMakeWorkingDir(message, c)) return 'command-not-executable';
  return NOT_FOUND.test(message) && !MOUNT.test(message) ? 'command-not-found' : undefined;
}

/** The runtime makes a missing working directory, and fails where a part of its path is a file. */
function cannotMakeWorkingDir(message: string, c: ContainerView): boolean {
  const path = CANNOT_MAKE_CWD.exec(message)?.[1];
  return path !== undefined && c.spec.workingDir?.startsWith(path) === true;
}

export function endKind(view: ClusterView, pod: Pod, c: ContainerView, end: ContainerTerminated): EndKind {
  const { reason = '', exitCode, signal = 0, message = '' } = end;
  if (reason === 'OOMKilled') return 'oom';
  if (START_REASONS.has(reason)) return startErrorKind(message, c) ?? 'start-error';
  if (reason === 'ContainerStatusUnknown' || reason === 'Unknown') return 'lost';
  const killer = killedBy(view, pod, c, end);
  if (killer) return killer;
  if (exitCode === 0) return 'zero';
  if (exitCode === 127) return 'command-not-found';
  if (exitCode === 126) return 'command-not-executable';
  if (NATIVE_CODES.has(exitCode) || NATIVE_SIGNALS.has(signal)) return 'native';
  if (exitCode === 137 || exitCode === 143) return 'signal';
  return view.log(pod, c.name)?.lines.some((line) => /exec format error/.test(line)) === true ? 'exec-format' : 'error';
}

type Killer = 'hook' | 'liveness' | 'startup';

/**
 * The kubelet says in a Normal event why it kills a container, a moment before the end, or as long before as the
 * container was given to stop. Whatever exit code follows, that was the reason.
 *
 * Of a container that it kills again and again it drops these events (25 of one object, then one in five minutes), and
 * they are kept for an hour; so an earlier one speaks for a later end by a signal, and so does a run that lasted just
 * as long as its probe allows.
 */
function killedBy(view: ClusterView, pod: Pod, c: ContainerView, end: ContainerTerminated): Killer | undefined {
  const finished = parseTime(end.finishedAt);
  if (finished === undefined) return undefined;
  const isSignal = end.exitCode === 137 || end.exitCode === 143;
  const before = stopTime(pod) + SLACK_MS;
  for (const e of view.events(pod, 'Killing').toReversed()) {
    if (e.involvedObject.fieldPath?.endsWith(`{${c.name}}`) !== true) continue;
    const lag = finished - (eventTime(e) ?? 0);
    const killer = killerIn(e.message ?? '');
    if (killer && lag > -SLACK_MS && (lag < before || isSignal)) return killer;
  }
  return isSignal && (c.status?.restartCount ?? 0) > 1 ? killerByRunTime(pod, c, end) : undefined;
}

const SLACK_MS = 60_000;

function stopTime(pod: Pod): number {
  return (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
}

function killerIn(message: string): Killer | undefined {
  if (/FailedPostStartHook/.test(message)) return 'hook';
  const probe = /failed (liveness|startup) probe/.exec(message)?.[1];
  return probe === undefined ? undefined : (probe as 'liveness' | 'startup');
}

function killerByRunTime(pod: Pod, c: ContainerView, end: ContainerTerminated): Killer | undefined {
  const ran = (parseTime(end.finishedAt) ?? 0) - (parseTime(end.startedAt) ?? 0);
  for (const [name, probe] of [
    ['startup', c.spec.startupProbe],
    ['liveness', c.spec.livenessProbe],
  ] as const) {
    if (!probe) continue;
    const budget = probeBudgetMs(probe);
    const period = (probe.periodSeconds ?? 10) * 1000;
    if (ran >= budget - period - 1000 && ran <= budget + period + stopTime(pod) + 2000) return name;
  }
  return undefined;
}

/** How long a probe may fail from the start of a container before it counts: delay and all its tries. Milliseconds. */
export function probeBudgetMs(probe: Probe): number {
  const { initialDelaySeconds = 0, periodSeconds = 10, failureThreshold = 3 } = probe;
  return (initialDelaySeconds + periodSeconds * failureThreshold) * 1000;
}
