import type { ClusterView } from '../../../cluster/index.ts';
import {
  groupBy,
  isDeleting,
  isFinished,
  isReady,
  listed,
  parseTime,
  ref,
  refKey,
  refOf,
  type Deployment,
  type Pod,
  type VolumeAttachment,
} from '../../../domain/index.ts';
import { event, field, inNamespace } from '../../evidence.ts';
import { claimsOf, podsUsing, type ClaimUse } from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { detailOf, mountingPods, type Complaint, type MountingPod } from './mounting.ts';

const MULTI_ATTACH = /Multi-Attach error for volume/;

function attachmentsOf(view: ClusterView, volume: string): readonly VolumeAttachment[] {
  return view.all('VolumeAttachment').filter((a) => a.spec.source.persistentVolumeName === volume);
}

export const multiAttach: Rule = {
  id: 'storage/multi-attach',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }) {
    for (const mounting of mountingPods(view))
      for (const complaint of mounting.complaints)
        if (MULTI_ATTACH.test(complaint.message)) yield multiAttachDraft(view, mounting, complaint);
  },
};

function multiAttachDraft(view: ClusterView, mounting: MountingPod, complaint: Complaint): Draft {
  const { pod, node, workload } = mounting;
  const { name, claim } = complaint;
  const users = claim ? podsUsing(view, refOf(claim)) : [];
  const holders = users.filter((other) => other !== pod && (other.spec?.nodeName ?? node) !== node);
  const attachment = attachmentsOf(view, name).find((a) => a.spec.nodeName !== node);
  const old = attachment?.spec.nodeName ?? holders[0]?.spec?.nodeName;
  const by = [...new Set(holders.map((other) => view.workload(other).name))].sort();
  const state = holders.some(isDeleting) ? ', which is being deleted' : '';
  return {
    subject: refOf(pod),
    causeKey: name,
    ...(mounting.since !== undefined && { since: mounting.since }),
    title: `Volume ${name} is still attached to ${old ?? 'another node'}, so ${workload.name} on ${node} waits`,
    cause: `The volume can be on one node at a time and ${old ?? 'another node'} has it${by.length > 0 ? `, for a pod of ${listed(by)}${state}` : ''}. It comes free when that pod ends and the node detaches it.`,
    causedBy: [
      ...holders.map(refOf),
      ...(old === undefined ? [] : [ref('Node', undefined, old)]),
      ...(workload.kind === 'Deployment' ? [workload] : []),
    ],
    evidence: [
      event(complaint.event),
      field(pod, '.spec.nodeName'),
      ...(attachment ? [field(attachment, '.spec.nodeName')] : []),
      ...holders.slice(0, 2).map((other) => field(other, '.spec.nodeName')),
    ],
    remediation: [
      {
        text: 'See which node holds it and whether that node is alive',
        command: 'kubectl get volumeattachments -o wide',
      },
      {
        text: `If the old pod is healthy and no longer wanted, end it; if ${old ?? 'its node'} is off for good, taint the node as out of service`,
        ...(old !== undefined && { command: `kubectl describe node ${old}` }),
      },
    ],
  };
}

export const attachFailed: Rule = {
  id: 'storage/attach-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const mounting of mountingPods(view))
      for (const complaint of mounting.complaints) {
        if (complaint.event.reason !== 'FailedAttachVolume' || MULTI_ATTACH.test(complaint.message)) continue;
        const own = attachmentsOf(view, complaint.name).find((a) => a.spec.nodeName === mounting.node);
        if (own?.status?.attached !== true) yield attachDraft(mounting, complaint, own);
      }
    for (const attachment of view.all('VolumeAttachment')) {
      const draft = detachDraft(attachment, now);
      if (draft) yield draft;
    }
  },
};

function attachDraft(mounting: MountingPod, complaint: Complaint, attachment: VolumeAttachment | undefined): Draft {
  const { node, pod } = mounting;
  const error = attachment?.status?.attachError?.message;
  const detail = error ?? detailOf(complaint);
  const driver = complaint.pv?.spec?.csi?.driver ?? attachment?.spec.attacher;
  const silent = /timed out waiting for external-attacher/.test(detail) && error === undefined;
  return {
    subject: refOf(pod),
    causeKey: complaint.name,
    ...(mounting.since !== undefined && { since: mounting.since }),
    title: `Volume ${complaint.name} cannot be attached to ${node}${silent ? ': its driver does not answer' : ''}`,
    cause: `The answer is: ${detail.replace(/\.$/, '')}.${silent && driver !== undefined ? ` The controller of driver ${driver} is not installed or not running.` : ''}`,
    evidence: [
      event(complaint.event),
      field(pod, '.spec.nodeName'),
      ...(error !== undefined && attachment ? [field(attachment, '.status.attachError.message')] : []),
      ...(complaint.pv && driver !== undefined ? [field(complaint.pv, '.spec.csi.driver')] : []),
    ],
    remediation: [
      { text: 'See the state of the attachment', command: 'kubectl get volumeattachments -o wide' },
      {
        text: `Look at the controller of ${driver ?? 'the driver'} and at the volume in the storage backend`,
        command: 'kubectl get pods -A -o wide',
      },
    ],
  };
}

