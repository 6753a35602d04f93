import {
  ageOf,
  conditionOf,
  count,
  groupBy,
  isReady,
  listed,
  matchesLabels,
  parseTime,
  refOf,
  type DaemonSet,
  type Node,
  type Pod,
  type Taint,
  type Toleration,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { lastingFix, sourceSteps } from './managed.ts';
import { causeRefs, isStarting, lastAction, livePodsOf, notReadySince, notSeen, stateEvidence } from './pods.ts';
import { undoCommand } from './revisions.ts';

/** A rolling update that made a pod Ready within this time still moves. */
const STUCK_AFTER_MS = 600_000;
const UNAVAILABLE_AFTER_MS = 120_000;

/** DaemonSets that whole nodes depend on. */
const NODE_SERVICE =
  /(^|-)(cni|calico|cilium|flannel|weave|antrea|canal|kindnet|aws-node|kube-router|kube-proxy|csi|nodelocaldns|node-local-dns|coredns|multus)(-|$)/;

/** The node of a DaemonSet's pod, also before it is scheduled: the controller pins it by name. */
function nodeNameOf(pod: Pod): string | undefined {
  if (pod.spec?.nodeName !== undefined) return pod.spec.nodeName;
  const terms = pod.spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  return terms?.flatMap((t) => t.matchFields ?? []).find((f) => f.key === 'metadata.name')?.values?.[0];
}

/** False for nodes whose own trouble explains a missing pod, and for new ones. */
function isSettled(context: RuleContext, name: string | undefined): boolean {
  const node = context.view.get('Node', undefined, name ?? '');
  return !node || (conditionOf(node, 'Ready')?.status === 'True' && ageOf(node, context.now) > grace.newNode);
}

function revisionOf(pod: Pod): string {
  return pod.metadata.labels?.['controller-revision-hash'] ?? '';
}

/** The pods of the newest template: those of the revision that was made last. */
function updatedPods(pods: readonly Pod[]): readonly Pod[] {
  const created = (pod: Pod) => parseTime(pod.metadata.creationTimestamp) ?? 0;
  const newest = pods.reduce<Pod | undefined>((a, b) => (a && created(a) >= created(b) ? a : b), undefined);
  return newest ? pods.filter((pod) => revisionOf(pod) === revisionOf(newest)) : [];
}

/** True while an update is under way and made a pod Ready a short while ago. */
function isMovingOn(daemonSet: DaemonSet, pods: readonly Pod[], now: number): boolean {
  if (!isUpdating(daemonSet)) return false;
  return updatedPods(pods).some((pod) => {
    const ready = conditionOf(pod, 'Ready');
    return ready?.status === 'True' && now - (parseTime(ready.lastTransitionTime) ?? 0) < STUCK_AFTER_MS;
  });
}

function isUpdating({ spec, status }: DaemonSet): boolean {
  return (
    spec?.updateStrategy?.type !== 'OnDelete' &&
    (status?.updatedNumberScheduled ?? 0) < (status?.desiredNumberScheduled ?? 0)
  );
}

export const daemonSetUnavailable: Rule = {
  id: 'workload/daemonset-unavailable',
  severity: 'warning',
  confidence: 'certain',
  needs: ['DaemonSet', 'Pod', 'Node'],
  *check(context) {
    const { view, now } = context;
    for (const daemonSet of view.all('DaemonSet')) {
      const { desiredNumberScheduled: desired = 0, numberReady = 0, observedGeneration } = daemonSet.status ?? {};
      if (numberReady >= desired || observedGeneration !== daemonSet.metadata.generation) continue;
      if (!view.isComplete('Pod', daemonSet.metadata.namespace)) continue;
      const pods = livePodsOf(view, daemonSet);
      if (isMovingOn(daemonSet, pods, now)) continue;
      const self = refOf(daemonSet);
      const failing = pods.filter(
        (pod) => !isReady(pod) && !isStarting(context, pod, self) && isSettled(context, nodeNameOf(pod)),
      );
      const missing = Math.max(0, desired - pods.length);
      const acted = missing > 0 ? lastAction(view, daemonSet) : undefined;
      const onsets = [...failing.map(notReadySince), acted].filter((t) => t !== undefined);
      const since = onsets.length > 0 ? Math.min(...onsets) : now;
      const bad = failing.length + missing;
      if (bad === 0 || now - since < UNAVAILABLE_AFTER_MS) continue;
      const nodes = failing.flatMap((pod) => nodeNameOf(pod) ?? []);
      const where = nodes.length > 0 ? ` (${listed(nodes)})` : '';
      yield {
        subject: self,
        causeKey: 'nodes',
        ...(NODE_SERVICE.test(self.name) && { severity: 'critical' }),
        title: `${self.name}: ${bad} of ${count(desired, 'node')} ${bad === 1 ? 'has' : 'have'} no Ready pod${where}`,
        cause: `DaemonSet ${self.name} has ${numberReady} Ready pods for ${count(desired, 'node')}. ${notSeen(view, self, failing)}`,
        since: new Date(since).toISOString(),
        causedBy: causeRefs(view, failing),
        evidence: [
          field(daemonSet, '.status.desiredNumberScheduled'),
          field(daemonSet, '.status.numberReady'),
          ...failing
            .slice(0, 3)
            .flatMap((pod) => (pod.spec?.nodeName === undefined ? [] : [field(pod, '.spec.nodeName')])),
          ...stateEvidence(failing),
        ],
        remediation: [
          {
            text: 'Look at the events of the DaemonSet and of its pods',
            command: `kubectl describe daemonset ${self.name} -n ${self.namespace ?? ''}`,
          },
        ],
      } satisfies Draft;
    }
  },
};

export const daemonSetRolloutStuck: Rule = {
  id: 'workload/daemonset-rollout-stuck',
  severity: 'warning',
  confidence: 'certain',
  needs: ['DaemonSet', 'Pod'],
  *check(context) {
    const { view, now } = context;
    for (const daemonSet of view.all('DaemonSet')) {
      const { desiredNumberScheduled: desired = 0, updatedNumberScheduled: updated = 0 } = daemonSet.status ?? {};
      if (!isUpdating(daemonSet) || daemonSet.status?.observedGeneration !== daemonSet.metadata.generation) continue;
      const pods = livePodsOf(view, daemonSet);
      const self = refOf(daemonSet);
      const failing = updatedPods(pods).filter((pod) => !isReady(pod) && !isStarting(context, pod, self));
      const [pod] = failing;
      if (!pod || isMovingOn(daemonSet, pods, now) || ageOf(pod, now) < STUCK_AFTER_MS) continue;
      const oldServes = pods.some((p) => revisionOf(p) !== revisionOf(pod) && isReady(p));
      const node = nodeNameOf(pod);
      yield {
        subject: self,
        causeKey: 'update',
        title: `Update of ${self.name} has stopped at ${updated} of ${count(desired, 'node')}`,
        cause: `The new pod${node === undefined ? '' : ` on ${node}`} does not become Ready, so the update goes no further. ${notSeen(view, self, failing)}`,
        ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
        causedBy: causeRefs(view, failing),
        evidence: [
          field(daemonSet, '.status.desiredNumberScheduled'),
          ...(updated > 0 ? [field(daemonSet, '.status.updatedNumberScheduled')] : []),
          ...(pod.spec?.nodeName === undefined ? [] : [field(pod, '.spec.nodeName')]),
          ...stateEvidence(failing),
        ],
        remediation: [
          { text: 'Correct the pods, or return to the revision before', command: undoCommand(self) },
          ...sourceSteps(daemonSet),
        ],
        ...(oldServes && lastingFix(daemonSet, { verb: 'rollout-undo', target: self })),
      };
    }
  },
};

function tolerates(toleration: Toleration, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== taint.effect) return false;
  if (toleration.key === undefined) return toleration.operator === 'Exists';
  return toleration.key === taint.key && (toleration.operator === 'Exists' || toleration.value === taint.value);
}

