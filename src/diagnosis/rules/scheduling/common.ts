import { keyStep, parseQuantity, refOf, type Evidence, type NonEmpty, type Node } from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';
import { type NodeRoom, type PendingPod, requested } from '../../placement/index.ts';
import type { Draft } from '../../rule.ts';

/** What every finding about a pending pod shares; the scheduler's own words are its first evidence. */
export function base(
  pending: PendingPod,
): Pick<Draft, 'subject' | 'since'> & { readonly evidence: NonEmpty<Evidence> } {
  const { pod, condition } = pending;
  return {
    subject: refOf(pod),
    ...(condition.lastTransitionTime !== undefined && { since: condition.lastTransitionTime }),
    evidence: [field(pod, '.status.conditions[?(@.type=="PodScheduled")].message')],
  };
}

/** What a node offers of a resource. */
export function offers({ node }: NodeRoom, resource: string): Evidence {
  return field(node, `.status.allocatable${keyStep(resource)}`);
}

/** What is promised of it already, as `kubectl describe node` writes it. */
export function promised(room: NodeRoom, resource: string): Evidence {
  const subject = refOf(room.node);
  const value = describeText(resource, requested(room, resource));
  return shown(subject, `requests of ${resource}`, value, `kubectl describe node ${room.name}`);
}

const BINARY = ['', 'Ki', 'Mi', 'Gi', 'Ti', 'Pi'];

/** The canonical form of a quantity: millicores for cpu, the largest binary unit without a rest for bytes. */
function describeText(resource: string, nanos: bigint): string {
  if (resource === 'cpu') {
    const millis = (nanos + 999_999n) / 1_000_000n;
    return millis % 1000n === 0n ? String(millis / 1000n) : `${String(millis)}m`;
  }
  let value = nanos / (parseQuantity('1') ?? 1n);
  let unit = 0;
  while (value >= 1024n && value % 1024n === 0n && unit < BINARY.length - 1) {
    value /= 1024n;
    unit++;
  }
  return `${String(value)}${BINARY[unit] ?? ''}`;
}

/** The taints of a node, as they stand in its spec. */
export function taintsOf(node: Node): Evidence {
  return field(node, '.spec.taints');
}

/** `1 node`, `3 nodes`: how many, where the names would be too long. */
export function namesOf(rooms: readonly NodeRoom[]): readonly string[] {
  return rooms.map((room) => room.name);
}
