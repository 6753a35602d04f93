import { groupBy, oneLine, refOf, type KubeEvent, type KubeObject } from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { event } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';

const RECENT_MS = 30 * 60_000;
const OFTEN = 3;

/** Reasons that other rules judge: what they do not report of them is harmless or overcome. */
const JUDGED = new Set(
  [
    // pods, containers and images
    'BackOff Failed FailedScheduling FailedMount FailedAttachVolume FailedCreatePodSandBox FailedPodSandBoxStatus',
    'FailedSync FailedKillPod FailedPreStopHook FailedPostStartHook ErrImageNeverPull InspectFailed Unhealthy Evicted',
    'ExceededGracePeriod FailedToRetrieveImagePullSecret InvalidEnvironmentVariableNames NetworkNotReady Preempted',
    'ProbeWarning SysctlForbidden NodeAffinity UnexpectedAdmissionError OutOfcpu OutOfmemory OutOfpods FailedUnMount',
    // workloads
    'FailedCreate FailedDelete ReplicaSetCreateError BackoffLimitExceeded DeadlineExceeded PodFailurePolicy',
    'FailedDaemonPod RecreatingFailedPod InvalidSchedule UnparseableSchedule UnknownTimeZone TooManyMissedTimes',
    // nodes
    'NodeNotReady Rebooted SystemOOM OOMKilling ContainerGCFailed ImageGCFailed FreeDiskSpaceFailed EvictionThresholdMet',
    'FailedNodeAllocatableEnforcement KubeletSetupFailed TaintManagerEviction',
    // storage
    'ProvisioningFailed FailedBinding ClaimLost VolumeFailedDelete VolumeResizeFailed FileSystemResizeFailed VolumeMismatch',
    // services, autoscalers, budgets, certificates
    'SyncLoadBalancerFailed FailedGetScale FailedGetResourceMetric FailedGetExternalMetric FailedGetPodsMetric',
    'FailedGetObjectMetric FailedGetContainerResourceMetric FailedComputeMetricsReplicas FailedRescale FailedUpdateStatus',
    'AmbiguousSelector MultiplePodDisruptionBudgets OwnerRefInvalidNamespace IssuerNotFound',
  ]
    .join(' ')
    .split(' '),
);

/** Said at every start or by controllers that meet each other; nothing is wrong. */
const HARMLESS = new Set([
  'InvalidDiskCapacity',
  'CgroupV1',
  'CheckLimitsForResolvConf',
  'DNSConfigForming',
  'PossibleMemoryBackedVolumesOnDisk',
  'FailedToUpdateEndpoint',
  'FailedToUpdateEndpointSlices',
  'FailedToCreateEndpoint',
]);

export const warningEvents: Rule = {
  id: 'object/warning-events',
  severity: 'info',
  confidence: 'certain',
  needs: ['Event'],
  *check({ view, now }) {
    const unclassified = view.all('Event').filter((e) => isUnclassified(e) && now - (eventTime(e) ?? 0) <= RECENT_MS);
    const groups = groupBy(unclassified, (e) => `${e.involvedObject.uid ?? ''} ${e.reason ?? ''}`);
    for (const events of groups.values()) {
      const latest = events.reduce((a, b) => ((eventTime(b) ?? 0) > (eventTime(a) ?? 0) ? b : a));
      const times = events.reduce((sum, e) => sum + (e.series?.count ?? e.count ?? 1), 0);
      const object = objectOf(view, latest);
      if (times < OFTEN || !object) continue;
      const { reason = '', message = '' } = latest;
      const workload = view.workload(object);
      yield {
        subject: refOf(object),
        causeKey: `${reason} ${withoutNumbers(message)}`,
        title: oneLine(`${workload.kind} ${workload.name}: ${reason} (${times} times): ${message}`, 90),
        cause: `No rule knows this event; it says: ${oneLine(message)}`,
        ...(latest.firstTimestamp !== undefined && { since: latest.firstTimestamp }),
        evidence: [event(latest)],
        remediation: [
          {
            text: 'Read the events of the object',
            command: `kubectl get events -n ${latest.metadata.namespace ?? 'default'} --field-selector involvedObject.name=${latest.involvedObject.name ?? ''}`,
          },
        ],
      };
    }
  },
};

function isUnclassified({ type, reason = '' }: KubeEvent): boolean {
  return type === 'Warning' && !JUDGED.has(reason) && !HARMLESS.has(reason);
}

/** The object, when it still exists: by uid, since names are used again. */
function objectOf(view: ClusterView, e: KubeEvent): KubeObject | undefined {
  const { uid, kind, name } = e.involvedObject;
  return kind === 'Node' && name !== undefined ? view.get('Node', undefined, name) : view.byUidOf(uid);
}

/** The same complaint stays the same one: no numbers, no hashes, no quoted names. */
function withoutNumbers(message: string): string {
  return oneLine(message.replace(/"[^"]*"/g, '""').replace(/\b[0-9a-f-]*\d[0-9a-f-]*\b/gi, '#'), 120);
}