/** Taints that the controller tolerates for every DaemonSet. */
const DAEMON_TAINT = /^node\.kubernetes\.io\//;

function isUnwanted(pod: Pod, node: Node): boolean {
  const tolerations = pod.spec?.tolerations ?? [];
  const selector = pod.spec?.nodeSelector ?? {};
  if (Object.keys(selector).length > 0 && !matchesLabels(selector, node.metadata.labels)) return true;
  return (node.spec?.taints ?? []).some(
    (taint) =>
      taint.effect === 'NoSchedule' && !DAEMON_TAINT.test(taint.key) && !tolerations.some((t) => tolerates(t, taint)),
  );
}

/** How long a pod must stay where it should not be; a node may just have been tainted. */
const MISSCHEDULED_AFTER_MS = 900_000;

export const daemonSetMisscheduled: Rule = {
  id: 'workload/daemonset-misscheduled',
  severity: 'info',
  confidence: 'certain',
  needs: ['DaemonSet', 'Pod', 'Node'],
  *check({ view, now }) {
    for (const daemonSet of view.all('DaemonSet')) {
      if ((daemonSet.status?.numberMisscheduled ?? 0) === 0) continue;
      const pods = livePodsOf(view, daemonSet).filter((pod) => {
        const node = view.get('Node', undefined, pod.spec?.nodeName ?? '');
        return node && isUnwanted(pod, node) && ageOf(pod, now) > MISSCHEDULED_AFTER_MS;
      });
      const nodes = [...groupBy(pods, (pod) => pod.spec?.nodeName ?? '').keys()];
      const [pod] = pods;
      if (!pod) continue;
      const self = refOf(daemonSet);
      yield {
        subject: self,
        causeKey: 'misscheduled',
        title: `${self.name} runs on ${count(nodes.length, 'node')} where it should not (${listed(nodes, 2)})`,
        cause: `Labels or taints of ${listed(nodes)} no longer fit DaemonSet ${self.name}; pods that run stay, since NoSchedule only keeps new ones away.`,
        evidence: [
          field(daemonSet, '.status.numberMisscheduled'),
          ...pods.slice(0, 3).map((p) => field(p, '.spec.nodeName')),
        ],
        remediation: [
          {
            text: 'Add a toleration, or delete the pods that should not be there',
            command: `kubectl delete pod ${pod.metadata.name ?? ''} -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};
