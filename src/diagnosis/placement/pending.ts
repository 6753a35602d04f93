import { roomOf, type ClusterView, type NodeRoom } from '../../cluster/index.ts';
import {
  blockingTaints,
  conditionAge,
  conditionOf,
  isDeleting,
  isFinished,
  meetsAll,
  nodeDemand,
  podDemand,
  type Amounts,
  type Condition,
  type NodeDemand,
  type ObjectRef,
  type Pod,
  type Taint,
} from '../../domain/index.ts';
import { grace } from '../settings.ts';
import { parseSchedulerMessage, type MessagePart, type Obstacle, type SchedulerMessage } from './message.ts';

/** A node where the pod belongs by its labels, but whose taints keep it away. */
export interface Tainted {
  readonly room: NodeRoom;
  readonly taints: readonly Taint[];
}

/** How the nodes answer to one pod template, before room is counted. */
export interface Placement {
  readonly total: number;
  readonly demand: NodeDemand;
  readonly request: Amounts;
  /** Nodes whose labels are as demanded. */
  readonly labelled: readonly NodeRoom[];
  /** Of these: open, tolerated and not cordoned. The pod could run there if there were room. */
  readonly open: readonly NodeRoom[];
  /** Of these: tolerated, but cordoned. */
  readonly cordoned: readonly NodeRoom[];
  readonly tainted: readonly Tainted[];
}

/** A pod that the scheduler has looked at without success, for longer than the grace. */
export interface PendingPod {
  readonly pod: Pod;
  readonly workload: ObjectRef;
  readonly condition: Condition;
  /** Absent when the scheduler failed or wrote something unknown. */
  readonly message: SchedulerMessage | undefined;
  /** Absent when not all nodes could be read. */
  readonly placement: Placement | undefined;
}

const known = new WeakMap<ClusterView, readonly PendingPod[]>();

/** Every pod that waits for a node; computed once per view. */
export function pendingPods(view: ClusterView): readonly PendingPod[] {
  let pending = known.get(view);
  if (!pending) {
    pending = [...compute(view)];
    known.set(view, pending);
  }
  return pending;
}

function* compute(view: ClusterView): Generator<PendingPod> {
  const placements = new Placements(view);
  for (const pod of view.all('Pod')) {
    const condition = unscheduled(pod);
    if (!condition || (conditionAge(condition, view.at) ?? Infinity) < grace.pending) continue;
    yield {
      pod,
      workload: view.workload(pod),
      condition,
      message: parseSchedulerMessage(condition.message),
      placement: placements.of(pod),
    };
  }
}

function unscheduled(pod: Pod): Condition | undefined {
  if (isFinished(pod) || isDeleting(pod) || (pod.spec?.nodeName ?? '') !== '') return undefined;
  const condition = conditionOf(pod, 'PodScheduled');
  if (condition?.status !== 'False') return undefined;
  return condition.reason === 'Unschedulable' || condition.reason === 'SchedulerError' ? condition : undefined;
}

/** Pods of one template are judged once: thousands of pending pods come from a few templates. */
class Placements {
  private readonly bySpec = new Map<string, Placement>();
  private readonly view: ClusterView;

  constructor(view: ClusterView) {
    this.view = view;
  }

  of(pod: Pod): Placement | undefined {
    const room = roomOf(this.view);
    if (!room.allNodes || room.nodes.length === 0) return undefined;
    const { nodeSelector, affinity, tolerations } = pod.spec ?? {};
    const request = podDemand(pod);
    const amounts = [...request].map(([name, amount]) => `${name}=${String(amount)}`);
    const key = JSON.stringify([nodeSelector, affinity?.nodeAffinity, tolerations, amounts]);
    let placement = this.bySpec.get(key);
    if (!placement) {
      placement = place(pod, request, room.nodes);
      this.bySpec.set(key, placement);
    }
    return placement;
  }
}

function place(pod: Pod, request: Amounts, nodes: readonly NodeRoom[]): Placement {
  const demand = nodeDemand(pod.spec);
  const labelled = nodes.filter((room) => meetsAll(room.node, demand));
  const open: NodeRoom[] = [];
  const cordoned: NodeRoom[] = [];
  const tainted: Tainted[] = [];
  for (const room of labelled) {
    const taints = blockingTaints(room.node, pod.spec?.tolerations);
    if (taints.length > 0) tainted.push({ room, taints });
    else if (room.node.spec?.unschedulable === true) cordoned.push(room);
    else open.push(room);
  }
  return { total: nodes.length, demand, request, labelled, open, cordoned, tainted };
}

/** The parts of the message about one obstacle. */
export function partsOf(pending: PendingPod, obstacle: Obstacle): readonly MessagePart[] {
  return pending.message?.parts.filter((part) => part.obstacle === obstacle) ?? [];
}

/** Obstacles that keep the pod off nodes where it does not belong, or on which nothing runs now. */
const BESIDE_THE_POINT: readonly Obstacle[] = ['taint', 'cordon', 'node-labels'];

/**
 * True when the obstacle is what stands on most of the nodes where the pod belongs. With no open node, what the
 * scheduler says about room there is beside the point; where nodes are unknown, its word is taken.
 */
export function blocks(pending: PendingPod, obstacle: Obstacle): boolean {
  const nodes = (parts: readonly MessagePart[]) => Math.max(0, ...parts.map((part) => part.nodes ?? 1));
  const own = nodes(partsOf(pending, obstacle));
  if (own === 0 || pending.placement?.open.length === 0) return false;
  const others = pending.message?.parts.filter((part) => !BESIDE_THE_POINT.includes(part.obstacle)) ?? [];
  return own >= nodes(others);
}
