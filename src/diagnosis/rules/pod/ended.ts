import { conditionOf, ref, refOf, parseTime, isDeleting, type Pod } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { titled } from '../container/words.ts';
import { hasFullStrength } from './strength.ts';

const DAY_MS = 86_400_000;

/** When a pod stopped: the end of its last container, else its creation. */
function endedAt(pod: Pod): number | undefined {
  const ends = (pod.status?.containerStatuses ?? []).map((s) => parseTime(s.state?.terminated?.finishedAt) ?? 0);
  const last = Math.max(0, ...ends);
  return last > 0 ? last : parseTime(conditionOf(pod, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp);
}

/**
 * How much a failed pod still matters: undefined when it is a mere record of long ago, info when its workload has
 * replaced it.
 */
function weight(view: ClusterView, pod: Pod): 'warning' | 'info' | undefined {
  const isOld = view.at - (endedAt(pod) ?? view.at) > DAY_MS;
  const isReplaced = hasFullStrength(view, view.workload(pod));
  if (isOld && isReplaced) return undefined;
  return isOld || isReplaced ? 'info' : 'warning';
}

function removeRecord(pod: Pod): { text: string; command: string } {
  return {
    text: 'Once it was read, the record may be removed',
    command: `kubectl delete pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''}`,
  };
}

function* failedPods(
  view: ClusterView,
  matches: (status: NonNullable<Pod['status']>) => boolean,
): Generator<{ pod: Pod; base: Pick<Draft, 'subject'> & Partial<Draft>; name: string; nodeName: string }> {
  for (const pod of view.all('Pod')) {
    const { status } = pod;
    if (status?.phase !== 'Failed' || isDeleting(pod) || !matches(status)) continue;
    const severity = weight(view, pod);
    if (!severity) continue;
    const since = endedAt(pod);
    yield {
      pod,
      base: {
        subject: refOf(pod),
        severity,
        ...(since !== undefined && { since: new Date(since).toISOString() }),
      },
      name: view.workload(pod).name,
      nodeName: pod.spec?.nodeName ?? '',
    };
  }
}

const LOW_ON = /The node was low on resource: ([\w-]+)/;
const PRESSURE = /The node had condition: \[(Memory|Disk|PID)Pressure\]/;
const OF_PRESSURE: Readonly<Record<string, string>> = { Memory: 'memory', Disk: 'disk', PID: 'process ids' };

function resourceThatRanOut(message: string): string | undefined {
  return LOW_ON.exec(message)?.[1] ?? OF_PRESSURE[PRESSURE.exec(message)?.[1] ?? ''];
}

export const evictedNodePressure: Rule = {
  id: 'pod/evicted-node-pressure',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { pod, base, name, nodeName } of failedPods(view, (s) => s.reason === 'Evicted')) {
      const resource = resourceThatRanOut(pod.status?.message ?? '');
      if (resource === undefined) continue;
      const node = view.get('Node', undefined, nodeName);
      const pressure = node?.status?.conditions?.find((c) => c.type.endsWith('Pressure') && c.status === 'True');
      yield {
        ...base,
        causeKey: `${resource} ${nodeName}`,
        title: titled(`${name} was evicted: node ${nodeName} ran low on ${resource}`),
        cause: `The kubelet of ${nodeName} freed ${resource} and chose pods that used more of it than they had requested.`,
        causedBy: [ref('Node', undefined, nodeName)],
        evidence: [
          field(pod, '.status.message', base.since),
          field(pod, '.spec.nodeName'),
          ...(node && pressure ? [field(node, `.status.conditions[?(@.type=="${pressure.type}")].status`)] : []),
        ],
        remediation: [
          { text: 'Find what fills the node', command: `kubectl describe node ${nodeName}` },
          { text: `Give the workload a request for ${resource} that is near its real use` },
          removeRecord(pod),
        ],
      };
    }
  },
};

