import { count, groupBy, listed, refOf } from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import {
  blocks,
  CONTROL_PLANE_TAINTS,
  partsOf,
  pendingPods,
  roomOf,
  taintText,
  type NodeRoom,
  type PendingPod,
  type Placement,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base, namesOf, taintsOf } from './common.ts';

export const untoleratedTaint: Rule = {
  id: 'scheduling/untolerated-taint',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const [part] = partsOf(pending, 'taint');
      if (!part) continue;
      const { placement, message, workload } = pending;
      if (placement) {
        const { open, cordoned, tainted } = placement;
        if (open.length === 0 && cordoned.length === 0 && tainted.length > 0) yield taintDraft(pending, placement);
      } else if (part.nodes === message?.total) {
        yield {
          ...base(pending),
          causeKey: 'any',
          title: `${workload.name} tolerates no node: all ${count(part.nodes ?? 0, 'node')} have taints`,
          cause: 'Every node has a taint for which the pod has no toleration; the nodes themselves could not be read.',
          remediation: [{ text: 'See the taints', command: TAINTS }],
        };
      }
    }
  },
};

const TAINTS = "kubectl get nodes -o custom-columns='NAME:.metadata.name,TAINTS:.spec.taints'";

function taintDraft(pending: PendingPod, { tainted, labelled, total }: Placement): Draft {
  const { workload } = pending;
  const wanted = tainted.filter(({ taints }) => !taints.some((t) => CONTROL_PLANE_TAINTS.includes(t.key)));
  // The control plane is not where an ordinary pod belongs, unless there is nothing else.
  const nodes = wanted.length > 0 ? wanted : tainted;
  const byTaint = groupBy(
    nodes.flatMap(({ taints }) => distinct(taints.map(taintText))),
    (t) => t,
  );
  const names = [...byTaint].sort((a, b) => b[1].length - a[1].length || (a[0] < b[0] ? -1 : 1)).map(([t]) => t);
  const own = names.filter((name) => !name.startsWith('node.kubernetes.io/'));
  const shared = base(pending);
  return {
    ...shared,
    causeKey: names.join(','),
    title: `${workload.name} tolerates no node: ${names.length > 1 ? 'taints' : 'taint'} ${listed(names, 1)} on ${count(nodes.length, 'node')}`,
    cause: `${listed(namesOf(nodes.map(({ room }) => room)))} ${nodes.length === 1 ? 'is' : 'are'} tainted ${names.join(', ')}, and the pod has no matching toleration${labelled.length < total ? '; on the other nodes it may not run by its own selector' : ''}.${own.length === 0 ? ' Kubernetes set this taint itself because of the state of the node.' : ''}`,
    causedBy: nodes.map(({ room }) => refOf(room.node)),
    evidence: [
      ...shared.evidence,
      ...nodes.slice(0, 3).map(({ room }) => taintsOf(room.node)),
      field(pending.pod, '.spec.tolerations'),
    ],
    remediation: [
      { text: 'See the taints', command: TAINTS },
      own.length > 0
        ? {
            text: `If ${workload.name} belongs on these nodes, add a toleration for ${own[0] ?? ''}; else add nodes without the taint`,
          }
        : { text: 'Repair the nodes; the taint goes away with the fault. A toleration would only hide it' },
    ],
  };
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}

export const allCordoned: Rule = {
  id: 'scheduling/all-cordoned',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Node'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const { placement, workload } = pending;
      if (!placement || placement.open.length > 0) continue;
      const { cordoned } = placement;
      const [first] = cordoned;
      if (!first) continue;
      const shared = base(pending);
      yield {
        ...shared,
        causeKey: 'cordoned',
        title: `${workload.name} fits only on cordoned nodes (${listed(namesOf(cordoned))})`,
        cause: `Every node on which the pod may run is cordoned: ${listed(namesOf(cordoned))} with spec.unschedulable set. Until one is released nothing new is placed there.`,
        causedBy: cordoned.map(({ node }) => refOf(node)),
        evidence: [...shared.evidence, ...cordoned.slice(0, 3).map(({ node }) => field(node, '.spec.unschedulable'))],
        remediation: [
          { text: 'When the maintenance is over, release the node', command: `kubectl uncordon ${first.name}` },
        ],
      };
    }
  },
};

export const nodeSlotsFull: Rule = {
  id: 'scheduling/node-slots-full',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (blocks(pending, 'pod-slots')) yield podSlots(pending, roomOf(view).allPods);
      else if (blocks(pending, 'volume-slots')) yield volumeSlots(pending);
    }
  },
};

function podSlots(pending: PendingPod, allPods: boolean): Draft {
  const { workload, placement } = pending;
  const full = (placement?.open ?? []).filter((room) => !allPods || room.pods.length >= slots(room));
  const [first] = full;
  const shared = base(pending);
  const nodes = partsOf(pending, 'pod-slots')[0]?.nodes ?? full.length;
  return {
    ...shared,
    causeKey: 'pods',
    title: `${workload.name}: ${count(nodes, 'node')} ${nodes === 1 ? 'runs' : 'run'} as many pods as allowed${first ? ` (${slots(first)} on ${first.name})` : ''}`,
    cause: `The number of pods per node is used up${first && allPods ? `: ${first.name} runs ${first.pods.length} of ${slots(first)}` : ''}. cpu and memory may be free.`,
    causedBy: full.map(({ node }) => refOf(node)),
    evidence: [
      ...shared.evidence,
      ...full
        .slice(0, 3)
        .flatMap((room) => [
          field(room.node, '.status.allocatable.pods'),
          shown(refOf(room.node), 'pods', String(room.pods.length), `kubectl describe node ${room.name}`),
        ]),
    ],
    remediation: [
      {
        text: 'See which pods fill the node',
        command: `kubectl get pods -A --field-selector spec.nodeName=${first?.name ?? '<node>'}`,
      },
      { text: 'Add nodes, or raise maxPods of the kubelet together with the address range of the node' },
    ],
  };
}

function slots(room: NodeRoom): number {
  return Number(room.node.status?.allocatable?.pods ?? 0);
}

function volumeSlots(pending: PendingPod): Draft {
  const shared = base(pending);
  const { workload } = pending;
  const nodes = partsOf(pending, 'volume-slots')[0]?.nodes ?? 0;
  return {
    ...shared,
    causeKey: 'volumes',
    title: `${workload.name}: ${count(nodes, 'node')} cannot take another volume`,
    cause: 'The scheduler finds the maximum number of attached volumes reached on the nodes where the pod may run.',
    remediation: [
      {
        text: 'See how many volumes a node may have',
        command: "kubectl get csinodes -o custom-columns='NAME:.metadata.name,MAX:.spec.drivers[*].allocatable.count'",
      },
      { text: 'Add nodes, or end pods that no longer need their volumes' },
    ],
  };
}
