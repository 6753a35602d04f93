import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  formatQuantity,
  isFinished,
  matchesLabels,
  oneLine,
  parseQuantity,
  refOf,
  type Evidence,
  type KubeObject,
  type Node,
  type Pod,
  type PodSpec,
} from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { countedContainers, targetOf, targetRef } from './targets.ts';

const RESOURCES = ['cpu', 'memory'] as const;
type Resource = (typeof RESOURCES)[number];

/** What one pod asks for, in nanos; init containers left out, they ask only at the start. */
function requestOf(containers: readonly { readonly resources?: PodSpec['resources'] }[], resource: Resource): bigint {
  return containers.reduce((sum, c) => sum + (parseQuantity(c.resources?.requests?.[resource]) ?? 0n), 0n);
}

function podRequest(pod: Pod, resource: Resource): bigint {
  const whole = parseQuantity(pod.spec?.resources?.requests?.[resource]);
  const counted = containersOf(pod).filter((c) => c.role !== 'init');
  return (
    whole ??
    requestOf(
      counted.map((c) => c.spec),
      resource,
    )
  );
}

/** Something adds nodes when pods do not fit: then free room says nothing. */
function hasNodeAutoscaler(view: ClusterView): boolean {
  return (
    view.all('Deployment').some((d) => /cluster-autoscaler|karpenter/.test(d.metadata.name ?? '')) ||
    view.all('ConfigMap').some((c) => c.metadata.name === 'cluster-autoscaler-status') ||
    view
      .all('Node')
      .some((n) =>
        Object.keys(n.metadata.labels ?? {}).some((key) =>
          /^(karpenter\.sh|eks\.amazonaws\.com|cloud\.google\.com|kubernetes\.azure\.com)\//.test(key),
        ),
      )
  );
}

interface Room {
  readonly node: Node;
  readonly free: Readonly<Record<Resource, bigint>>;
}

/** Free room of each node that takes pods. */
function roomOf(view: ClusterView): readonly Room[] {
  const used = new Map<string, Record<Resource, bigint>>();
  for (const pod of view.all('Pod')) {
    const name = pod.spec?.nodeName;
    if (name === undefined || isFinished(pod)) continue;
    const sum = used.get(name) ?? { cpu: 0n, memory: 0n };
    for (const r of RESOURCES) sum[r] += podRequest(pod, r);
    used.set(name, sum);
  }
  return view
    .all('Node')
    .filter((n) => n.spec?.unschedulable !== true && conditionOf(n, 'Ready')?.status === 'True')
    .filter((n) => !(n.spec?.taints ?? []).some((t) => t.effect !== 'PreferNoSchedule'))
    .map((node) => {
      const taken = used.get(node.metadata.name ?? '');
      const free = (r: Resource) => (parseQuantity(node.status?.allocatable?.[r]) ?? 0n) - (taken?.[r] ?? 0n);
      return { node, free: { cpu: free('cpu'), memory: free('memory') } };
    });
}

interface Demand {
  readonly resource: Resource;
  readonly more: number;
  readonly each: bigint;
  readonly object: KubeObject;
  readonly spec: PodSpec;
}

/** How many more pods of this size the nodes take. */
function fitting(rooms: readonly Room[], { each, resource, spec }: Demand): number {
  const selector = spec.nodeSelector ?? {};
  return rooms
    .filter(({ node }) => Object.keys(selector).length === 0 || matchesLabels(selector, node.metadata.labels))
    .reduce((n, { free }) => n + (free[resource] > 0n ? Number(free[resource] / each) : 0), 0);
}

export const exceedsCapacity: Rule = {
  id: 'hpa/exceeds-capacity',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler', 'Deployment', 'StatefulSet', 'Pod', 'Node', 'ResourceQuota'],
  *check({ view }) {
    const hpas = view.all('HorizontalPodAutoscaler');
    if (hpas.length === 0) return;
    const wholeCluster = view.isComplete('Node') && view.isComplete('Pod') && view.isComplete('Deployment');
    const rooms = wholeCluster && !hasNodeAutoscaler(view) ? roomOf(view) : undefined;
    for (const hpa of hpas) {
      const target = targetOf(view, hpa);
      const counted = target.state === 'present' ? countedContainers(view, target.object) : undefined;
      const max = hpa.spec?.maxReplicas ?? 0;
      const more = max - (hpa.status?.currentReplicas ?? 0);
      if (!counted || more <= 0) continue;
      for (const resource of RESOURCES) {
        const whole = parseQuantity(counted.spec.resources?.requests?.[resource]);
        const each = whole ?? requestOf(counted.containers, resource);
        if (each <= 0n) continue;
        const demand: Demand = { resource, more, each, object: counted.object, spec: counted.spec };
        const limit = quotaLimit(view, hpa.metadata.namespace, demand, max) ?? nodeLimit(rooms, demand);
        if (!limit) continue;
        const self = refOf(hpa);
        const { kind, name } = targetRef(hpa);
        const all = formatQuantity(resource, BigInt(max) * each);
        yield {
          subject: self,
          causeKey: `${resource} ${limit.key}`,
          title: oneLine(`Autoscaler ${self.name} could ask for ${all} ${resource}; ${limit.text}`, 90),
          cause: `maxReplicas ${max} of ${self.name} times ${formatQuantity(resource, each)} ${resource} for each pod of ${kind} ${name} comes to ${all}, but ${limit.text}: a full scale-out ends in pods that cannot start.`,
          evidence: [
            field(hpa, '.spec.maxReplicas'),
            field(hpa, '.spec.scaleTargetRef.name'),
            field(
              counted.object,
              counted.object.kind === 'Pod'
                ? '.spec.containers[0].resources'
                : '.spec.template.spec.containers[0].resources',
            ),
            limit.evidence,
          ],
          remediation: [{ text: 'Lower maxReplicas or the requests, or add room', command: 'kubectl describe nodes' }],
        };
        break;
      }
    }
  },
};

interface Limit {
  readonly key: string;
  readonly text: string;
  readonly evidence: Evidence;
}

function quotaLimit(view: ClusterView, namespace: string | undefined, d: Demand, max: number): Limit | undefined {
  for (const quota of view.inNamespace('ResourceQuota', namespace)) {
    if (quota.spec?.scopes || quota.spec?.scopeSelector) continue;
    for (const key of [`requests.${d.resource}`, d.resource]) {
      const hard = parseQuantity(quota.spec?.hard?.[key]);
      if (hard === undefined || BigInt(max) * d.each <= hard) continue;
      const name = quota.metadata.name ?? '';
      return {
        key: name,
        text: `quota ${name} allows ${formatQuantity(d.resource, hard)}`,
        evidence: field(quota, `.spec.hard.${key.replace('.', '\\.')}`),
      };
    }
  }
  return undefined;
}

function nodeLimit(rooms: readonly Room[] | undefined, d: Demand): Limit | undefined {
  const [first] = rooms ?? [];
  if (!rooms || !first) return undefined;
  const fits = fitting(rooms, d);
  if (fits >= d.more) return undefined;
  const free = rooms.reduce((sum, r) => sum + (r.free[d.resource] > 0n ? r.free[d.resource] : 0n), 0n);
  const name = first.node.metadata.name ?? '';
  return {
    key: 'nodes',
    text: `the nodes have ${formatQuantity(d.resource, free)} free`,
    evidence: shown(
      refOf(first.node),
      'allocatable',
      first.node.status?.allocatable?.[d.resource] ?? '',
      `kubectl describe node ${name}`,
    ),
  };
}
