import { count, formatQuantity, listed, keyStep, refOf, type Evidence, type Pod } from '../../../domain/index.ts';
import {
  allocatable,
  blocks,
  free,
  largest,
  partsOf,
  pendingPods,
  requested,
  roomOf,
  taintText,
  type NodeRoom,
  type PendingPod,
  type Placement,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { field } from '../../evidence.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { base, offers, promised } from './common.ts';

interface Short {
  readonly resource: string;
  readonly request: bigint;
}

/** The resources that the scheduler finds short; with a slash in the name: devices of a plugin. */
function shortOf(pending: PendingPod, request: Placement['request'], devices: boolean): readonly Short[] {
  const names = new Set(partsOf(pending, 'resources').flatMap(({ name }) => (name === undefined ? [] : [name])));
  return [...names]
    .filter((name) => name.includes('/') === devices)
    .sort()
    .map((resource) => ({ resource, request: request.get(resource) ?? 0n }));
}

function text(resource: string, amount: bigint): string {
  return `${formatQuantity(resource, amount)} ${resource}`;
}

function requestEvidence(pod: Pod, resource: string): readonly Evidence[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const asking = containers.find((c) => c.resources?.requests?.[resource] !== undefined);
  if (!asking) return [];
  const list = pod.spec?.containers.includes(asking) === true ? 'containers' : 'initContainers';
  return [field(pod, `.spec.${list}[?(@.name=="${asking.name}")].resources.requests${keyStep(resource)}`)];
}

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
          title: `${workload.name} requests ${text(resource, request)}; the largest node offers ${formatQuantity(resource, most.amount)}`,
          cause: `Each pod requests ${text(resource, request)} and ${most.room.name}, the largest of ${count(placement.open.length, 'node')} where it may run, has ${formatQuantity(resource, most.amount)} in all, so no pod of it can ever be placed, however empty the nodes are.`,
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

function tooLarge(pending: PendingPod, placement: Placement): readonly Short[] {
  return shortOf(pending, placement.request, false).filter(({ resource, request }) =>
    placement.open.every((room) => request > allocatable(room, resource)),
  );
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
      const draft = pending.placement && allPods ? counted(pending, pending.placement) : bySchedulersWord(pending);
      if (draft) yield draft;
    }
  },
};

function counted(pending: PendingPod, placement: Placement): Draft | undefined {
  const short = shortOf(pending, placement.request, false);
  const [first] = short;
  if (!first || tooLarge(pending, placement).length > 0) return undefined;
  const fits = (room: NodeRoom) => short.every(({ resource, request }) => request <= free(room, resource));
  // The pods changed since the scheduler looked: it will look again.
  if (placement.open.some(fits)) return undefined;
  const shared = base(pending);
  const { workload } = pending;
  const scarce = short.filter(({ resource, request }) =>
    placement.open.every((room) => request > free(room, resource)),
  );
  const told = scarce.length > 0 ? scarce : short;
  const best = told.flatMap(({ resource }) => {
    const most = largest(placement.open, (room) => free(room, resource));
    return most ? [{ resource, ...most }] : [];
  });
  const [most] = best;
  const needs = listed(told.map(({ resource, request }) => text(resource, request)));
  const lack =
    scarce.length === 1 && most
      ? `no node has ${most.amount === 0n ? 'any' : `more than ${formatQuantity(most.resource, most.amount)}`} free`
      : `no node has ${told.length === 2 ? 'both' : told.length > 1 ? 'all of it' : 'that much'} free`;
  const spare = placement.cordoned.filter(fits);
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

export const extendedResource: Rule = {
  id: 'scheduling/extended-resource-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Node'],
  *check({ view }) {
    const { allPods } = roomOf(view);
    for (const pending of pendingPods(view)) {
      const { placement } = pending;
      if (!placement || !blocks(pending, 'resources')) continue;
      for (const short of shortOf(pending, placement.request, true)) {
        const draft = device(view, pending, placement, short, allPods);
        if (draft) yield draft;
      }
    }
  },
};

function device(
  view: ClusterView,
  pending: PendingPod,
  placement: Placement,
  { resource, request }: Short,
  allPods: boolean,
): Draft | undefined {
  const offering = placement.open.filter((room) => allocatable(room, resource) > 0n);
  const behindTaint = placement.tainted.filter(({ room }) => allocatable(room, resource) >= request);
  const lost = placement.labelled.filter(
    ({ node, allocatable: offer }) =>
      node.status?.capacity?.[resource] !== undefined && (offer.get(resource) ?? 0n) === 0n,
  );
  const wanted = text(resource, request);
  const { workload } = pending;
  const shared = base(pending);
  const total = offering.reduce((sum, room) => sum + allocatable(room, resource), 0n);
  const used = offering.reduce((sum, room) => sum + requested(room, resource), 0n);
  // Units are left: the scheduler will look again.
  if (offering.some((room) => free(room, resource) >= request) && allPods) return undefined;
  const holders = new Map<string, Pod>();
  for (const pod of offering.flatMap((room) => room.pods))
    if (asks(pod, resource) && holders.size < 3) holders.set(view.workload(pod).name, pod);
  const tainted = behindTaint[0];
  const state =
    offering.length > 0
      ? `all ${formatQuantity(resource, total)} on ${count(offering.length, 'node')} are taken`
      : tainted
        ? 'which only tainted nodes offer'
        : 'which no node offers';
  return {
    ...shared,
    causeKey: resource,
    title: `${workload.name} asks for ${wanted}${offering.length > 0 ? ';' : ','} ${state}`,
    cause:
      offering.length > 0
        ? `${formatQuantity(resource, used)} of ${formatQuantity(resource, total)} ${resource} are promised${holders.size > 0 ? `, to ${listed([...holders.keys()])}` : ''}, and no node has ${formatQuantity(resource, request)} left.`
        : tainted
          ? `${tainted.room.name} offers ${resource}, but its taint ${tainted.taints.map(taintText).join(', ')} is not tolerated.`
          : `No node advertises ${resource}: there is no such device, or the device plugin that announces it does not run.`,
    causedBy: lost.map(({ node }) => refOf(node)),
    evidence: [
      ...shared.evidence,
      ...requestEvidence(pending.pod, resource),
      ...offering.slice(0, 3).map((room) => offers(room, resource)),
      ...[...holders.values()].flatMap((pod) => requestEvidence(pod, resource)),
      ...(tainted ? [offers(tainted.room, resource), field(tainted.room.node, '.spec.taints')] : []),
    ],
    remediation: [
      {
        text: `See which nodes offer ${resource}`,
        command: `kubectl get nodes -o custom-columns='NAME:.metadata.name,OFFERS:.status.allocatable${keyStep(resource)}'`,
      },
      offering.length > 0
        ? { text: 'Free units, or add such a node' }
        : tainted
          ? { text: `Add a toleration for the taint of ${tainted.room.name}, if ${workload.name} belongs there` }
          : { text: 'Install or repair the device plugin, or add nodes that have the device' },
    ],
  };
}

function asks(pod: Pod, resource: string): boolean {
  return (pod.spec?.containers ?? []).some((c) => c.resources?.requests?.[resource] !== undefined);
}
