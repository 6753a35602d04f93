import type { ClusterView } from '../../../cluster/index.ts';
import {
  formatBytes,
  formatMillicores,
  listed,
  parseQuantity,
  parseTime,
  refOf,
  type Condition,
  type Evidence,
  type Node,
  type NodeMetrics,
  type PodMetrics,
} from '../../../domain/index.ts';
import { event, field, shown } from '../../evidence.ts';
import { amounts, podDemand, roomOf, type NodeRoom } from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { brief, conditionEvidence, conditionIs, nodeName, removalTaint, sinceOf, workingNodes } from './common.ts';

interface Pressure {
  readonly condition: 'MemoryPressure' | 'DiskPressure' | 'PIDPressure';
  readonly title: (name: string, condition: Condition) => string;
  readonly cause: string;
  readonly step: string;
  /** Events of the kubelet about it. */
  readonly events: RegExp;
}

function pressureRule(
  id: Rule['id'],
  pressure: Pressure,
  more: (view: ClusterView, node: Node) => readonly Evidence[],
): Rule {
  return {
    id,
    severity: 'critical',
    confidence: 'certain',
    needs: ['Node'],
    *check(context) {
      for (const node of workingNodes(context)) {
        const condition = conditionIs(node, pressure.condition, 'True');
        if (!condition) continue;
        const name = nodeName(node);
        const said = context.view
          .events(node, 'EvictionThresholdMet', 'FreeDiskSpaceFailed', 'ImageGCFailed')
          .findLast((e) => pressure.events.test(e.message ?? ''));
        yield {
          subject: refOf(node),
          causeKey: pressure.condition,
          ...sinceOf(condition),
          title: pressure.title(name, condition),
          cause: `${condition.message ?? `${pressure.condition} is True`}. ${pressure.cause}`,
          evidence: [
            ...conditionEvidence(node, condition),
            ...(said ? [event(said)] : []),
            ...more(context.view, node),
          ],
          remediation: [
            { text: 'See the conditions, and what its pods request', command: `kubectl describe node ${name}` },
            { text: pressure.step },
          ],
        };
      }
    },
  };
}

export const memoryPressure = pressureRule(
  'node/memory-pressure',
  {
    condition: 'MemoryPressure',
    title: (name) => `Node ${name} is short of memory and evicts pods`,
    cause: 'Its pods use more memory than they request; those farthest above their requests are evicted first.',
    step: 'Set memory requests and limits on the pods that use most, or add nodes',
    events: /memory/i,
  },
  (view, node) => {
    const usage = metricsOf(view, node);
    return usage ? usageEvidence(node, usage, 'memory') : [];
  },
);

export const diskPressure = pressureRule(
  'node/disk-pressure',
  {
    condition: 'DiskPressure',
    title: (name, { message }) =>
      `Node ${name} is short of disk space${message !== undefined ? `: ${brief(message, 45)}` : ''}`,
    cause:
      'Images, container logs or emptyDir data fill a file system, and the clean-up of the kubelet freed too little.',
    step: 'Remove unused images on the machine, set ephemeral-storage limits, or enlarge the disk',
    events: /disk|ephemeral-storage|image|inodes|fs/i,
  },
  () => [],
);

export const pidPressure = pressureRule(
  'node/pid-pressure',
  {
    condition: 'PIDPressure',
    title: (name) => `Node ${name} runs out of process ids`,
    cause: 'A workload on it creates too many processes or threads.',
    step: 'Find and limit that workload; set podPidsLimit of the kubelet',
    events: /pid/i,
  },
  () => [],
);

/** A reading older than this says nothing about now. */
const STALE_MS = 600_000;

function metricsOf(view: ClusterView, node: Node): NodeMetrics | undefined {
  const metrics = view.get('NodeMetrics', undefined, nodeName(node));
  const at = parseTime(metrics?.timestamp);
  return at !== undefined && Math.abs(view.at - at) <= STALE_MS ? metrics : undefined;
}

function usageEvidence(node: Node, metrics: NodeMetrics, resource: 'cpu' | 'memory'): readonly Evidence[] {
  const path = `/apis/metrics.k8s.io/v1beta1/nodes/${nodeName(node)}`;
  const value = metrics.usage?.[resource] ?? '';
  return [
    shown(refOf(node), `usage of ${resource}`, value, `kubectl get --raw ${path}`),
    field(node, `.status.allocatable.${resource}`),
  ];
}

export const usageHigh: Rule = {
  id: 'node/usage-high',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node', 'NodeMetrics'],
  *check(context) {
    const { view, settings } = context;
    for (const node of workingNodes(context)) {
      const metrics = removalTaint(node) ? undefined : metricsOf(view, node);
      if (!metrics) continue;
      // cpu is shared out when it is short, memory is not: it may come nearer to its end.
      const limits = { memory: settings.nodeThresholdPct, cpu: Math.min(99, settings.nodeThresholdPct + 10) };
      for (const resource of ['memory', 'cpu'] as const) {
        const used = parseQuantity(metrics.usage?.[resource]);
        const offered = amounts(node.status?.allocatable).get(resource);
        if (used === undefined || offered === undefined || offered === 0n) continue;
        const percent = Number((used * 1000n) / offered) / 10;
        if (percent >= limits[resource]) yield usageDraft(view, node, metrics, resource, { used, offered, percent });
      }
    }
  },
};

