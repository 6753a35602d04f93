import type { ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  isDeleting,
  listed,
  nearest,
  ref,
  refOf,
  type KubeEvent,
  type ObjectRef,
  type PersistentVolumeClaim,
  type StorageClass,
} from '../../../domain/index.ts';
import { absence, event, field, inNamespace, listCommand, shown } from '../../evidence.ts';
import { defaultMark, NO_PROVISIONER, podsUsing, waitsForConsumer } from '../../placement/index.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { fittingVolume } from './volumes.ts';

/** Claims that wait for a volume for longer than a controller needs to answer. */
export function pendingClaims({ view, now }: RuleContext): readonly PersistentVolumeClaim[] {
  return view
    .all('PersistentVolumeClaim')
    .filter((claim) => claim.status?.phase === 'Pending' && !isDeleting(claim) && ageOf(claim, now) >= grace.newObject);
}

export function claimName(claim: PersistentVolumeClaim): string {
  return claim.metadata.name ?? '';
}

export function base(claim: PersistentVolumeClaim): Pick<Draft, 'subject' | 'since'> {
  const { creationTimestamp } = claim.metadata;
  return { subject: refOf(claim), ...(creationTimestamp !== undefined && { since: creationTimestamp }) };
}

export function describe({ name, namespace }: ObjectRef): string {
  return `kubectl describe pvc ${name}${inNamespace(namespace)}`;
}

function classOf(view: ClusterView, claim: PersistentVolumeClaim): StorageClass | undefined {
  return view.get('StorageClass', undefined, claim.spec?.storageClassName ?? '');
}

const CLASS_MISSING = /storageclass\.storage\.k8s\.io "[^"]*" not found/;

export const storageClassMissing: Rule = {
  id: 'storage/storageclass-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'StorageClass'],
  *check(context) {
    const { view } = context;
    for (const claim of pendingClaims(context)) {
      const name = claim.spec?.storageClassName ?? '';
      if (name === '' || view.find('StorageClass', undefined, name).state !== 'absent') continue;
      // A volume of the same class name can be bound by hand: no class object is needed for that.
      if (view.all('PersistentVolume').some((pv) => pv.spec?.storageClassName === name)) continue;
      yield classDraft(view, claim, name);
    }
  },
};

function classDraft(view: ClusterView, claim: PersistentVolumeClaim, name: string): Draft {
  const classes = view.all('StorageClass');
  const names = classes.map((c) => c.metadata.name ?? '');
  const standard = classes.find((c) => defaultMark(c) !== undefined)?.metadata.name;
  const near = nearest(name, names);
  const better = near ?? standard;
  const said = view.events(claim, 'ProvisioningFailed').findLast((e) => CLASS_MISSING.test(e.message ?? ''));
  const namespace = claim.metadata.namespace;
  const mark = standard === undefined ? '' : ` (default: ${standard})`;
  return {
    ...base(claim),
    causeKey: name,
    title: `Claim ${claimName(claim)} asks for StorageClass ${name}, which does not exist`,
    cause: `No StorageClass is called ${name}, so nothing makes a volume for the claim. ${names.length > 0 ? `There ${names.length === 1 ? 'is' : 'are'} ${listed(names)}${mark}.` : 'The cluster has no StorageClass at all.'}${near !== undefined ? ` The nearest name is ${near}.` : ''}`,
    evidence: [
      field(claim, '.spec.storageClassName'),
      absence('StorageClass', undefined, name),
      ...names
        .slice(0, 3)
        .map((c) => shown(ref('StorageClass', undefined, c), 'name', c, listCommand('StorageClass', undefined))),
      ...(said ? [event(said)] : []),
    ],
    remediation: [
      { text: 'See which classes exist', command: 'kubectl get storageclass' },
      {
        text: `The class of a claim cannot be changed: correct it at its source${better !== undefined ? ` to ${better}` : ''} and let the claim be made again (nothing was bound, no data is lost)`,
        command: `kubectl get pvc ${claimName(claim)}${inNamespace(namespace)} -o yaml`,
      },
      { text: `Or create a StorageClass called ${name}` },
    ],
  };
}