const OWN_LIMIT = [
  [/ephemeral local storage usage exceeds the total limit of containers (\S+?)\.?(?:\s|$)/, 'ephemeral-storage limit'],
  [/exceeded its local ephemeral storage limit "([^"]+)"/, 'ephemeral-storage limit'],
  [/Usage of EmptyDir volume "[^"]+" exceeds the limit "([^"]+)"/, 'emptyDir sizeLimit'],
] as const;

export const evictedOwnLimit: Rule = {
  id: 'pod/evicted-own-limit',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { pod, base, name } of failedPods(view, (s) => s.reason === 'Evicted')) {
      const message = pod.status?.message ?? '';
      const hit = OWN_LIMIT.flatMap(([text, what]) => {
        const limit = text.exec(message)?.[1];
        return limit === undefined ? [] : [{ limit, what }];
      })[0];
      if (!hit) continue;
      const volume = /EmptyDir volume "([^"]+)"/.exec(message)?.[1];
      yield {
        ...base,
        causeKey: `${hit.what} ${hit.limit}`,
        title: titled(`${name} was evicted: it wrote more than its own ${hit.limit} ${hit.what}`),
        cause:
          volume === undefined
            ? `Its containers wrote logs, caches or temporary files above ${hit.limit}. The node is well; the same happens on any other.`
            : `Its containers wrote more than ${hit.limit} into volume ${volume}. The node is well; the same happens on any other.`,
        evidence: [
          field(pod, '.status.message', base.since),
          ...(volume === undefined ? [] : [field(pod, `.spec.volumes[?(@.name=="${volume}")].emptyDir.sizeLimit`)]),
        ],
        remediation: [
          { text: 'See what it writes: its log volume, and caches below the mount paths of its emptyDir volumes' },
          { text: 'Raise the limit, or move the data to a PersistentVolumeClaim' },
          removeRecord(pod),
        ],
      };
    }
  },
};

const REFUSALS = new Set([
  'OutOfcpu',
  'OutOfmemory',
  'OutOfpods',
  'OutOfephemeral-storage',
  'NodeAffinity',
  'NodePorts',
  'NodeName',
  'TaintToleration',
  'UnexpectedAdmissionError',
  'TopologyAffinityError',
  'SysctlForbidden',
  'AppArmor',
  'PodOSNotSupported',
  'PodOSSelectorNodeLabelDoesNotMatch',
  'InvalidNodeInfo',
]);

export const rejectedByKubelet: Rule = {
  id: 'pod/rejected-by-kubelet',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    const isRefused = (s: NonNullable<Pod['status']>) =>
      (s.containerStatuses ?? []).length === 0 &&
      (REFUSALS.has(s.reason ?? '') || /Pod was rejected/.test(s.message ?? ''));
    for (const { pod, base, name, nodeName } of failedPods(view, isRefused)) {
      const reason = pod.status?.reason ?? 'rejected';
      const owner = view.owners(pod)[0];
      const isOwned = owner !== undefined && owner.kind !== 'Node';
      yield {
        ...base,
        causeKey: `${reason} ${nodeName}`,
        title: titled(`Node ${nodeName} refused a pod of ${name} at admission: ${reason}`),
        cause: isOwned
          ? `Between scheduling and start node ${nodeName} changed, or it lacks what the pod needs (${reason}); this pod never runs.`
          : `The pod was bound to node ${nodeName}, which cannot take it (${reason}), and nothing makes another; it never runs.`,
        causedBy: [ref('Node', undefined, nodeName)],
        evidence: [
          field(pod, '.status.message', base.since),
          field(pod, '.status.reason'),
          field(pod, '.spec.nodeName'),
        ],
        remediation: [
          /Unexpected|Topology/.test(reason)
            ? {
                text: 'Look at the device plugin on the node',
                command: `kubectl get pods -A --field-selector spec.nodeName=${nodeName}`,
              }
            : reason === 'SysctlForbidden'
              ? { text: 'Remove the sysctl from securityContext.sysctls, or allow it on the node' }
              : { text: 'Compare what it asks with what the node has', command: `kubectl describe node ${nodeName}` },
          removeRecord(pod),
        ],
        ...(isOwned && { fix: { verb: 'restart-pod', target: refOf(pod) } }),
      };
    }
  },
};

