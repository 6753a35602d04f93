import { count, formatQuantity, keyStep, listed } from '../../../domain/index.ts';
import {
  allocatable,
  blocks,
  free,
  largest,
  partsOf,
  pendingPods,
  roomOf,
  type NodeRoom,
  type PendingPod,
  type Placement,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base, offers, promised } from './common.ts';
import { amountText, requestEvidence, shortOf, type Short } from './requests.ts';

export const exceedsAnyNode: Rule = {
  id: 'scheduling/request-exceeds-any-node',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Node'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const { placement, workload } = pending;
      if (!placement || !blocks(pending, 'resources')) continue;
      for (const { resource, request } of tooLarge(pending, placement)) {
        const most = largest(placement.open, (room) => allocatable(room, resource));
        if (!most) continue;
        const shared = base(pending);
        yield {
          ...shared,
          causeKey: `${resource} ${String(request)}`,
          title: `${workload.name} requests ${amountText(resource, request)}; the largest node offers ${formatQuantity(resource, most.amount)}`,
          cause: `Each pod requests ${amountText(resource, request)} and ${most.room.name}, the largest of ${count(placement.open.length, 'node')} where it may run, has ${formatQuantity(resource, most.amount)} in all, so no pod of it can ever be placed, however empty the nodes are.`,
          evidence: [...shared.evidence, ...requestEvidence(pending.pod, resource), offers(most.room, resource)],
          remediation: [
            {
              text: `Lower the request in ${workload.kind.toLowerCase()}/${workload.name} below ${formatQuantity(resource, most.amount)} (the system's own pods need a part of it), or add a larger node`,
              command: `kubectl get nodes -o custom-columns=NAME:.metadata.name,OFFERS:.status.allocatable${keyStep(resource)}`,
            },
          ],
        };
      }
    }
  },
};

/** How the open nodes answer to a pod's demand; the same for all pods of a template. */
interface Verdict {
  /** Resources of which no node has enough, however empty. */
  readonly tooLarge: readonly Short[];
  /** True where a node would take the pod now. */
  readonly fits: boolean;
  /** Resources of which no node has enough left. */
  readonly scarce: readonly Short[];
  /** The node with most of each resource left. */
  readonly most: ReadonlyMap<string, Most>;
}

interface Most {
  readonly room: NodeRoom;
  readonly amount: bigint;
}

const verdicts = new WeakMap<Placement, Map<string, Verdict>>();

function verdictOf(placement: Placement, short: readonly Short[]): Verdict {
  const key = short.map(({ resource }) => resource).join(' ');
  const known = verdicts.get(placement) ?? new Map<string, Verdict>();
  verdicts.set(placement, known);
  const verdict = known.get(key) ?? judge(placement, short);
  known.set(key, verdict);
  return verdict;
}

function judge({ open }: Placement, short: readonly Short[]): Verdict {
  const most = new Map<string, Most>();
  for (const { resource } of short) {
    const best = largest(open, (room) => free(room, resource));
    if (best) most.set(resource, best);
  }
  return {
    tooLarge: short.filter(({ resource, request }) => open.every((room) => request > allocatable(room, resource))),
    fits: open.some((room) => hasRoom(room, short)),
    scarce: short.filter(({ resource, request }) => request > (most.get(resource)?.amount ?? 0n)),
    most,
  };
}

function hasRoom(room: NodeRoom, short: readonly Short[]): boolean {
  return short.every(({ resource, request }) => request <= free(room, resource));
}

function tooLarge(pending: PendingPod, placement: Placement): readonly Short[] {
  return verdictOf(placement, shortOf(pending, placement.request, false)).tooLarge;
}

export const insufficientResources: Rule = {
  id: 'scheduling/insufficient-resources',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    const { allPods } = roomOf(view);
    for (const pending of pendingPods(view)) {
      if (!blocks(pending, 'resources')) continue;
      const { placement } = pending;
      // More than any node has in all is a finding of its own, whatever the others use.
      if (placement && tooLarge(pending, placement).length > 0) continue;
      const draft = placement && allPods ? counted(pending, placement) : bySchedulersWord(pending);
      if (draft) yield draft;
    }
  },
};

function counted(pending: PendingPod, placement: Placement): Draft | undefined {
  const short = shortOf(pending, placement.request, false);
  const verdict = verdictOf(placement, short);
  // Where it fits the pods changed since the scheduler looked: it will look again.
  if (short.length === 0 || verdict.fits) return undefined;
  const shared = base(pending);
  const { workload } = pending;
  const { scarce } = verdict;
  const told = scarce.length > 0 ? scarce : short;
  const best = told.flatMap(({ resource }) => {
    const most = verdict.most.get(resource);
    return most ? [{ resource, ...most }] : [];
  });
  const [most] = best;
  const needs = listed(told.map(({ resource, request }) => amountText(resource, request)));
  const lack =
    scarce.length === 1 && most
      ? `no node has ${most.amount === 0n ? 'any' : `more than ${formatQuantity(most.resource, most.amount)}`} free`
      : `no node has ${told.length === 2 ? 'both' : told.length > 1 ? 'all of it' : 'that much'} free`;
  const spare = placement.cordoned.filter((room) => hasRoom(room, short));
  return {
    ...shared,
    causeKey: told.map(({ resource, request }) => `${resource} ${String(request)}`).join(','),
    title: `${workload.name} needs ${needs} per pod; ${lack}`,
    cause: `${best.map((b) => `${b.room.name} has the most ${b.resource} left of ${count(placement.open.length, 'node')} where the pod may run: ${formatQuantity(b.resource, b.amount)} of ${formatQuantity(b.resource, allocatable(b.room, b.resource))}`).join('; ')}. The rest is promised to other pods; the scheduler counts requests, not use.`,
    evidence: [
      ...shared.evidence,
      ...told.flatMap(({ resource }) => requestEvidence(pending.pod, resource)),
      ...best.flatMap((b) => [offers(b.room, b.resource), promised(b.room, b.resource)]),
    ],
    remediation: [
      { text: 'See what the pods of the node request', command: `kubectl describe node ${most?.room.name ?? ''}` },
      { text: `Lower requests to what is used, here or on the largest requesters, or add a node with ${needs} free` },
      ...(spare[0]
        ? [{ text: `${spare[0].name} is cordoned and would have room`, command: `kubectl uncordon ${spare[0].name}` }]
        : []),
    ],
  };
}

/** Where nodes or other namespaces may not be read: what the scheduler says. */
function bySchedulersWord(pending: PendingPod): Draft | undefined {
  const part = partsOf(pending, 'resources').find(({ name }) => name?.includes('/') === false);
  const { pod, workload } = pending;
  if (part?.name === undefined) return undefined;
  const { name: resource } = part;
  const asked = requestEvidence(pending.pod, resource);
  const shared = base(pending);
  return {
    ...shared,
    causeKey: resource,
    title: `${workload.name} finds too little ${resource} free on ${count(part.nodes ?? 0, 'node')}`,
    cause: `The scheduler finds less ${resource} free than a pod requests${asked[0] ? ` (container request ${asked[0].value})` : ''}; how much each node has left could not be read.`,
    evidence: [...shared.evidence, ...asked],
    remediation: [
      { text: 'See requests and free room of each node', command: 'kubectl describe nodes' },
      {
        text: `Lower the ${resource} request to what is used, or add a node`,
        command: `kubectl get pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -o jsonpath='{.spec.containers[*].resources.requests}'`,
      },
    ],
  };
}
