import type { ClusterView } from './view.ts';
import { addAmounts, amounts, isFinished, podDemand, type Amounts, type Node, type Pod } from '../domain/index.ts';

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
    for (const pod of pods) addAmounts(requested, podDemand(pod));
    return { node, name, allocatable: amounts(node.status?.allocatable), requested, pods };
  });
  return { nodes, allNodes: view.isComplete('Node'), allPods: view.isComplete('Pod') };
}
