import type { ClusterView, LogSlice } from '../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  isDeleting,
  type CatalogueId,
  type ContainerView,
  type Evidence,
  type ObjectRef,
  type Pod,
} from '../../domain/index.ts';
import { logLine } from '../evidence.ts';
import { failingRun } from '../wanted-logs.ts';
import { matchLog, type LogMatch } from './match.ts';
import { quotable } from './quote.ts';

/** A failing container whose log was read. */
export interface FailingLog {
  readonly pod: Pod;
  readonly namespace: string;
  /** The owner that a person knows it by. */
  readonly workload: ObjectRef;
  readonly container: ContainerView;
  readonly slice: LogSlice;
  /** When the pod stopped being ready. */
  readonly since?: string;
}

/** A failing container whose log tells why. */
export interface SeenCause extends FailingLog {
  readonly match: LogMatch;
  /** The line that tells. */
  readonly evidence: Evidence;
}

/** Logs of containers that fail now; a recording may hold others, which say nothing about a fault. */
export function* failingLogs(view: ClusterView): Generator<FailingLog> {
  for (const slice of view.logs) {
    const { namespace, pod: name } = slice.ref;
    const pod = view.get('Pod', namespace, name);
    if (!pod || isDeleting(pod) || pod.status?.phase === 'Succeeded') continue;
    const container = containersOf(pod).find((c) => c.name === slice.ref.container);
    if (!container || !failingRun(pod, container, view.at)) continue;
    const since = conditionOf(pod, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp;
    yield { pod, namespace, workload: view.workload(pod), container, slice, ...(since !== undefined && { since }) };
  }
}

const matches = new WeakMap<LogSlice, LogMatch | null>();

/** The cause that a log tells, worked out once per log. */
export function causeIn(slice: LogSlice): LogMatch | undefined {
  let match = matches.get(slice);
  if (match === undefined) matches.set(slice, (match = matchLog(slice.lines) ?? null));
  return match ?? undefined;
}

/** Failing containers whose log leads to one catalogue entry. */
export function* seenCauses(view: ClusterView, rule: CatalogueId): Generator<SeenCause> {
  for (const log of failingLogs(view)) {
    const match = causeIn(log.slice);
    if (match?.rule === rule)
      yield {
        ...log,
        match,
        evidence: quoted(log, match.line, match.groups.host ?? match.pattern.find.exec(match.text)?.[0] ?? ''),
      };
  }
}

/** A line of a container's log as evidence. */
export function quoted({ pod, slice }: Pick<FailingLog, 'pod' | 'slice'>, line: string, telling = ''): Evidence {
  return logLine(pod, slice, quotable(line, telling));
}
