import { count, groupBy, keyStep, listed, nearest, ref, type Evidence } from '../../../domain/index.ts';
import { field, shellWord, shown } from '../../evidence.ts';
import {
  demandText,
  meets,
  nodeDemand,
  partsOf,
  pendingPods,
  roomOf,
  type LabelDemand,
  type NodeRoom,
  type PendingPod,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base } from './common.ts';

export const nodeLabelNoMatch: Rule = {
  id: 'scheduling/node-label-no-match',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    const { nodes } = roomOf(view);
    for (const pending of pendingPods(view)) {
      const [part] = partsOf(pending, 'node-labels');
      if (!part) continue;
      const { placement, message } = pending;
      // Where nodes may not be read, the scheduler's word counts when it is about all of them.
      if (placement ? placement.labelled.length > 0 : part.nodes !== message?.total) continue;
      const missing = unmet(pending, nodes);
      if (missing.length > 0) yield labelDraft(pending, missing, nodes);
    }
  },
};

/** The demands that no node meets; all of them where each is met by some node, but never together. */
function unmet({ pod, placement }: PendingPod, nodes: readonly NodeRoom[]): readonly LabelDemand[] {
  const { all, anyOf } = placement?.demand ?? nodeDemand(pod.spec);
  const every = [...all, ...anyOf.flat()];
  const alone = every.filter((demand) => !nodes.some(({ node }) => meets(node, demand)));
  return alone.length > 0 ? alone : every;
}

function labelDraft(pending: PendingPod, missing: readonly LabelDemand[], nodes: readonly NodeRoom[]): Draft {
  const { workload, placement } = pending;
  const [first] = missing;
  const label = listed(missing.map(demandText), 2);
  const single = missing.length === 1;
  const metAlone = placement !== undefined && missing.some((demand) => nodes.some(({ node }) => meets(node, demand)));
  const near = single && first ? nearDemand(first, nodes) : undefined;
  const shared = base(pending);
  return {
    ...shared,
    causeKey: label,
    title: `${workload.name} requires node ${single ? 'label' : 'labels'} ${label}, which no ${metAlone ? 'single ' : ''}node has`,
    cause: `${placement ? `None of ${count(placement.total, 'node')} carries ${label}` : `The scheduler finds no node with ${label}`}, so the pod has nowhere to go.${near ? ` ${near.text}` : ''}`,
    evidence: [
      ...shared.evidence,
      ...missing.map((demand) => demandEvidence(pending, demand)),
      ...(placement && single && first ? [noNodeHas(first)] : []),
      ...(near ? [near.evidence] : []),
    ],
    remediation: [
      {
        text: 'See the labels of the nodes',
        command:
          first && !first.ofField ? `kubectl get nodes -L ${shellWord(first.key)}` : 'kubectl get nodes --show-labels',
      },
      {
        text: `Correct the selector of ${workload.kind.toLowerCase()}/${workload.name}${near?.label !== undefined ? ` to ${near.label}` : ''}, or label the nodes that are meant`,
      },
    ],
  };
}

function demandEvidence({ pod }: PendingPod, demand: LabelDemand): Evidence {
  return field(pod, demand.path === '.spec.nodeSelector' ? `${demand.path}${keyStep(demand.key)}` : demand.path);
}

function noNodeHas(demand: LabelDemand): Evidence {
  const node = ref('Node', undefined, demand.values[0] ?? demand.key);
  const text = demandText(demand);
  if (demand.ofField) return shown(node, 'existence', 'not found', `kubectl get node ${shellWord(node.name)}`);
  return shown(node, `nodes with ${text}`, 'No resources found', `kubectl get nodes -l ${shellWord(text)}`);
}

interface Near {
  readonly text: string;
  readonly label?: string;
  readonly evidence: Evidence;
}

/** What nodes have instead: other values of the key, or a key of nearly that name. */
function nearDemand({ key, values, ofField }: LabelDemand, nodes: readonly NodeRoom[]): Near | undefined {
  if (ofField) return undefined;
  const holders = nodes.filter(({ node }) => node.metadata.labels?.[key] !== undefined);
  const existing = [...groupBy(holders, ({ node }) => node.metadata.labels?.[key] ?? '')].sort(([a], [b]) =>
    a < b ? -1 : 1,
  );
  const [any] = existing;
  if (any) {
    const close =
      values.length === 1
        ? nearest(
            values[0] ?? '',
            existing.map(([value]) => value),
          )
        : undefined;
    const [value, holding] = existing.find(([v]) => v === close) ?? any;
    const [room] = holding;
    if (!room) return undefined;
    const evidence = field(room.node, `.metadata.labels${keyStep(key)}`);
    if (close !== undefined)
      return { text: `The nearest existing label is ${key}=${value}.`, label: `${key}=${value}`, evidence };
    return { text: `${room.name} has ${key}=${value}.`, evidence };
  }
  const keys = new Set(nodes.flatMap(({ node }) => Object.keys(node.metadata.labels ?? {})));
  const close = nearest(key, [...keys].sort());
  const room = nodes.find(({ node }) => close !== undefined && node.metadata.labels?.[close] !== undefined);
  if (close === undefined || !room) return undefined;
  return {
    text: `The nearest existing label is ${close}=${room.node.metadata.labels?.[close] ?? ''}.`,
    label: `${close}=${room.node.metadata.labels?.[close] ?? ''}`,
    evidence: field(room.node, `.metadata.labels${keyStep(close)}`),
  };
}
