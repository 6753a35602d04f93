import { roomOf, type ClusterView, type NodeRoom } from '../../cluster/index.ts';
import { blockingTaints, conditionOf, meetsAll, nodeDemand, podDemand, type Pod } from '../../domain/index.ts';
import { amountText, type Amount } from '../numbers/index.ts';
import type { Check } from '../types.ts';
import { whyUnread, type Workload } from './workloads.ts';

/** Effective request of one pod. */
export interface PodNeed {
  readonly cpu: Amount;
  readonly memory: Amount;
}

const RESOURCES = ['cpu', 'memory'] as const;

/** Nanos of bytes: as nodes and pods are added up. */
const inNanos = (need: PodNeed) => ({ cpu: need.cpu, memory: need.memory * 1_000_000_000n });

/**
 * Would one pod of this size still be placed? Some Ready, schedulable node that fits selector, affinity and taints must
 * have room beside the other pods; the pod that it replaces makes room on its own node. A DaemonSet needs every such
 * node.
 */
export function nodeFit(view: ClusterView, workload: Workload, need: PodNeed): Check {
  const room = roomOf(view);
  if (!room.allNodes) return { name: 'node-fit', status: 'unknown', detail: whyUnread(view, 'Node') };
  const demand = nodeDemand(workload.podSpec);
  const nodes = room.nodes.filter(
    ({ node }) =>
      conditionOf(node, 'Ready')?.status === 'True' &&
      node.spec?.unschedulable !== true &&
      meetsAll(node, demand) &&
      blockingTaints(node, workload.podSpec?.tolerations).length === 0,
  );
  const size = `${amountText('cpu', need.cpu)} CPU and ${amountText('memory', need.memory)}`;
  if (nodes.length === 0)
    return { name: 'node-fit', status: 'warning', detail: 'no Ready, schedulable node matches the pod at all' };
  const own = podsByNode(workload);
  if (workload.ref.kind === 'DaemonSet') {
    const tight = nodes.filter((n) => !fitsEmpty(n, need));
    const first = tight[0] ?? nodes.find((n) => !fitsNow(n, need, own));
    if (!first) return { name: 'node-fit', status: 'ok' };
    const status = tight.length > 0 ? 'blocked' : 'warning';
    return {
      name: 'node-fit',
      status,
      object: `node/${first.name}`,
      detail: `a pod of ${size} ${tight.length > 0 ? 'is larger than' : 'has no room beside the other pods of'} node/${first.name}`,
    };
  }
  if (room.allPods && nodes.some((n) => fitsNow(n, need, own))) return { name: 'node-fit', status: 'ok' };
  const empty = nodes.find((n) => fitsEmpty(n, need));
  if (!empty) {
    const largest = nodes.reduce((a, b) => (offers(b) > offers(a) ? b : a));
    return {
      name: 'node-fit',
      status: 'blocked',
      object: `node/${largest.name}`,
      detail: `a pod of ${size} fits on none of ${nodes.length} nodes, not even empty; node/${largest.name} .status.allocatable is the largest`,
    };
  }
  if (!room.allPods) return { name: 'node-fit', status: 'unknown', detail: whyUnread(view, 'Pod') };
  return {
    name: 'node-fit',
    status: 'warning',
    object: `node/${empty.name}`,
    detail: `a pod of ${size} fits only on an empty node`,
  };
}

function offers(node: NodeRoom): bigint {
  return node.allocatable.get('memory') ?? 0n;
}

function fitsEmpty(node: NodeRoom, need: PodNeed): boolean {
  const wanted = inNanos(need);
  return RESOURCES.every((r) => (node.allocatable.get(r) ?? 0n) >= wanted[r]);
}

function fitsNow(node: NodeRoom, need: PodNeed, own: ReadonlyMap<string, Pod>): boolean {
  const wanted = inNanos(need);
  const replaced = own.get(node.name);
  const freed = replaced && podDemand(replaced);
  return RESOURCES.every((r) => {
    const others = (node.requested.get(r) ?? 0n) - (freed?.get(r) ?? 0n);
    return (node.allocatable.get(r) ?? 0n) - others >= wanted[r];
  });
}

/** One running pod of the workload on each node. */
function podsByNode({ pods }: Workload): ReadonlyMap<string, Pod> {
  const result = new Map<string, Pod>();
  for (const pod of pods) {
    const name = pod.spec?.nodeName ?? '';
    const isRunning = pod.status?.phase !== 'Succeeded' && pod.status?.phase !== 'Failed';
    if (name !== '' && isRunning && !result.has(name)) result.set(name, pod);
  }
  return result;
}