export const noDefaultClass: Rule = {
  id: 'storage/no-default-class',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'StorageClass'],
  *check(context) {
    const { view } = context;
    const classes = view.all('StorageClass');
    if (!view.isComplete('StorageClass') || classes.some((c) => defaultMark(c) !== undefined)) return;
    for (const claim of pendingClaims(context)) {
      // An empty name asks for a volume that was made by hand.
      if (claim.spec?.storageClassName !== undefined || (claim.spec?.volumeName ?? '') !== '') continue;
      const said = view.events(claim, 'FailedBinding').at(-1);
      const [only] = classes;
      const name = only?.metadata.name;
      yield {
        ...base(claim),
        causeKey: 'no default',
        title: `Claim ${claimName(claim)} names no StorageClass and the cluster has no default`,
        cause: `spec.storageClassName is not set, and ${classes.length === 0 ? 'there is no StorageClass' : `none of ${listed(classes.map((c) => c.metadata.name ?? ''))} is marked as default`}, so nothing makes a volume.`,
        evidence: [
          field(claim, '.status.phase'),
          ...(said ? [event(said)] : []),
          classes.length === 0
            ? shown(
                ref('StorageClass', undefined, '*'),
                'StorageClasses',
                'No resources found',
                'kubectl get storageclass',
              )
            : shown(ref('StorageClass', undefined, name ?? ''), 'name', name ?? '', 'kubectl get storageclass'),
        ],
        remediation: [
          { text: 'See the classes and their default mark', command: 'kubectl get storageclass' },
          classes.length === 1 && name !== undefined
            ? {
                text: `Mark ${name} as default`,
                command: `kubectl annotate storageclass ${name} storageclass.kubernetes.io/is-default-class=true`,
              }
            : { text: 'Mark a class as default, or name one in the claim' },
        ],
      };
    }
  },
};

export const waitForConsumer: Rule = {
  id: 'storage/wait-for-consumer',
  severity: 'info',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'StorageClass', 'Pod'],
  *check(context) {
    const { view } = context;
    for (const claim of pendingClaims(context)) {
      const storageClass = classOf(view, claim);
      if (!storageClass || !waitsForConsumer(storageClass)) continue;
      if (!view.isComplete('Pod', claim.metadata.namespace) || podsUsing(view, refOf(claim)).length > 0) continue;
      yield {
        ...base(claim),
        causeKey: 'no consumer',
        title: `Claim ${claimName(claim)} waits for its first pod`,
        cause: `Its class ${storageClass.metadata.name ?? ''} makes the volume when a pod that uses the claim is scheduled, and no pod does.`,
        evidence: [
          field(storageClass, '.volumeBindingMode'),
          field(claim, '.spec.storageClassName'),
          field(claim, '.status.phase'),
        ],
        remediation: [{ text: 'Nothing is to be done until a pod uses it' }],
      };
    }
  },
};

export const provisioningFailed: Rule = {
  id: 'storage/provisioning-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'Event'],
  *check(context) {
    const { view } = context;
    for (const claim of pendingClaims(context)) {
      const failed = view.events(claim, 'ProvisioningFailed').at(-1);
      if (!failed || CLASS_MISSING.test(failed.message ?? '')) continue;
      const storageClass = classOf(view, claim);
      const by = storageClass?.provisioner ?? failed.source?.component ?? 'the provisioner';
      yield {
        ...base(claim),
        causeKey: gist(failed),
        title: `Claim ${claimName(claim)} cannot be provisioned: ${short(gist(failed))}`,
        cause: `${by} refused to make the volume: ${gist(failed)}.`,
        evidence: [event(failed), ...(storageClass ? [field(storageClass, '.provisioner')] : [])],
        remediation: [
          { text: 'See what the claim asks for and every answer', command: describe(refOf(claim)) },
          {
            text: `Correct size, access mode or class; if the answer is about quota, permission or a time-out, look at the log of the controller of ${by}`,
          },
        ],
      };
    }
  },
};

