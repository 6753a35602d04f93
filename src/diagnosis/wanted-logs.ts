import type { ClusterView } from '../cluster/index.ts';
import {
  containersOf,
  isDeleting,
  parseTime,
  refKey,
  type ContainerRef,
  type ContainerView,
  type Pod,
} from '../domain/index.ts';

export interface WantedLog {
  readonly ref: ContainerRef;
  /** The run before the last restart; the reader takes the current one where that is gone. */
  readonly previous: boolean;
}

/** Reads of logs in one run, at most. */
export const MAX_LOG_READS = 20;

const HOUR_MS = 3_600_000;

/**
 * The logs that can tell why something fails: of failing containers only, one per owner, container and template, of
 * the newest pod. Containers that never started have none.
 */
export function wantedLogs(view: ClusterView, max = MAX_LOG_READS): readonly WantedLog[] {
  const wanted = new Map<string, WantedLog>();
  const newestFirst = view.all('Pod').toSorted((a, b) => created(b) - created(a));
  for (const pod of newestFirst) {
    if (pod.status?.phase === 'Succeeded' || isDeleting(pod)) continue;
    for (const c of containersOf(pod)) {
      const run = failingRun(pod, c, view.at);
      if (!run) continue;
      const template =
        pod.metadata.labels?.['pod-template-hash'] ?? pod.metadata.labels?.['controller-revision-hash'] ?? '';
      const key = `${refKey(view.workload(pod))}|${c.name}|${template}`;
      if (wanted.has(key)) continue;
      wanted.set(key, {
        ref: { namespace: pod.metadata.namespace ?? '', pod: pod.metadata.name ?? '', container: c.name },
        previous: run === 'previous',
      });
      if (wanted.size >= max) return [...wanted.values()];
    }
  }
  return [...wanted.values()];
}

function created(pod: Pod): number {
  return parseTime(pod.metadata.creationTimestamp) ?? 0;
}

/** The run whose log tells: the previous one after a restart, the current one of a failed or unready container. */
export function failingRun(pod: Pod, c: ContainerView, now: number): 'previous' | 'current' | undefined {
  const { state, lastState, restartCount = 0, ready, started } = c.status ?? {};
  if (state?.terminated) return state.terminated.exitCode === 0 ? undefined : 'current';
  if (state?.waiting) return lastState?.terminated ? 'previous' : undefined;
  if (!state?.running) return undefined;
  const lastEnd = parseTime(lastState?.terminated?.finishedAt);
  const restartedLately = restartCount > 0 && lastEnd !== undefined && now - lastEnd < HOUR_MS;
  if (restartedLately && lastState?.terminated?.exitCode !== 0) return 'previous';
  if (c.role === 'init') return 'current';
  const isWaitedFor = pod.status?.phase === 'Running' && (ready === false || started === false);
  return isWaitedFor ? 'current' : undefined;
}
