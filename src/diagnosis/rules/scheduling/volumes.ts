import {
  isDeleting,
  listed,
  nearest,
  refOf,
  type Action,
  type ObjectRef,
  type PersistentVolume,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, field, inNamespace } from '../../evidence.ts';
import {
  demandText,
  meetsAll,
  partsOf,
  pendingPods,
  termsOf,
  type PendingPod,
  claimsOf,
  podsUsing,
  waitsForConsumer,
  type ClaimUse,
  type LabelDemand,
} from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base } from './common.ts';

export const claimUnbound: Rule = {
  id: 'scheduling/pvc-unbound',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const [part] = partsOf(pending, 'claim-unbound');
      if (!part) continue;
      const immediate = part.text.includes('immediate');
      const unbound = claimsOf(view, pending.pod).filter((use) => isUnbound(view, use, immediate));
      const [first] = unbound;
      if (first) yield unboundDraft(pending, first, unbound);
    }
  },
};

function isUnbound(view: ClusterView, { claim }: ClaimUse, immediate: boolean): boolean {
  if (claim.state !== 'present') return claim.state === 'unknown';
  if (claim.object.status?.phase === 'Bound') return false;
  // Scheduling itself binds these; the scheduler does not complain of them as "immediate".
  return (
    !immediate || !waitsForConsumer(view.get('StorageClass', undefined, claim.object.spec?.storageClassName ?? ''))
  );
}

function unboundDraft(pending: PendingPod, first: ClaimUse, unbound: readonly ClaimUse[]): Draft {
  const { workload, pod } = pending;
  const names = listed(unbound.map((use) => use.shared));
  const phase = first.claim.state === 'present' ? first.claim.object.status?.phase : undefined;
  const state = phase === 'Lost' ? 'which lost its volume' : 'which has no volume yet';
  const shared = base(pending);
  return {
    ...shared,
    causeKey: unbound.map((use) => use.shared).join(','),
    title: `${workload.name} waits for volume ${unbound.length === 1 ? 'claim' : 'claims'} ${names}, ${unbound.length === 1 ? state : 'which have no volumes yet'}`,
    cause: `A pod is placed only when its claims are bound, and ${names} ${unbound.length === 1 ? 'is' : 'are'} ${phase ?? 'not'}${phase === undefined ? ' bound' : ''}. Why is told by the claim itself.`,
    causedBy: unbound.map((use) => use.ref),
    evidence: [
      ...shared.evidence,
      ...unbound.map((use) =>
        use.claim.state === 'present' ? field(use.claim.object, '.status.phase') : field(pod, use.path),
      ),
    ],
    remediation: [
      {
        text: 'See what the claim waits for',
        command: `kubectl describe pvc ${first.name}${inNamespace(pod.metadata.namespace)}`,
      },
    ],
  };
}

export const claimMissing: Rule = {
  id: 'scheduling/pvc-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const name = partsOf(pending, 'claim-missing').find((part) => part.name !== undefined)?.name;
      const use = claimsOf(view, pending.pod).find((u) => u.name === name);
      if (!use) continue;
      const draft = missingDraft(view, pending, use);
      if (draft) yield draft;
    }
  },
};

function missingDraft(view: ClusterView, pending: PendingPod, use: ClaimUse): Draft | undefined {
  const { pod, workload } = pending;
  const { namespace } = pod.metadata;
  const present = use.claim.state === 'present' ? use.claim.object : undefined;
  if (present && !isDeleting(present)) return undefined;
  const near = nearest(
    use.name,
    view.inNamespace('PersistentVolumeClaim', namespace).map((claim) => claim.metadata.name ?? ''),
  );
  const nearClaim = near === undefined ? undefined : view.get('PersistentVolumeClaim', namespace, near);
  const shared = base(pending);
  return {
    ...shared,
    causeKey: use.shared,
    title: present
      ? `${workload.name} mounts claim ${use.shared}, which is being deleted`
      : `${workload.name} mounts claim ${use.shared}, which does not exist in ${namespace ?? ''}`,
    cause: present
      ? `Claim ${use.shared} has a deletion time: it goes away as soon as its last pod ends, and new pods may not use it.`
      : `No claim ${use.shared} is in ${namespace ?? ''}, so the pod cannot be placed.${near !== undefined ? ` The nearest name is ${near}.` : ''}`,
    causedBy: [use.ref],
    evidence: [
      ...shared.evidence,
      field(pod, use.path),
      ...(present ? [field(present, '.metadata.deletionTimestamp')] : []),
      ...(use.claim.state === 'absent' ? [absence('PersistentVolumeClaim', namespace, use.name)] : []),
      ...(nearClaim ? [field(nearClaim, '.metadata.name')] : []),
    ],
    remediation: [
      { text: 'See which claims exist', command: `kubectl get pvc${inNamespace(namespace)}` },
      present
        ? { text: 'Wait for the deletion and create the claim again, or name another claim' }
        : {
            text:
              near !== undefined
                ? `Correct the name in ${workload.kind.toLowerCase()}/${workload.name} to ${near}`
                : `Create claim ${use.name}, or correct the name in ${workload.kind.toLowerCase()}/${workload.name}`,
          },
    ],
  };
}

