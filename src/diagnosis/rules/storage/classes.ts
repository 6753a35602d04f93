import type { ClusterView } from '../../../cluster/index.ts';
import { ageOf, groupBy, listed, refOf, type PersistentVolumeClaim, type StorageClass } from '../../../domain/index.ts';
import { absence, field } from '../../evidence.ts';
import { defaultMark, NO_PROVISIONER } from '../../placement/index.ts';
import type { Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { pendingClaims } from './binding.ts';

/** CSI drivers that took over the provisioners that were once built in. Source: k8s.io/csi-translation-lib. */
const MIGRATED: Readonly<Record<string, string>> = {
  'kubernetes.io/aws-ebs': 'ebs.csi.aws.com',
  'kubernetes.io/gce-pd': 'pd.csi.storage.gke.io',
  'kubernetes.io/azure-disk': 'disk.csi.azure.com',
  'kubernetes.io/azure-file': 'file.csi.azure.com',
  'kubernetes.io/cinder': 'cinder.csi.openstack.org',
  'kubernetes.io/vsphere-volume': 'csi.vsphere.vmware.com',
  'kubernetes.io/portworx-volume': 'pxd.portworx.com',
};

export const provisionerNotInstalled: Rule = {
  id: 'storage/provisioner-not-installed',
  severity: 'warning',
  confidence: 'likely',
  needs: ['StorageClass', 'CSIDriver', 'Pod', 'PersistentVolumeClaim'],
  *check(context) {
    const { view, now } = context;
    if (!view.isComplete('CSIDriver') || !view.isComplete('Pod')) return;
    const waiting = groupBy(
      pendingClaims(context).filter((claim) => ageOf(claim, now) >= grace.creating && untouched(view, claim)),
      (claim) => claim.spec?.storageClassName ?? '',
    );
    for (const storageClass of view.all('StorageClass')) {
      const claims = waiting.get(storageClass.metadata.name ?? '') ?? [];
      if (claims.length === 0 || isInstalled(view, storageClass)) continue;
      const { provisioner } = storageClass;
      const driver = MIGRATED[provisioner] ?? provisioner;
      yield {
        subject: refOf(storageClass),
        causeKey: provisioner,
        title: `StorageClass ${storageClass.metadata.name ?? ''} uses provisioner ${provisioner}, which is not installed`,
        cause: `Most likely ${provisioner} was removed or never installed, because there is no CSIDriver ${driver}, no pod names it, and ${listed(claims.map((c) => c.metadata.name ?? ''))} got no answer.`,
        affects: claims.map(refOf),
        evidence: [
          field(storageClass, '.provisioner'),
          absence('CSIDriver', undefined, driver),
          ...claims.slice(0, 3).map((claim) => field(claim, '.metadata.name')),
        ],
        remediation: [
          { text: 'See which drivers are installed', command: 'kubectl get csidrivers' },
          { text: `Install the driver for ${provisioner}, or use another class` },
        ],
      };
    }
  },
};

/** Neither begun nor refused by a provisioner. */
function untouched(view: ClusterView, claim: PersistentVolumeClaim): boolean {
  return (
    view.events(claim, 'ExternalProvisioning').length > 0 &&
    view.events(claim, 'Provisioning', 'ProvisioningFailed', 'ProvisioningSucceeded').length === 0
  );
}

/** A driver object, a pod that names it, or a volume that it made: provisioners need not have a driver object. */
function isInstalled(view: ClusterView, { provisioner }: StorageClass): boolean {
  if (provisioner === NO_PROVISIONER) return true;
  const driver = MIGRATED[provisioner] ?? provisioner;
  if (view.find('CSIDriver', undefined, driver).state !== 'absent') return true;
  const short = provisioner.split('/').at(-1) ?? provisioner;
  return view.all('Pod').some((pod) => {
    if (pod.metadata.name?.includes(short) === true) return true;
    return (pod.spec?.containers ?? []).some((c) =>
      [...(c.args ?? []), ...(c.command ?? []), ...(c.env ?? []).map((e) => e.value ?? '')].some((text) =>
        text.includes(provisioner),
      ),
    );
  });
}

export const multipleDefaultClasses: Rule = {
  id: 'storage/multiple-default-classes',
  severity: 'warning',
  confidence: 'certain',
  needs: ['StorageClass'],
  *check({ view }) {
    const defaults = view.all('StorageClass').flatMap((c) => {
      const mark = defaultMark(c);
      return mark === undefined ? [] : [{ storageClass: c, mark, name: c.metadata.name ?? '' }];
    });
    if (defaults.length < 2) return;
    const oldestFirst = [...defaults].sort(
      (a, b) => created(a.storageClass) - created(b.storageClass) || (a.name > b.name ? -1 : 1),
    );
    const newest = oldestFirst.at(-1);
    const [first] = oldestFirst;
    if (!newest || !first) return;
    const names = defaults.map((d) => d.name);
    yield {
      subject: refOf(newest.storageClass),
      causeKey: names.join(','),
      title: `${defaults.length} StorageClasses are marked default: ${listed(names)}`,
      cause: `A claim without a class gets the newest of them, now ${newest.name}; that changes without notice when a class is made anew.`,
      affects: defaults.filter((d) => d !== newest).map((d) => refOf(d.storageClass)),
      evidence: [
        field(first.storageClass, `.metadata.annotations${annotationStep(first.mark)}`),
        ...oldestFirst.slice(1).map((d) => field(d.storageClass, `.metadata.annotations${annotationStep(d.mark)}`)),
        field(newest.storageClass, '.metadata.creationTimestamp'),
      ],
      remediation: [
        { text: 'See the classes and their default mark', command: 'kubectl get storageclass' },
        {
          text: `Keep one; for example take the mark from ${first.name}`,
          command: `kubectl annotate storageclass ${first.name} ${first.mark}=false --overwrite`,
        },
      ],
    };
  },
};

function created(storageClass: StorageClass): number {
  return Date.parse(storageClass.metadata.creationTimestamp ?? '') || 0;
}

function annotationStep(mark: string): string {
  return `.${mark.replaceAll('.', '\\.')}`;
}
