import { formatDuration, parseTime, refOf, type Node, type Taint } from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import { CORDON_TAINT, pendingPods } from '../../placement/index.ts';
import type { Rule } from '../../rule.ts';
import { conditionIs, nodeName, removalTaint, workingNodes } from './common.ts';

/** A maintenance may take so long before a cordon counts as forgotten, in ms. */
const MAINTENANCE_MS = 3_600_000;
/** The controllers that take a start-up taint away need less, in ms. */
const STARTUP_MS = 600_000;

export const cordoned: Rule = {
  id: 'node/cordoned',
  severity: 'info',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    const { view, now } = context;
    const wanted = new Set(
      pendingPods(view)
        .filter(({ placement }) => placement?.open.length === 0)
        .flatMap(({ placement }) => placement?.cordoned.map(({ name }) => name) ?? []),
    );
    for (const node of workingNodes(context)) {
      const at = node.spec?.taints?.findIndex((taint) => taint.key === CORDON_TAINT) ?? -1;
      const since = node.spec?.taints?.[at]?.timeAdded;
      if (node.spec?.unschedulable !== true || removalTaint(node)) continue;
      const age = now - (parseTime(since) ?? now);
      const name = nodeName(node);
      const missed = wanted.has(name);
      if (age <= MAINTENANCE_MS) continue;
      yield {
        subject: refOf(node),
        causeKey: 'cordoned',
        severity: missed ? 'warning' : 'info',
        title: `Node ${name} has been cordoned for ${formatDuration(age)}`,
        cause: `spec.unschedulable was set ${formatDuration(age)} ago and not taken back, so nothing new is placed on ${name}.${missed ? ' Pending pods fit only there.' : ''}`,
        ...(since !== undefined && { since: new Date(now - age).toISOString() }),
        evidence: [
          field(node, '.spec.unschedulable'),
          ...(at < 0 ? [] : [field(node, `.spec.taints[${at}].timeAdded`)]),
        ],
        remediation: [{ text: 'When the maintenance is over, release it', command: `kubectl uncordon ${name}` }],
      };
    }
  },
};

/** Taints that a controller takes away when the node is fit, and which one does. */
const STARTUP_TAINTS: Readonly<Record<string, string>> = {
  'node.cloudprovider.kubernetes.io/uninitialized': 'the cloud controller manager',
  'node.kubernetes.io/not-ready': 'the node controller, when the node is Ready',
  'node.kubernetes.io/unreachable': 'the node controller, when the node reports again',
  'node.kubernetes.io/network-unavailable': 'the network plugin or the route controller',
  'node.cilium.io/agent-not-ready': 'the Cilium operator, when the agent on the node is ready',
  'ebs.csi.aws.com/agent-not-ready': 'the EBS driver, when its pod on the node is ready',
  ToBeDeletedByClusterAutoscaler: 'the cluster autoscaler, which removes the node',
};

export const lifecycleTaint: Rule = {
  id: 'node/lifecycle-taint',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    const { now } = context;
    for (const node of workingNodes(context)) {
      for (const [i, taint] of (node.spec?.taints ?? []).entries()) {
        const remover = STARTUP_TAINTS[taint.key];
        if (remover === undefined || taint.effect === 'NoExecute' || isExplained(node, taint)) continue;
        const since = parseTime(taint.timeAdded) ?? parseTime(node.metadata.creationTimestamp);
        if (since === undefined || now - since <= STARTUP_MS) continue;
        const name = nodeName(node);
        yield {
          subject: refOf(node),
          causeKey: taint.key,
          since: new Date(since).toISOString(),
          title: `Node ${name} keeps taint ${taint.key}`,
          cause: `The taint has been there for ${formatDuration(now - since)}; it is taken away by ${remover}, which has not happened. Until then ordinary pods are kept off ${name}.`,
          evidence: [
            field(node, `.spec.taints[${i}].key`),
            field(node, taint.timeAdded === undefined ? '.metadata.creationTimestamp' : `.spec.taints[${i}].timeAdded`),
          ],
          remediation: [
            {
              text: `Look at ${remover.split(',')[0] ?? remover}; a toleration would only hide it`,
              command: 'kubectl get pods -n kube-system -o wide',
            },
          ],
        };
      }
    }
  },
};

/** The taint of a node that is not Ready follows from its condition, which has a finding of its own. */
function isExplained(node: Node, { key }: Taint): boolean {
  if (key === 'node.kubernetes.io/not-ready' || key === 'node.kubernetes.io/unreachable')
    return !conditionIs(node, 'Ready', 'True');
  return (
    key === 'node.kubernetes.io/network-unavailable' && conditionIs(node, 'NetworkUnavailable', 'True') !== undefined
  );
}

export const interruption: Rule = {
  id: 'node/interruption',
  severity: 'info',
  confidence: 'certain',
  needs: ['Node'],
  *check({ view }) {
    for (const node of view.all('Node')) {
      const taint = removalTaint(node);
      const said = view
        .events(node, 'PreemptScheduled', 'SpotInterruption', 'DisruptionTerminating', 'TerminateScheduled')
        .at(-1);
      if (!taint && !said) continue;
      // A scale-down is every day's business of an autoscaler, an interruption is not announced by it.
      if (taint?.key.endsWith('OfClusterAutoscaler') === true || taint?.key.endsWith('ByClusterAutoscaler') === true)
        continue;
      const name = nodeName(node);
      const reason = taint?.key ?? said?.reason ?? '';
      const i = node.spec?.taints?.findIndex((t) => t === taint) ?? -1;
      const shown = [...(i >= 0 ? [field(node, `.spec.taints[${i}].key`)] : []), ...(said ? [event(said)] : [])];
      const [first, ...rest] = shown;
      if (!first) continue;
      yield {
        subject: refOf(node),
        causeKey: reason,
        title: `Node ${name} is being taken away: ${reason}`,
        cause: `An announced removal (${reason}); evictions and restarts of its pods at this time follow from it.`,
        evidence: [first, ...rest],
        remediation: [
          {
            text: 'Nothing is to be done, unless workloads lack a PodDisruptionBudget or run on this node alone',
            command: `kubectl get pods -A -o wide --field-selector spec.nodeName=${name}`,
          },
        ],
      };
    }
  },
};