function detachDraft(attachment: VolumeAttachment, now: number): Draft | undefined {
  const error = attachment.status?.detachError?.message;
  const { deletionTimestamp } = attachment.metadata;
  const since = parseTime(deletionTimestamp);
  if (error === undefined || since === undefined || now - since < grace.deletion) return undefined;
  const volume = attachment.spec.source.persistentVolumeName ?? '';
  return {
    subject: refOf(attachment),
    causeKey: volume,
    ...(deletionTimestamp !== undefined && { since: deletionTimestamp }),
    title: `Volume ${volume} cannot be detached from ${attachment.spec.nodeName}`,
    cause: `The driver answers: ${error.replace(/\.$/, '')}. Until it is detached no other node gets volume ${volume}.`,
    evidence: [
      field(attachment, '.status.detachError.message'),
      field(attachment, '.spec.nodeName'),
      field(attachment, '.spec.source.persistentVolumeName'),
    ],
    remediation: [
      {
        text: `Look at the controller of ${attachment.spec.attacher} and at the node`,
        command: `kubectl describe node ${attachment.spec.nodeName}`,
      },
    ],
  };
}

export const rwoRollingDeadlock: Rule = {
  id: 'storage/rwo-rolling-deadlock',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Deployment', 'ReplicaSet', 'Pod', 'PersistentVolumeClaim'],
  *check({ view }) {
    const waiting = groupBy(waitingOnVolume(view), (pod) => refKey(view.workload(pod)));
    for (const deployment of view.all('Deployment')) {
      const pods = waiting.get(refKey(refOf(deployment)));
      if (!pods || deployment.spec?.strategy?.type === 'Recreate') continue;
      for (const pod of pods) {
        const draft = deadlock(view, deployment, pod);
        if (!draft) continue;
        yield draft;
        break;
      }
    }
  },
};

/** Pods that have not started because of a volume that another node has, or another pod. */
function waitingOnVolume(view: ClusterView): readonly Pod[] {
  const attaching = mountingPods(view).filter((m) => m.complaints.some((c) => MULTI_ATTACH.test(c.message)));
  return attaching.map((m) => m.pod);
}

function deadlock(view: ClusterView, deployment: Deployment, pod: Pod): Draft | undefined {
  const replicaSet = view.owners(pod)[0];
  for (const use of claimsOf(view, pod)) {
    const modes = use.claim.state === 'present' ? (use.claim.object.spec?.accessModes ?? []) : [];
    if (!modes.every((mode) => mode.startsWith('ReadWriteOnce')) || modes.length === 0) continue;
    const old = podsUsing(view, use.ref).find((other) => {
      const owners = view.owners(other);
      return (
        other !== pod &&
        !isFinished(other) &&
        !isDeleting(other) &&
        isReady(other) &&
        owners.some((o) => refKey(o) === refKey(refOf(deployment))) &&
        owners[0]?.name !== replicaSet?.name &&
        other.spec?.nodeName !== pod.spec?.nodeName
      );
    });
    if (old) return deadlockDraft(deployment, pod, old, use);
  }
  return undefined;
}

function deadlockDraft(deployment: Deployment, pod: Pod, old: Pod, use: ClaimUse): Draft {
  const subject = refOf(deployment);
  const claim = use.claim.state === 'present' ? [field(use.claim.object, '.spec.accessModes')] : [];
  return {
    subject,
    causeKey: use.name,
    title: `Rolling update of ${subject.name} deadlocks on ReadWriteOnce claim ${use.name}`,
    cause: `The new pod on ${pod.spec?.nodeName ?? ''} waits for the volume of claim ${use.name}, which the old pod on ${old.spec?.nodeName ?? ''} holds; the rolling update ends the old pod only when the new one is Ready.`,
    affects: [refOf(pod)],
    evidence: [
      field(deployment, '.spec.strategy.type'),
      field(pod, use.path),
      ...claim,
      field(pod, '.spec.nodeName'),
      field(old, '.spec.nodeName'),
    ],
    remediation: [
      {
        text: 'Let the old pod end before the new one starts',
        command: `kubectl patch deployment ${subject.name}${inNamespace(subject.namespace)} -p '{"spec":{"strategy":{"type":"Recreate","rollingUpdate":null}}}'`,
      },
    ],
    fix: { verb: 'set-strategy', target: subject, path: '.spec.strategy.type', value: 'Recreate' },
  };
}