export const volumeZoneConflict: Rule = {
  id: 'scheduling/volume-zone-conflict',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'PersistentVolume', 'PersistentVolumeClaim'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (partsOf(pending, 'volume-node').length === 0 || pending.placement?.open.length === 0) continue;
      for (const use of claimsOf(view, pending.pod)) {
        const claim = use.claim.state === 'present' ? use.claim.object : undefined;
        const volume = claim && view.get('PersistentVolume', undefined, claim.spec?.volumeName ?? '');
        const draft = volume && zoneDraft(pending, use, volume);
        if (draft) yield draft;
      }
    }
  },
};

const PV_TERMS = '.spec.nodeAffinity.required.nodeSelectorTerms';

/** `node disk-1`, `zone a`; any other demand as it is. */
function placeText(demand: LabelDemand): string {
  const [value] = demand.values;
  if (demand.operator !== 'In' || demand.values.length !== 1 || value === undefined) return demandText(demand);
  if (demand.key === 'kubernetes.io/hostname') return `node ${value}`;
  return demand.key === 'topology.kubernetes.io/zone' ? `zone ${value}` : demandText(demand);
}

function zoneDraft(pending: PendingPod, use: ClaimUse, volume: PersistentVolume): Draft | undefined {
  const { workload, placement } = pending;
  const anyOf = termsOf(volume.spec?.nodeAffinity?.required?.nodeSelectorTerms, PV_TERMS);
  const demand = { all: [], anyOf };
  if (anyOf.length === 0 || placement?.open.some(({ node }) => meetsAll(node, demand)) === true) return undefined;
  const where = listed([...new Set(anyOf.flat().map(placeText))], 2);
  const name = volume.metadata.name ?? '';
  const there = [...(placement?.cordoned ?? []), ...(placement?.tainted ?? []).map(({ room }) => room)].filter(
    ({ node }) => meetsAll(node, demand),
  );
  const shared = base(pending);
  return {
    ...shared,
    causeKey: name,
    title: `${workload.name}: volume ${name} is bound to ${where}, where no node can take the pod`,
    cause: `Claim ${use.name} is bound to ${name}, which can be reached only from ${where}; ${there.length > 0 ? `${listed(there.map((room) => room.name))} there ${there.length === 1 ? 'takes' : 'take'} no new pods (cordon or taint)` : 'none of the nodes where the pod may run is such a node'}.`,
    causedBy: there.map(({ node }) => refOf(node)),
    evidence: [
      ...shared.evidence,
      field(pending.pod, use.path),
      field(volume, PV_TERMS),
      ...there
        .slice(0, 2)
        .map(({ node }) => field(node, node.spec?.unschedulable === true ? '.spec.unschedulable' : '.spec.taints')),
    ],
    remediation: [
      { text: 'See which nodes are there', command: 'kubectl get nodes --show-labels' },
      {
        text: `Add or repair ${where}; for new volumes use a class with volumeBindingMode WaitForFirstConsumer`,
      },
    ],
  };
}

export const readWriteOncePod: Rule = {
  id: 'scheduling/rwop-conflict',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (partsOf(pending, 'claim-in-use').length === 0) continue;
      for (const use of claimsOf(view, pending.pod)) {
        const holder = podsUsing(view, use.ref).find((other) => (other.spec?.nodeName ?? '') !== '');
        const claim = use.claim.state === 'present' ? use.claim.object : undefined;
        if (!holder || claim?.spec?.accessModes?.includes('ReadWriteOncePod') !== true) continue;
        const by = view.workload(holder);
        const { pod, workload } = pending;
        const itself = by.kind === workload.kind && by.name === workload.name;
        const rolling = itself && view.owners(holder)[0]?.uid !== view.owners(pod)[0]?.uid;
        const path = claimsOf(view, holder).find((u) => u.name === use.name)?.path ?? use.path;
        const shared = base(pending);
        yield {
          ...shared,
          causeKey: use.shared,
          title: `${workload.name}: claim ${use.shared} is ReadWriteOncePod and in use by ${itself ? 'another of its pods' : by.name}`,
          cause: `Only one pod at a time may use claim ${use.shared}, and ${itself ? `another pod of ${by.name}` : by.name} has it.${rolling ? ' A rolling update starts the new pod before the old one ends, so it cannot finish.' : ''}`,
          evidence: [...shared.evidence, field(claim, '.spec.accessModes'), field(holder, path)],
          remediation: [
            rolling
              ? {
                  text: `Let ${workload.name} end the old pod first (strategy Recreate)`,
                  command: recreateCommand(workload),
                }
              : {
                  text: itself
                    ? `Run one replica of ${workload.name}, or give each its own claim`
                    : `End ${by.name}, or use another claim`,
                },
          ],
          ...(rolling && recreateFix(workload)),
        };
      }
    }
  },
};

/** Ends the old pod before the new one starts. */
export function recreateCommand({ name, namespace }: ObjectRef): string {
  return `kubectl patch deployment ${name}${inNamespace(namespace)} -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`;
}

export function recreateFix(workload: ObjectRef): { readonly fix?: Action } {
  if (workload.kind !== 'Deployment') return {};
  return { fix: { verb: 'set-strategy', target: workload, path: '.spec.strategy.type', value: 'Recreate' } };
}