/** The message without what the external provisioner puts in front of every one. */
function gist(e: KubeEvent): string {
  return (e.message ?? '')
    .replace(/^failed to provision volume with StorageClass "[^"]*": /, '')
    .replace(/^rpc error: code = (\w+) desc = /, '$1: ')
    .replace(/\b[0-9a-f]{8}-[0-9a-f-]{27}\b/g, '…')
    .trim()
    .replace(/\.$/, '');
}

function short(text: string): string {
  return text.length <= 45 ? text : `${text.slice(0, 44)}…`;
}

export const provisionerSilent: Rule = {
  id: 'storage/provisioner-silent',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'StorageClass', 'Event'],
  *check(context) {
    const { view, now } = context;
    for (const claim of pendingClaims(context)) {
      const waiting = view.events(claim, 'ExternalProvisioning').at(-1);
      const storageClass = classOf(view, claim);
      if (!waiting || !storageClass || ageOf(claim, now) < grace.creating) continue;
      if (view.events(claim, 'Provisioning', 'ProvisioningFailed', 'ProvisioningSucceeded').length > 0) continue;
      const { provisioner } = storageClass;
      yield {
        ...base(claim),
        causeKey: provisioner,
        title: `Claim ${claimName(claim)} waits for provisioner ${provisioner}, which does not act`,
        cause: `The cluster asked ${provisioner} for a volume and there is no answer, neither a volume nor a refusal: its controller is not installed, not running, or does not see the claim.`,
        causedBy: [refOf(storageClass)],
        evidence: [event(waiting), field(storageClass, '.provisioner')],
        remediation: [
          { text: 'Look for the controller of the driver', command: 'kubectl get pods -A -o wide' },
          { text: `Start or install what provides ${provisioner}, or use another class` },
        ],
      };
    }
  },
};

export const noMatchingVolume: Rule = {
  id: 'storage/no-matching-pv',
  severity: 'critical',
  confidence: 'certain',
  needs: ['PersistentVolumeClaim', 'PersistentVolume', 'StorageClass'],
  *check(context) {
    const { view } = context;
    if (!view.isComplete('PersistentVolume')) return;
    for (const claim of pendingClaims(context)) {
      const storageClass = classOf(view, claim);
      if (!boundByHand(view, claim, storageClass)) continue;
      // Before a pod uses it, such a claim waits by design.
      if (waitsForConsumer(storageClass) && podsUsing(view, refOf(claim)).length === 0) continue;
      const { fits, why, evidence } = fittingVolume(view, claim);
      if (fits) continue;
      yield {
        ...base(claim),
        causeKey: why,
        title: `Claim ${claimName(claim)} finds no PersistentVolume: ${short(why)}`,
        cause: `Its volume is not made on demand (${storageClass ? `class ${storageClass.metadata.name ?? ''} has no provisioner` : (claim.spec?.storageClassName ?? '') === '' ? 'it asks for none' : `there is no class ${claim.spec?.storageClassName ?? ''}`}), and no volume fits: ${why}.`,
        evidence: [
          field(claim, '.spec.resources.requests.storage'),
          field(claim, '.spec.storageClassName'),
          ...evidence,
        ],
        remediation: [
          { text: 'See the volumes with size, class and state', command: 'kubectl get pv' },
          {
            text: 'Create a fitting volume, or correct what the claim asks for; a Released volume may be freed only after its data is saved',
          },
        ],
      };
    }
  },
};

function boundByHand(view: ClusterView, claim: PersistentVolumeClaim, storageClass: StorageClass | undefined): boolean {
  const name = claim.spec?.storageClassName;
  if (name === undefined) return false;
  if (name === '') return true;
  if (storageClass) return storageClass.provisioner === NO_PROVISIONER;
  if (view.find('StorageClass', undefined, name).state !== 'absent') return false;
  return view.all('PersistentVolume').some((pv) => pv.spec?.storageClassName === name);
}
