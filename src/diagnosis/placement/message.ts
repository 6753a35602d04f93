/** What stands in the way of a pod, by the scheduler's own words. */
export type Obstacle =
  | 'resources'
  | 'pod-slots'
  | 'volume-slots'
  | 'taint'
  | 'cordon'
  | 'node-labels'
  | 'pod-affinity'
  | 'anti-affinity'
  | 'topology-spread'
  | 'volume-node'
  | 'claim-unbound'
  | 'claim-missing'
  | 'host-port'
  | 'claim-in-use'
  | 'other';

export interface MessagePart {
  readonly obstacle: Obstacle;
  /** Nodes to which it applies; absent where the reason is about the pod as a whole. */
  readonly nodes?: number;
  /** The scheduler's words, without the number. */
  readonly text: string;
  /** The resource that is short, or the claim that is missing. */
  readonly name?: string;
}

export interface SchedulerMessage {
  readonly available: number;
  /** Nodes that the scheduler looked at. */
  readonly total: number;
  readonly parts: readonly MessagePart[];
}

/**
 * First match wins. The wordings are those of kube-scheduler 1.20 to 1.34; `untolerated taint {key: value}` became
 * `untolerated taint(s)` and `volume node affinity conflict` became `PersistentVolume's node affinity` on the way.
 */
const WORDS: readonly (readonly [Obstacle, RegExp])[] = [
  ['resources', /^Insufficient (\S+)/],
  ['pod-slots', /Too many pods/],
  ['volume-slots', /exceed max volume count|too many volumes/i],
  ['taint', /untolerated taint|had taint|taints? that the pod didn't tolerate/],
  ['cordon', /were unschedulable/],
  ['node-labels', /match Pod's node (affinity|selector)|match node (selector|affinity)/],
  ['anti-affinity', /anti-affinity/],
  ['pod-affinity', /pod affinity/],
  ['topology-spread', /topology spread/],
  ['volume-node', /volume node affinity conflict|PersistentVolume's node affinity|no available volume zone/],
  ['claim-missing', /persistentvolumeclaim "([^"]+)" (?:not found|is being deleted)/],
  [
    'claim-unbound',
    /unbound immediate PersistentVolumeClaims|find available persistent volumes to bind|enough free storage|non-existent (?:persistentvolume|pv)/i,
  ],
  ['host-port', /free ports for the requested pod ports/],
  ['claim-in-use', /ReadWriteOncePod access mode/],
];

/** `0/7 nodes are available: 1 Too many pods, 5 Insufficient cpu. … preemption: …` in its parts; undefined for any other text. */
export function parseSchedulerMessage(text: string | undefined): SchedulerMessage | undefined {
  const match = /^(\d+)\/(\d+) nodes are available: ?([\s\S]*)$/.exec(text ?? '');
  if (!match) return undefined;
  const [, available, total, rest = ''] = match;
  return { available: Number(available), total: Number(total), parts: reasonsOf(rest).map(partOf) };
}

/** The reasons before the first full stop; what follows is about preemption and device claims. */
function reasonsOf(text: string): readonly string[] {
  const body =
    text.split(/(?:\.\s+|,\s+)(?=(?:no new claims|still not schedulable|preemption:|not found))|\.\s*$/)[0] ?? '';
  // A taint's value may hold a comma: a new reason starts with its number of nodes.
  return body
    .split(/,\s+(?=\d+ )/)
    .map((reason) => reason.trim())
    .filter((reason) => reason !== '');
}

function partOf(reason: string): MessagePart {
  const [, count, text = reason] = /^(?:(\d+) )?([\s\S]*)$/.exec(reason) ?? [];
  const nodes = count === undefined ? {} : { nodes: Number(count) };
  for (const [obstacle, words] of WORDS) {
    const match = words.exec(text);
    if (match)
      return { obstacle, ...nodes, text, ...(match[1] !== undefined && isNamed(obstacle) && { name: match[1] }) };
  }
  return { obstacle: 'other', ...nodes, text };
}

function isNamed(obstacle: Obstacle): boolean {
  return obstacle === 'resources' || obstacle === 'claim-missing';
}
