import {
  ageOf,
  conditionOf,
  isDeleting,
  type Condition,
  type Evidence,
  type NonEmpty,
  type Node,
  type Taint,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';

/** Marks of a planned removal: what then happens to the node is no fault. */
const REMOVAL_TAINTS: readonly string[] = [
  'ToBeDeletedByClusterAutoscaler',
  'DeletionCandidateOfClusterAutoscaler',
  'karpenter.sh/disrupted',
  'karpenter.sh/disruption',
  'cloud.google.com/impending-node-termination',
  'aws-node-termination-handler/spot-itn',
  'aws-node-termination-handler/scheduled-maintenance',
  'aws-node-termination-handler/asg-lifecycle-termination',
  'aws-node-termination-handler/rebalance-recommendation',
];

export function removalTaint(node: Node): Taint | undefined {
  return node.spec?.taints?.find((taint) => REMOVAL_TAINTS.includes(taint.key));
}

/** Nodes that should be at work: not being removed. */
export function workingNodes({ view }: RuleContext): readonly Node[] {
  return view.all('Node').filter((node) => !isDeleting(node));
}

/** Every node starts without network and not Ready. */
export function isNew(node: Node, now: number): boolean {
  return ageOf(node, now) < grace.newNode;
}

export function nodeName(node: Node): string {
  return node.metadata.name ?? '';
}

/** A condition that has the given status. */
export function conditionIs(node: Node, type: string, status: string): Condition | undefined {
  const condition = conditionOf(node, type);
  return condition?.status === status ? condition : undefined;
}

/** Status and message of a condition, each with the time since which it is so. */
export function conditionEvidence(node: Node, { type, message, lastTransitionTime }: Condition): NonEmpty<Evidence> {
  const at = `.status.conditions[?(@.type=="${type}")]`;
  return [
    field(node, `${at}.status`, lastTransitionTime),
    ...(message !== undefined && message !== '' ? [field(node, `${at}.message`, lastTransitionTime)] : []),
  ];
}

export function sinceOf({ lastTransitionTime }: Condition): { readonly since?: string } {
  return lastTransitionTime === undefined ? {} : { since: lastTransitionTime };
}

/** A text for a title: one line, cut at a word. */
export function brief(text: string, max = 50): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length <= max ? line : `${line.slice(0, max).replace(/\s+\S*$/, '')}…`;
}
