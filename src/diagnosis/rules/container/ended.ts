import {
  containersOf,
  isDeleting,
  isFinished,
  lastEnd,
  parseTime,
  ref,
  refOf,
  type ContainerStatus,
  type ContainerTerminated,
  type ContainerView,
  type Pod,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { hasFullStrength } from '../pod/strength.ts';
import { logEvidence, titled } from './words.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

/** Owners that report a failed pod themselves. */
const REPORTS_ITSELF = new Set(['Job', 'Workflow', 'TaskRun', 'PipelineRun']);

export const failedNotRestarted: Rule = {
  id: 'container/failed-not-restarted',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of view.all('Pod')) {
      if (pod.status?.phase !== 'Failed' || pod.status.reason !== undefined || isDeleting(pod)) continue;
      if (!['Never', 'OnFailure'].includes(pod.spec?.restartPolicy ?? '')) continue;
      if (view.owners(pod).some((o) => REPORTS_ITSELF.has(o.kind))) continue;
      const failed = firstFailure(pod);
      if (!failed) continue;
      const { c, end } = failed;
      const workload = view.workload(pod);
      const finished = parseTime(end.finishedAt);
      const isOld = finished !== undefined && now - finished > DAY_MS;
      const why = end.reason === 'OOMKilled' ? 'OOM-killed, exit' : 'exit';
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: `${c.name}/${end.exitCode}`,
        ...(isOld && { severity: 'info' }),
        title: titled(`${workload.name} ended in failure and is not restarted (${why} ${end.exitCode})`),
        cause: `Container ${c.name} ${howItEnded(c, end)}, and restartPolicy ${pod.spec?.restartPolicy ?? ''} allows no other try.`,
        ...(finished !== undefined && { since: new Date(finished).toISOString() }),
        evidence: [
          field(pod, `${end.path}.exitCode`, end.finishedAt),
          field(pod, '.spec.restartPolicy'),
          ...(end.reason === 'OOMKilled' ? [field(pod, `${end.path}.reason`)] : []),
          ...(end.reason === 'OOMKilled' && memoryLimit(c) !== undefined
            ? [field(pod, `${c.specPath}.resources.limits.memory`)]
            : []),
          ...(end.message !== undefined && end.message !== '' ? [field(pod, `${end.path}.message`)] : []),
          ...logEvidence(view, { pod, c }),
        ],
        remediation: [
          {
            text: 'Read what it said',
            command: `kubectl logs ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} --all-containers --tail=100`,
          },
          { text: 'Correct the cause and make the pod anew, or use a Job, which retries' },
        ],
      };
    }
  },
};

function memoryLimit(c: ContainerView): string | undefined {
  return c.spec.resources?.limits?.memory;
}

function howItEnded(c: ContainerView, end: ContainerTerminated): string {
  if (end.reason !== 'OOMKilled') return `ended with exit code ${end.exitCode}`;
  const limit = memoryLimit(c);
  return `was killed for its memory${limit === undefined ? '' : ` at limits.memory=${limit}`}`;
}

function firstFailure(pod: Pod): { c: ContainerView; end: NonNullable<ReturnType<typeof lastEnd>> } | undefined {
  for (const c of containersOf(pod)) {
    const end = c.role === 'sidecar' ? undefined : lastEnd(c);
    if (end && end.exitCode !== 0) return { c, end };
  }
  return undefined;
}

/** The kubelet found no trace of a container that it had started: a reboot, a reset of the runtime, a removal by hand. */
export const statusUnknown: Rule = {
  id: 'container/status-unknown',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of view.all('Pod')) {
      const { status } = pod;
      if (!mentionsUnknown(status?.containerStatuses) && !mentionsUnknown(status?.initContainerStatuses)) continue;
      if (isDeleting(pod) || status?.phase === 'Succeeded' || status?.reason === 'Evicted') continue;
      const lost = containersOf(pod).find((c) => {
        const end = lastEnd(c);
        if (end?.reason !== 'ContainerStatusUnknown') return false;
        const finished = parseTime(end.finishedAt);
        return c.status?.state?.running === undefined || (finished !== undefined && now - finished < HOUR_MS);
      });
      const end = lost && lastEnd(lost);
      const workload = view.workload(pod);
      // What was replaced long since is history.
      if (!lost || !end || (isFinished(pod) && hasFullStrength(view, workload))) continue;
      const { nodeName = '' } = pod.spec ?? {};
      const isRunning = lost.status?.state?.running !== undefined;
      yield {
        subject: refOf(pod),
        container: lost.name,
        causeKey: nodeName,
        ...(isRunning && { severity: 'info' }),
        title: titled(`Container ${lost.name} of ${workload.name} was lost by the runtime of node ${nodeName}`),
        cause:
          `The kubelet of ${nodeName} could not find the container that it had started, and wrote exit code ${end.exitCode} itself: ` +
          'the node was restarted, its runtime was reset, or the container was removed behind its back.',
        causedBy: [ref('Node', undefined, nodeName)],
        evidence: [field(pod, `${end.path}.reason`, end.finishedAt), field(pod, '.spec.nodeName')],
        remediation: [
          { text: 'Look for a restart of the node or of its runtime', command: `kubectl describe node ${nodeName}` },
        ],
      };
    }
  },
};

/** Cheap enough for every pod of a cluster. */
function mentionsUnknown(statuses: readonly ContainerStatus[] | undefined): boolean {
  return (
    statuses?.some((s) =>
      [s.state, s.lastState].some((state) => state?.terminated?.reason === 'ContainerStatusUnknown'),
    ) === true
  );
}
