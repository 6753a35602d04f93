import {
  formatBytes,
  memoryBytes,
  parseTime,
  ref,
  refOf,
  type Evidence,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { containersOf } from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { raiseMemory } from './fixes.ts';
import { runLength, runsOf, severityOf, sinceOf, type Run } from './runs.ts';
import { capital, titled, who } from './words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** A limit that the container has, its own or the pod's. Without any the node's memory ran out, which is the node's finding. */
function limitOf({ pod, c }: Pick<Run, 'pod' | 'c'>): { value: string; path: string } | undefined {
  const own = c.spec.resources?.limits?.memory;
  if (own !== undefined) return { value: own, path: `${c.specPath}.resources.limits.memory` };
  const ofPod = pod.spec?.resources?.limits?.memory;
  return ofPod === undefined ? undefined : { value: ofPod, path: '.spec.resources.limits.memory' };
}

const LIMIT_RANGER = 'kubernetes.io/limit-ranger';

/** The LimitRanges of the namespace, when one of them gave this container its limit. */
function injectedBy(view: ClusterView, { pod, c }: Run): { refs: readonly ObjectRef[]; evidence: readonly Evidence[] } {
  const note = pod.metadata.annotations?.[LIMIT_RANGER] ?? '';
  const isInjected = note
    .split(';')
    .some((part) => /memory limit/.test(part) && part.trim().endsWith(`container ${c.name}`));
  if (!isInjected) return { refs: [], evidence: [] };
  return {
    refs: view.inNamespace('LimitRange', pod.metadata.namespace).map(refOf),
    evidence: [field(pod, String.raw`.metadata.annotations.kubernetes\.io/limit-ranger`)],
  };
}

/** More than one kill within the hour: a pod that is younger than the hour has had all its restarts in it. */
function isRepeated(run: Run, now: number): boolean {
  const began = parseTime(run.pod.status?.startTime) ?? 0;
  return (run.c.status?.restartCount ?? 0) >= 2 && now - began < HOUR_MS;
}

function endedWithin(run: Run, now: number, ms: number): boolean {
  const finished = parseTime(run.end?.finishedAt);
  return finished !== undefined && now - finished < ms;
}

export const oomKilled: Rule = {
  id: 'container/oom-killed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const run of runsOf(view)) {
      const { pod, c, end } = run;
      const limit = limitOf(run);
      if (run.kind !== 'oom' || !end || !limit) continue;
      if (!run.isFailing && !(isRepeated(run, now) && endedWithin(run, now, HOUR_MS))) continue;
      const injected = injectedBy(view, run);
      const { step, fix } = raiseMemory(run);
      const isAtStart = runLength(end) < 10_000;
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: `memory ${limit.value}`,
        ...severityOf(run),
        ...sinceOf(view, run),
        title: titled(`${capital(who(run))} is OOM-killed at its ${limit.value} memory limit`),
        cause:
          `The process needs more memory than limits.memory=${limit.value}, so the kernel kills it. ` +
          (isAtStart
            ? 'It lasts only seconds: the limit is too small to start with.'
            : 'It runs for a while first: it grows, with its load or by a leak.'),
        ...(injected.refs.length > 0 && { causedBy: injected.refs }),
        evidence: [
          field(pod, `${end.path}.reason`, end.finishedAt),
          field(pod, limit.path),
          field(pod, `${c.statusPath}.restartCount`),
          ...injected.evidence,
        ],
        remediation: [
          step ?? { text: 'Raise the memory limit where this pod is written' },
          { text: 'For a managed heap (JVM, Node.js) set the heap below the limit, to about 75 % of it' },
          ...(isAtStart
            ? []
            : [{ text: 'If memory grows without bound, take a heap profile before raising it again' }]),
        ],
        ...(fix && { fix }),
      };
    }
  },
};

export const oomRecent: Rule = {
  id: 'container/oom-recent',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const run of runsOf(view)) {
      const { pod, c, end } = run;
      const limit = limitOf(run);
      const isRunning = c.status?.state?.running !== undefined && !run.isFailing;
      if (run.kind !== 'oom' || !isRunning || !end || !limit || !endedWithin(run, now, DAY_MS)) continue;
      if (isRepeated(run, now) && endedWithin(run, now, HOUR_MS)) continue;
      const { step, fix } = raiseMemory(run);
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: `memory ${limit.value}`,
        ...sinceOf(view, run),
        title: titled(`${capital(who(run))} was OOM-killed once at its ${limit.value} limit and runs again`),
        cause: `Its memory peaked above limits.memory=${limit.value}; the next peak kills it again.`,
        evidence: [
          field(pod, `${end.path}.reason`, end.finishedAt),
          field(pod, `${end.path}.finishedAt`),
          field(pod, limit.path),
          field(pod, `${c.statusPath}.restartCount`),
        ],
        remediation: [step ?? { text: 'Raise the memory limit where this pod is written' }],
        ...(fix && { fix }),
      };
    }
  },
};

/** A reading older than this says nothing about now. */
const STALE_MS = 10 * MINUTE_MS;

export const memoryNearLimit: Rule = {
  id: 'container/memory-near-limit',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'PodMetrics'],
  *check({ view, now, settings }) {
    for (const metrics of view.all('PodMetrics')) {
      const { name = '', namespace } = metrics.metadata;
      const pod = view.get('Pod', namespace, name);
      const read = parseTime(metrics.timestamp);
      if (!pod || (read !== undefined && now - read > STALE_MS)) continue;
      for (const c of containersOf(pod)) {
        const reading = metrics.containers?.find((m) => m.name === c.name)?.usage.memory;
        const limitText = c.spec.resources?.limits?.memory;
        const used = memoryBytes(reading);
        const limit = memoryBytes(limitText);
        if (reading === undefined || used === undefined || limit === undefined || limit <= 0) continue;
        if (used * 100 <= limit * settings.memoryThresholdPct) continue;
        const run = { pod, c, workload: view.workload(pod) };
        const { step, fix } = raiseMemory(run, used);
        const percent = Math.floor((used * 100) / limit);
        yield {
          subject: refOf(pod),
          container: c.name,
          causeKey: `memory ${limitText ?? ''}`,
          title: titled(`${capital(who(run))} uses ${percent} % of its ${limitText ?? ''} memory limit`),
          cause:
            `One reading shows ${formatBytes(used)} of limits.memory=${limitText ?? ''}, above the ${settings.memoryThresholdPct} % that count as near. ` +
            'At the limit the kernel kills it.',
          evidence: [usage(pod, c.name, reading), field(pod, `${c.specPath}.resources.limits.memory`)],
          remediation: [
            {
              text: 'See whether it stays there: one reading is no trend',
              command: `kubectl top pod ${name} -n ${namespace ?? ''} --containers`,
            },
            step ?? { text: 'Raise the memory limit where this pod is written' },
          ],
          ...(fix && { fix }),
        };
      }
    }
  },
};

function usage(pod: Pod, container: string, reading: string): Evidence {
  const { name = '', namespace = '' } = pod.metadata;
  return shown(
    ref('Pod', namespace, name),
    `memory of container ${container}`,
    reading,
    `kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/${namespace}/pods/${name}`,
  );
}
