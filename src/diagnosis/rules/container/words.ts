import type { ClusterView } from '../../../cluster/index.ts';
import { oneLine, parseTime, type Evidence, type Pod, type Step } from '../../../domain/index.ts';
import { field, logLine } from '../../evidence.ts';
import type { Run } from './runs.ts';

/** A title that fits. */
export function titled(text: string): string {
  return oneLine(text, 90);
}

/** `container web of shop`, `init container migrate of shop`. */
export function who(run: Pick<Run, 'c' | 'workload'>): string {
  return `${run.c.role === 'init' ? 'init container' : 'container'} ${run.c.name} of ${run.workload.name}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** A runtime's or kubelet's message without what differs between pods of one template: names, uids, ids, addresses. */
export function withoutIdentity(message: string, pod: Pod): string {
  const { name = '', namespace = '', uid = '' } = pod.metadata;
  return oneLine(message)
    .replace(/ ?\(pod: "[^"]*", container: [^)]*\)/, '')
    .replaceAll(`${name}_${namespace}(${uid})`, 'the pod')
    .replaceAll(name, 'the pod')
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,}|\b[0-9a-f]{32,}\b/g, '…')
    .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, '…');
}

/** Exit code and restart count of the last end, its message, and the line of the log that tells most. */
export function endEvidence(view: ClusterView, run: Run): readonly [Evidence, ...Evidence[]] {
  const { pod, c, end } = run;
  if (!end) return [field(pod, `${c.statusPath}.restartCount`)];
  return [
    field(pod, `${end.path}.exitCode`, end.finishedAt),
    field(pod, `${c.statusPath}.restartCount`),
    ...(end.message !== undefined && end.message !== '' ? [field(pod, `${end.path}.message`)] : []),
    ...logEvidence(view, run),
  ];
}

/** The last line of the log that speaks of an error, else the last line; nothing where no log was read. */
export function logEvidence(view: ClusterView, { pod, c }: Pick<Run, 'pod' | 'c'>): readonly Evidence[] {
  const slice = view.log(pod, c.name);
  const line = slice && tellingLine(slice.lines);
  return slice && line !== undefined ? [logLine(pod, slice, line)] : [];
}

const SPEAKS_OF_ERROR =
  /error|exception|fatal|panic|fail|cannot|can't|could not|unable|denied|refused|not found|no such|missing|invalid/i;

export function tellingLine(lines: readonly string[]): string | undefined {
  const last = lines.filter((line) => /\w/.test(line)).slice(-20);
  return last.findLast((line) => SPEAKS_OF_ERROR.test(line)) ?? last.at(-1);
}

/** Read the log of the run that ended. */
export function readLog({ pod, c }: Pick<Run, 'pod' | 'c'>): Step {
  const previous = c.status?.state?.terminated || (c.status?.restartCount ?? 0) === 0 ? '' : ' --previous';
  return {
    text: previous === '' ? 'Read its log' : 'Read the log of the run that ended',
    command: `kubectl logs ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -c ${c.name}${previous} --tail=100`,
  };
}

/** The onset of a finding, where the object tells it. */
export function onset(time: string | undefined): { since?: string } {
  return time === undefined || parseTime(time) === undefined ? {} : { since: time };
}
