import {
  ageOf,
  conditionAge,
  conditionOf,
  count,
  groupBy,
  isReady,
  listed,
  matchesSelector,
  oneLine,
  parseTime,
  refKey,
  refOf,
  selectorText,
} from '../../../domain/index.ts';
import { event, field, shown } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { causeRefs, notSeen } from '../workload/pods.ts';
import {
  ALLOWED,
  isObserved,
  podsOfBudget,
  boundText,
  boundPath,
  isGuarded,
  workloadsOf,
  blocksAlways,
} from './budgets.ts';

export const blocksAll: Rule = {
  id: 'pdb/blocks-all',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PodDisruptionBudget'],
  *check({ view, now }) {
    for (const budget of view.all('PodDisruptionBudget')) {
      const { status } = budget;
      if (!status || !isObserved(budget) || !blocksAlways(budget) || status.currentHealthy < status.expectedPods)
        continue;
      if (isGuarded(view, budget) || ageOf(budget, now) < grace.newObject) continue;
      const self = refOf(budget);
      const workloads = workloadsOf(view, podsOfBudget(view, budget));
      const names = workloads.length > 0 ? listed(workloads.map((w) => w.name)) : count(status.expectedPods, 'pod');
      yield {
        subject: self,
        causeKey: boundText(budget),
        title: oneLine(
          `Budget ${self.name} never allows an eviction (${boundText(budget)} of ${count(status.expectedPods, 'pod')})`,
          90,
        ),
        cause: `${boundText(budget)} demands ${status.desiredHealthy} healthy of ${status.expectedPods} pods, so none of ${names} may ever be evicted: node drains and upgrades wait for good.`,
        affects: workloads,
        evidence: [
          field(budget, boundPath(budget)),
          field(budget, '.status.expectedPods'),
          field(budget, '.status.desiredHealthy'),
          field(budget, '.status.disruptionsAllowed'),
          ...(workloads.length === 0
            ? []
            : [
                shown(
                  self,
                  'pods that it covers',
                  names,
                  `kubectl get pods -n ${self.namespace ?? ''} -l '${selectorText(budget.spec?.selector)}'`,
                ),
              ]),
        ],
        remediation: [
          { text: 'Use maxUnavailable: 1, or run one replica more than minAvailable' },
          {
            text: 'Change the budget',
            command: `kubectl edit pdb ${self.name} -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

const TEMPORARY_MS = 600_000;

export const temporarilyZero: Rule = {
  id: 'pdb/temporarily-zero',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PodDisruptionBudget', 'Pod'],
  *check({ view, now }) {
    for (const budget of view.all('PodDisruptionBudget')) {
      const { status } = budget;
      const allowed = conditionOf(budget, 'DisruptionAllowed');
      if (!status || !isObserved(budget) || status.disruptionsAllowed !== 0) continue;
      const self = refOf(budget);
      const since = allowed?.lastTransitionTime;
      const uncounted = view.events(budget, 'UnmanagedPods', 'CalculateExpectedPodCountFailed').at(-1);
      // Without a controller to count them, even pods that are well may never be evicted.
      const isUncounted = uncounted !== undefined && status.expectedPods === 0 && podsOfBudget(view, budget).length > 0;
      if (allowed?.reason === 'SyncFailed' || isUncounted) {
        yield {
          subject: self,
          causeKey: 'sync failed',
          title: oneLine(`Budget ${self.name} allows no eviction: its pods cannot be counted`, 90),
          cause: isUncounted
            ? `The pods that Budget ${self.name} selects have no controller, and ${boundText(budget)} needs one to count them.`
            : `The controller cannot compute Budget ${self.name}: ${oneLine(allowed?.message ?? '', 200)}`,
          ...(since !== undefined && { since }),
          evidence: [
            isUncounted ? event(uncounted) : field(budget, `${ALLOWED}.message`, since),
            field(budget, '.metadata.name'),
          ],
          remediation: [
            {
              text: 'Use minAvailable as a number for pods that no scalable controller owns',
              command: `kubectl describe pdb ${self.name} -n ${self.namespace ?? ''}`,
            },
          ],
        };
        continue;
      }
      if (status.currentHealthy >= status.desiredHealthy || (conditionAge(allowed, now) ?? 0) < TEMPORARY_MS) continue;
      const unhealthy = podsOfBudget(view, budget).filter((pod) => !isReady(pod));
      // Pods that change from minute to minute are replaced, not broken.
      if (unhealthy.length > 0 && unhealthy.every((pod) => ageOf(pod, now) < TEMPORARY_MS)) continue;
      yield {
        subject: self,
        causeKey: 'unhealthy pods',
        title: `Budget ${self.name} allows no eviction now: ${status.currentHealthy} of ${status.desiredHealthy} pods healthy`,
        cause:
          `Budget ${self.name} demands ${status.desiredHealthy} healthy pods and has ${status.currentHealthy}. ` +
          notSeen(view, self, unhealthy) +
          (budget.spec?.unhealthyPodEvictionPolicy === 'AlwaysAllow' ? '' : ' Even the broken pods cannot be evicted.'),
        ...(since !== undefined && { since }),
        causedBy: causeRefs(view, unhealthy),
        evidence: [
          field(budget, '.status.desiredHealthy'),
          field(budget, '.status.currentHealthy'),
          field(budget, '.metadata.name'),
          ...unhealthy.slice(0, 2).map((pod) => field(pod, '.status.conditions[?(@.type=="Ready")].status')),
        ],
        remediation: [
          {
            text: 'Look at the pods that are not healthy',
            command: `kubectl get pods -n ${self.namespace ?? ''} -l '${selectorText(budget.spec?.selector)}'`,
          },
          { text: 'Let broken pods be evicted with unhealthyPodEvictionPolicy: AlwaysAllow' },
        ],
      };
    }
  },
};

/** How long a cordoned node may take to empty. */
const DRAIN_MS = 900_000;

export const drainBlocked: Rule = {
  id: 'pdb/drain-blocked',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node', 'Pod', 'PodDisruptionBudget'],
  *check({ view, now }) {
    const cordoned = view.all('Node').filter((node) => {
      if (node.spec?.unschedulable !== true) return false;
      const taint = node.spec.taints?.find((t) => t.key === 'node.kubernetes.io/unschedulable');
      const since = parseTime(taint?.timeAdded);
      return since !== undefined && now - since > DRAIN_MS;
    });
    if (cordoned.length === 0) return;
    const podsOn = groupBy(livePods(view), (pod) => pod.spec?.nodeName ?? '');
    for (const node of cordoned) {
      const left = (podsOn.get(node.metadata.name ?? '') ?? []).filter(
        (pod) => !(pod.metadata.ownerReferences ?? []).some((o) => o.kind === 'DaemonSet' || o.kind === 'Node'),
      );
      const blocked = left.flatMap((pod) => {
        const budget = view
          .inNamespace('PodDisruptionBudget', pod.metadata.namespace)
          .find((b) => b.status?.disruptionsAllowed === 0 && matchesSelector(b.spec?.selector, pod.metadata.labels));
        return budget ? [{ pod, budget }] : [];
      });
      const [first] = blocked;
      if (!first) continue;
      const self = refOf(node);
      const budgets = [...new Map(blocked.map(({ budget }) => [refKey(refOf(budget)), budget])).values()];
      const names = listed(budgets.map((b) => b.metadata.name ?? ''));
      const workload = view.workload(first.pod);
      const taint = (node.spec?.taints ?? []).findIndex((t) => t.key === 'node.kubernetes.io/unschedulable');
      yield {
        subject: self,
        causeKey: budgets.map((b) => refKey(refOf(b))).join(' '),
        title: oneLine(`Drain of node ${self.name} is blocked by budget ${names} (${workload.name})`, 90),
        cause: `Node ${self.name} is cordoned and still runs ${count(blocked.length, 'pod')} whose budget (${names}) allows no eviction.`,
        since: node.spec?.taints?.[taint]?.timeAdded ?? '',
        affects: workloadsOf(
          view,
          blocked.map(({ pod }) => pod),
        ),
        causedBy: budgets.map(refOf),
        evidence: [
          field(node, '.spec.unschedulable'),
          field(node, '.spec.taints[?(@.key=="node.kubernetes.io/unschedulable")].timeAdded'),
          ...budgets.slice(0, 3).map((b) => field(b, '.status.disruptionsAllowed')),
          field(first.pod, '.spec.nodeName'),
        ],
        remediation: [
          {
            text: `Give ${workload.name} one replica more while the node is drained, or correct the budget`,
            command: `kubectl get pdb -n ${workload.namespace ?? ''} -o wide`,
          },
        ],
      };
    }
  },
};
