import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { parseTime, type ContainerTerminated, type ContainerView, type Pod } from '../../../domain/index.ts';

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

/**
 * The kubelet says in a Normal event why it kills a container, a moment before the end, or as long before as the
 * container was given to stop. Whatever exit code follows, that was the reason.
 */
function killedBy(
  view: ClusterView,
  pod: Pod,
  c: ContainerView,
  end: ContainerTerminated,
): 'hook' | 'liveness' | 'startup' | undefined {
  const finished = parseTime(end.finishedAt);
  if (finished === undefined) return undefined;
  const slack = 60_000;
  const before = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000 + slack;
  for (const e of view.events(pod, 'Killing')) {
    if (e.involvedObject.fieldPath?.endsWith(`{${c.name}}`) !== true) continue;
    const lag = finished - (eventTime(e) ?? 0);
    if (lag > before || lag < -slack) continue;
    const message = e.message ?? '';
    if (/FailedPostStartHook/.test(message)) return 'hook';
    const probe = /failed (liveness|startup) probe/.exec(message)?.[1];
    if (probe !== undefined) return probe as 'liveness' | 'startup';
  }
  return undefined;
}
