import type { ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionAge,
  conditionOf,
  formatDuration,
  formatQuantity,
  listed,
  parseQuantity,
  parseTime,
  refOf,
  type Evidence,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../../domain/index.ts';
import { absence, event, field, inNamespace, shown } from '../../evidence.ts';
import { podsUsing } from '../../placement/index.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { base, claimName, describe } from './binding.ts';

/** A resize or a deletion by the storage backend may take this long, in ms. */
const BACKEND_MS = 600_000;

export const claimLost: Rule = {
  id: 'storage/pvc-lost',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim'],
  *check({ view }) {
    for (const claim of view.all('PersistentVolumeClaim')) {
      if (claim.status?.phase !== 'Lost') continue;
      const volume = claim.spec?.volumeName ?? '';
      const gone = view.find('PersistentVolume', undefined, volume).state === 'absent';
      const said = view.events(claim, 'ClaimLost').at(-1);
      const users = podsUsing(view, refOf(claim));
      yield {
        ...base(claim),
        causeKey: volume,
        title: `Claim ${claimName(claim)} lost its volume ${volume}`,
        cause: `The claim is bound to PersistentVolume ${volume}, ${gone ? 'which was deleted' : 'which is no longer its own'}. The data may still exist in the storage backend.`,
        affects: users.map(refOf),
        evidence: [
          field(claim, '.status.phase'),
          field(claim, '.spec.volumeName'),
          ...(gone ? [absence('PersistentVolume', undefined, volume)] : []),
          ...(said ? [event(said)] : []),
        ],
        remediation: [
          { text: 'Leave the claim as it is: it holds the name of the volume', command: describe(refOf(claim)) },
          {
            text: `Make PersistentVolume ${volume} again for the same backend volume with claimRef set, or restore from a snapshot`,
          },
        ],
      };
    }
  },
};

export const stuckTerminating: Rule = {
  id: 'storage/pvc-stuck-terminating',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim'],
  *check(context) {
    for (const claim of context.view.all('PersistentVolumeClaim')) yield* stuckDraft(context, claim);
    for (const volume of context.view.all('PersistentVolume')) yield* stuckDraft(context, volume);
  },
};

const HELD_BY = /^(kubernetes\.io\/(pvc|pv)-protection|external-provisioner\.volume\.kubernetes\.io\/finalizer)$/;

function* stuckDraft({ view, now }: RuleContext, object: PersistentVolumeClaim | PersistentVolume): Generator<Draft> {
  const { deletionTimestamp, finalizers = [], name = '' } = object.metadata;
  const since = parseTime(deletionTimestamp);
  const finalizer = finalizers.find((f) => HELD_BY.test(f));
  if (since === undefined || finalizer === undefined || now - since < grace.deletion) return;
  const subject = refOf(object);
  const users = object.kind === 'PersistentVolumeClaim' ? podsUsing(view, subject) : [];
  const failed = view.events(object, 'VolumeFailedDelete').at(-1);
  const claimRef = object.kind === 'PersistentVolume' ? object.spec?.claimRef : undefined;
  const [user] = users;
  const workloads = [...new Set(users.map((pod) => view.workload(pod).name))].sort();
  const holder = finalizer.startsWith('external')
    ? 'its driver has not removed the backend volume'
    : user
      ? `${listed(workloads)} still ${workloads.length === 1 ? 'uses' : 'use'} it`
      : claimRef
        ? `claim ${claimRef.namespace ?? ''}/${claimRef.name ?? ''} is still bound to it`
        : `finalizer ${finalizer} is still set`;
  yield {
    subject,
    causeKey: finalizer,
    title: `${object.kind === 'PersistentVolume' ? 'PersistentVolume' : 'Claim'} ${name} cannot be deleted: ${holder}`,
    cause: `It was deleted ${formatDuration(now - since)} ago and finalizer ${finalizer} holds it: ${holder}.`,
    ...(deletionTimestamp !== undefined && { since: deletionTimestamp }),
    causedBy: users.map(refOf),
    evidence: [
      field(object, '.metadata.deletionTimestamp'),
      field(object, '.metadata.finalizers'),
      ...users.slice(0, 2).map((pod) => field(pod, '.spec.volumes')),
      ...(claimRef ? [field(object, '.spec.claimRef.name')] : []),
      ...(failed ? [event(failed)] : []),
    ],
    remediation: [
      user
        ? {
            text: `End the pods of ${listed(workloads)} that use it, when the data is no longer needed`,
            command: `kubectl get pods${inNamespace(user.metadata.namespace)} -o wide`,
          }
        : finalizer.startsWith('external')
          ? { text: 'Repair the controller of the driver; it removes the backend volume and then the finalizer' }
          : { text: 'End what still uses it; the finalizer goes by itself' },
      { text: 'Leave the finalizer alone: taking it off by hand can lose the data or leave a volume behind' },
    ],
  };
}

export const resizeStuck: Rule = {
  id: 'storage/resize-stuck',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim'],
  *check(context) {
    for (const claim of context.view.all('PersistentVolumeClaim')) {
      if (claim.status?.phase !== 'Bound') continue;
      const wanted = parseQuantity(claim.spec?.resources?.requests?.storage);
      const current = parseQuantity(claim.status.capacity?.storage);
      if (wanted === undefined || current === undefined || wanted <= current) continue;
      const reason = resizeReason(context, claim);
      if (!reason) continue;
      const sizes = [formatQuantity('storage', current), formatQuantity('storage', wanted)];
      const [user] = reason.restart ? podsUsing(context.view, refOf(claim)) : [];
      yield {
        ...base(claim),
        causeKey: reason.key,
        title: `Claim ${claimName(claim)} is not growing from ${sizes[0] ?? ''} to ${sizes[1] ?? ''}: ${reason.short}`,
        cause: `The claim asks for ${sizes[1] ?? ''} and has ${sizes[0] ?? ''}. ${reason.text}`,
        ...(reason.since !== undefined && { since: reason.since }),
        evidence: [
          field(claim, '.spec.resources.requests.storage'),
          field(claim, '.status.capacity.storage'),
          ...reason.evidence,
        ],
        remediation: [
          user
            ? {
                text: 'Restart the pod that mounts it; the file system grows at the mount',
                command: `kubectl delete pod ${user.metadata.name ?? ''}${inNamespace(user.metadata.namespace)}`,
              }
            : reason.restart
              ? { text: 'Nothing is to be done: the file system grows when a pod mounts it' }
              : { text: reason.step, command: describe(refOf(claim)) },
        ],
        ...(user && { fix: { verb: 'restart-pod', target: refOf(user) } as const }),
      };
    }
  },
};

interface ResizeReason {
  readonly key: string;
  readonly short: string;
  readonly text: string;
  readonly step: string;
  readonly restart: boolean;
  readonly since?: string;
  readonly evidence: readonly Evidence[];
}

function resizeReason({ view, now }: RuleContext, claim: PersistentVolumeClaim): ResizeReason | undefined {
  const className = claim.spec?.storageClassName ?? '';
  const storageClass = view.get('StorageClass', undefined, className);
  const state = claim.status?.allocatedResourceStatuses?.storage;
  const failed = ['ControllerResizeError', 'NodeResizeError']
    .map((type) => conditionOf(claim, type))
    .find((c) => c?.status === 'True');
  if (state !== undefined && /(Infeasible|Failed)$/.test(state))
    return {
      key: state,
      short: 'the backend refuses',
      text: `The driver answers ${state}${failed?.message !== undefined ? `: ${failed.message}` : ''}.`,
      step: 'Lower the request to a size that the backend accepts',
      restart: false,
      evidence: [field(claim, '.status.allocatedResourceStatuses.storage'), ...messageOf(claim, failed?.type)],
    };
  if (failed)
    return {
      key: failed.type,
      short: 'the backend refuses',
      text: `The driver answers: ${failed.message ?? failed.reason ?? failed.type}.`,
      step: 'Correct what the driver complains about',
      restart: false,
      evidence: messageOf(claim, failed.type),
    };
  const pending = conditionOf(claim, 'FileSystemResizePending');
  if (pending?.status === 'True' && (conditionAge(pending, now) ?? 0) > BACKEND_MS)
    return {
      key: 'FileSystemResizePending',
      short: 'the file system waits for a restart',
      text: 'The volume has grown; its file system grows only when a pod mounts it again.',
      step: '',
      restart: true,
      ...(pending.lastTransitionTime !== undefined && { since: pending.lastTransitionTime }),
      evidence: [field(claim, '.status.conditions[?(@.type=="FileSystemResizePending")].status')],
    };
  if (storageClass && storageClass.allowVolumeExpansion !== true && ageOf(claim, now) >= grace.newObject)
    return {
      key: 'allowVolumeExpansion',
      short: `class ${className} does not allow it`,
      text: `StorageClass ${className} does not set allowVolumeExpansion.`,
      step: 'Use a class that can grow, or allow it in the class if its driver can',
      restart: false,
      evidence: [
        field(claim, '.spec.storageClassName'),
        shown(refOf(storageClass), 'allowVolumeExpansion', 'false', `kubectl get storageclass ${className}`),
      ],
    };
  const refused = view.events(claim, 'VolumeResizeFailed', 'FileSystemResizeFailed').at(-1);
  if (!refused) return undefined;
  return {
    key: refused.reason ?? '',
    short: 'the driver reports an error',
    text: `The driver answers: ${refused.message ?? ''}`,
    step: 'Correct what the driver complains about',
    restart: false,
    evidence: [event(refused)],
  };
}

function messageOf(claim: PersistentVolumeClaim, type: string | undefined): readonly Evidence[] {
  return type === undefined ? [] : [field(claim, `.status.conditions[?(@.type=="${type}")].message`)];
}

export const volumeFailed: Rule = {
  id: 'storage/pv-failed',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PersistentVolume'],
  *check({ view, now }) {
    for (const volume of view.all('PersistentVolume')) {
      const draft = failedDraft(view, volume, now);
      if (draft) yield draft;
    }
  },
};

function failedDraft(view: ClusterView, volume: PersistentVolume, now: number): Draft | undefined {
  const { status = {}, spec } = volume;
  const { name = '' } = volume.metadata;
  const since = parseTime(status.lastPhaseTransitionTime);
  // Kept on purpose where the policy is Retain; being deleted in the first minutes.
  const overdue =
    status.phase === 'Released' &&
    spec?.persistentVolumeReclaimPolicy === 'Delete' &&
    since !== undefined &&
    now - since > BACKEND_MS;
  if (status.phase !== 'Failed' && !overdue) return undefined;
  const failed = view.events(volume, 'VolumeFailedDelete').at(-1);
  const message = status.message ?? failed?.message;
  return {
    subject: refOf(volume),
    causeKey: status.phase ?? '',
    title: `PersistentVolume ${name} is ${status.phase ?? ''}: its backend volume is not deleted`,
    cause: `Its claim is gone and the reclaim policy is ${spec?.persistentVolumeReclaimPolicy ?? 'Delete'}, but the volume could not be removed${message !== undefined ? `: ${message}` : ''}.`,
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    evidence: [
      field(volume, '.status.phase'),
      field(volume, '.spec.persistentVolumeReclaimPolicy'),
      ...(status.message !== undefined ? [field(volume, '.status.message')] : []),
      ...(failed ? [event(failed)] : []),
    ],
    remediation: [
      { text: 'Read what the driver answers', command: `kubectl describe pv ${name}` },
      { text: 'Repair access to the backend; remove the backend volume by hand only after its data is saved' },
    ],
  };
}