export const deadlineExceeded: Rule = {
  id: 'pod/deadline-exceeded',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const { pod, base, name } of failedPods(view, (s) => s.reason === 'DeadlineExceeded')) {
      const seconds = pod.spec?.activeDeadlineSeconds;
      if (seconds === undefined || jobTells(view, pod)) continue;
      yield {
        ...base,
        causeKey: `${seconds}s`,
        title: titled(`${name} was stopped after its activeDeadlineSeconds of ${seconds}s`),
        cause: `The pod ran longer than spec.activeDeadlineSeconds=${seconds}: the work takes longer, or it hung. Exit codes come from the stop.`,
        evidence: [
          field(pod, '.spec.activeDeadlineSeconds'),
          field(pod, '.status.reason', base.since),
          field(pod, '.status.startTime'),
        ],
        remediation: [
          {
            text: 'See what it did last',
            command: `kubectl logs ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} --all-containers --tail=100`,
          },
          { text: 'Raise activeDeadlineSeconds where the pod is written, or make the work resumable' },
        ],
      };
    }
  },
};

/** True when the Job has succeeded since, or reports its own deadline. */
function jobTells(view: ClusterView, pod: Pod): boolean {
  const owner = view.owners(pod)[0];
  const job = owner?.kind === 'Job' ? view.get('Job', pod.metadata.namespace, owner.name) : undefined;
  return (
    job !== undefined &&
    (conditionOf(job, 'Complete')?.status === 'True' || conditionOf(job, 'Failed')?.reason === 'DeadlineExceeded')
  );
}

export const preempted: Rule = {
  id: 'pod/preempted',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }) {
    for (const pod of view.all('Pod')) {
      const target = conditionOf(pod, 'DisruptionTarget');
      const isMarked = target?.status === 'True' && target.reason === 'PreemptionByScheduler';
      if (!isMarked && pod.status?.reason !== 'Preempting') continue;
      const workload = view.workload(pod);
      if (hasFullStrength(view, workload)) continue;
      const said = view.events(pod, 'Preempted').at(-1);
      const by = view.byUidOf(/by pod ([0-9a-f-]{36})/.exec(said?.message ?? '')?.[1]);
      const stronger = by && view.workload(by);
      yield {
        subject: refOf(pod),
        causeKey: stronger?.name ?? 'preempted',
        ...(target?.lastTransitionTime !== undefined && { since: target.lastTransitionTime }),
        title: titled(
          `${workload.name} lost a pod to ${stronger ? stronger.name : 'one'} of higher priority, for want of room`,
        ),
        cause:
          `The scheduler removed a pod of ${workload.name} (priority ${pod.spec?.priority ?? 0}), because there was no other room for ` +
          `${stronger ? `${stronger.name} (priority ${(by as Pod).spec?.priority ?? 0})` : 'a pod of higher priority'}.`,
        ...(stronger && { causedBy: [stronger] }),
        evidence: [
          isMarked
            ? field(pod, '.status.conditions[?(@.type=="DisruptionTarget")].reason', target.lastTransitionTime)
            : field(pod, '.status.reason'),
          ...(said ? [event(said)] : []),
          ...(pod.spec?.priority === undefined ? [] : [field(pod, '.spec.priority')]),
          ...(by ? [field(by, '.spec.priority')] : []),
        ],
        remediation: [
          { text: 'See which priorities there are', command: 'kubectl get priorityclass' },
          { text: 'Add room, or lower the requests of the workload of higher priority' },
        ],
      };
    }
  },
};
