import type { ClusterView } from '../../cluster/index.ts';
import { isFinished, type Node, type Pod } from '../../domain/index.ts';
import { add, amounts, podDemand, type Amounts } from './demand.ts';

/** What one node offers and what is promised to its pods. */
export interface NodeRoom {
  readonly node: Node;
  readonly name: string;
  readonly allocatable: Amounts;
  readonly requested: Amounts;
  /** Unfinished pods on it. */
  readonly pods: readonly Pod[];
}

export interface Room {
  /** By name. */
  readonly nodes: readonly NodeRoom[];
  /** False when not all nodes were read: then none of them is "the largest". */
  readonly allNodes: boolean;
  /** False when not all pods of the cluster were read: then nothing is known about what is free. */
  readonly allPods: boolean;
}

const rooms = new WeakMap<ClusterView, Room>();

/** The room on every node; computed once per view, since many rules ask. */
export function roomOf(view: ClusterView): Room {
  let room = rooms.get(view);
  if (!room) {
    room = compute(view);
    rooms.set(view, room);
  }
  return room;
}

function compute(view: ClusterView): Room {
  const podsByNode = new Map<string, Pod[]>();
  for (const pod of view.all('Pod')) {
    const name = pod.spec?.nodeName;
    if (name === undefined || name === '' || isFinished(pod)) continue;
    const list = podsByNode.get(name);
    if (list) list.push(pod);
    else podsByNode.set(name, [pod]);
  }
  const nodes = view.all('Node').map((node): NodeRoom => {
    const name = node.metadata.name ?? '';
    const pods = podsByNode.get(name) ?? [];
    const requested = new Map<string, bigint>();
    for (const pod of pods) add(requested, podDemand(pod));
    return { node, name, allocatable: amounts(node.status?.allocatable), requested, pods };
  });
  return { nodes, allNodes: view.isComplete('Node'), allPods: view.isComplete('Pod') };
}

export function allocatable(room: NodeRoom, resource: string): bigint {
  return room.allocatable.get(resource) ?? 0n;
}

export function requested(room: NodeRoom, resource: string): bigint {
  return room.requested.get(resource) ?? 0n;
}

/** Never below zero: a node may have shrunk under its pods. */
export function free(room: NodeRoom, resource: string): bigint {
  const rest = allocatable(room, resource) - requested(room, resource);
  return rest > 0n ? rest : 0n;
}

/** The node with most of something; by name where equal. */
export function largest(
  nodes: readonly NodeRoom[],
  amountOf: (room: NodeRoom) => bigint,
): { readonly room: NodeRoom; readonly amount: bigint } | undefined {
  let best: { room: NodeRoom; amount: bigint } | undefined;
  for (const room of nodes) {
    const amount = amountOf(room);
    if (!best || amount > best.amount) best = { room, amount };
  }
  return best;
}