interface Usage {
  readonly used: bigint;
  readonly offered: bigint;
  readonly percent: number;
}

function usageDraft(
  view: ClusterView,
  node: Node,
  metrics: NodeMetrics,
  resource: 'cpu' | 'memory',
  usage: Usage,
): Draft {
  const name = nodeName(node);
  const text = (nanos: bigint) =>
    resource === 'memory' ? formatBytes(Number(nanos / 1_000_000_000n)) : formatMillicores(Number(nanos / 1_000_000n));
  const room = roomOf(view).nodes.find((r) => r.node === node);
  // The largest users are known only where all pods were measured.
  const top = room && view.isComplete('PodMetrics') ? topPods(view, room, resource) : [];
  return {
    subject: refOf(node),
    causeKey: resource,
    // One reading of cpu is a burst as likely as a trend; memory that is used stays used.
    ...(resource === 'cpu' && { severity: 'info' as const }),
    ...(metrics.timestamp !== undefined && { since: metrics.timestamp }),
    title: `Node ${name} uses ${Math.floor(usage.percent)} % of its ${resource}`,
    cause: `It uses ${text(usage.used)} of ${text(usage.offered)} ${resource} at the last reading.${top.length > 0 ? ` Most of it: ${listed(top.map(({ workload, used }) => `${workload} ${text(used)}`))}.` : ''}`,
    evidence: [
      ...(usageEvidence(node, metrics, resource) as [Evidence, ...Evidence[]]),
      ...top.map(({ metrics: m, value }) =>
        shown(
          refOf(m),
          `usage of ${resource}`,
          value,
          `kubectl get --raw /apis/metrics.k8s.io/v1beta1/namespaces/${m.metadata.namespace ?? ''}/pods/${m.metadata.name ?? ''}`,
        ),
      ),
    ],
    remediation: [
      { text: 'See which pods use most', command: `kubectl top pods -A --sort-by=${resource}` },
      { text: 'Move or limit the largest, or add nodes' },
    ],
  };
}

/** The three pods of the node that use most. */
function topPods(view: ClusterView, { pods }: NodeRoom, resource: string) {
  const read = pods.flatMap((pod) => {
    const metrics: PodMetrics | undefined = view.get('PodMetrics', pod.metadata.namespace, pod.metadata.name ?? '');
    const values = (metrics?.containers ?? []).flatMap((c) => c.usage[resource] ?? []);
    const used = values.reduce((sum, value) => sum + (parseQuantity(value) ?? 0n), 0n);
    return metrics && used > 0n ? [{ metrics, workload: view.workload(pod).name, used, value: values[0] ?? '' }] : [];
  });
  return read.sort((a, b) => (a.used > b.used ? -1 : a.used < b.used ? 1 : 0)).slice(0, 3);
}

/** Pods that request more than they could get anywhere are judged one by one; this is about the nodes together. */
export const requestsSaturated: Rule = {
  id: 'node/requests-saturated',
  severity: 'info',
  confidence: 'certain',
  needs: ['Node', 'Pod'],
  *check({ view }) {
    const room = roomOf(view);
    const nodes = room.nodes.filter(({ node }) => node.spec?.unschedulable !== true);
    // One packed node beside free ones is how it should be.
    if (!room.allNodes || !room.allPods || nodes.length < 2) return;
    for (const resource of ['cpu', 'memory']) {
      const offered = sum(nodes, (r) => r.allocatable.get(resource));
      const promised = sum(nodes, (r) => r.requested.get(resource));
      if (offered === 0n || promised * 100n < offered * 95n) continue;
      const full = nodes.filter(
        (r) => (r.requested.get(resource) ?? 0n) * 100n >= (r.allocatable.get(resource) ?? 0n) * 95n,
      );
      const [first] = full.toSorted((a, b) => (share(b, resource) > share(a, resource) ? 1 : -1));
      if (!first) continue;
      const largest = [...first.pods]
        .map((pod) => ({ pod, amount: podDemand(pod).get(resource) ?? 0n }))
        .sort((a, b) => (a.amount > b.amount ? -1 : 1))
        .slice(0, 3);
      yield {
        subject: refOf(first.node),
        causeKey: resource,
        title: `Requests reach ${String((promised * 100n) / offered)} % of the ${resource} of all nodes`,
        cause: `${full.length} of ${nodes.length} nodes, among them ${first.name}, have promised at least 95 % of their ${resource}; a new pod or the loss of a node finds little room. Largest on ${first.name}: ${listed(largest.map(({ pod }) => view.workload(pod).name))}.`,
        evidence: [
          field(first.node, `.status.allocatable.${resource}`),
          ...largest.map(({ pod }) => field(pod, '.spec.nodeName')),
        ],
        remediation: [
          { text: 'See what is promised on the node', command: `kubectl describe node ${first.name}` },
          { text: 'Lower requests that are far above use, or add nodes' },
        ],
      };
    }
  },
};

function sum(nodes: readonly NodeRoom[], of: (room: NodeRoom) => bigint | undefined): bigint {
  return nodes.reduce((total, room) => total + (of(room) ?? 0n), 0n);
}

function share(room: NodeRoom, resource: string): bigint {
  const offered = room.allocatable.get(resource) ?? 0n;
  return offered === 0n ? 0n : ((room.requested.get(resource) ?? 0n) * 1000n) / offered;
}
