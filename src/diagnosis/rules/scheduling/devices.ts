import type { ClusterView } from '../../../cluster/index.ts';
import { count, formatQuantity, keyStep, listed, refOf, type Pod } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import {
  allocatable,
  blocks,
  free,
  pendingPods,
  requested,
  roomOf,
  taintText,
  type PendingPod,
  type Placement,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base, offers } from './common.ts';
import { amountText, requestEvidence, shortOf, type Short } from './requests.ts';

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
  const wanted = amountText(resource, request);
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
