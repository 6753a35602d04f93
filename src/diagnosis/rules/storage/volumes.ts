import type { ClusterView } from '../../../cluster/index.ts';
import {
  formatQuantity,
  matchesSelector,
  parseQuantity,
  selectorText,
  type Evidence,
  type PersistentVolume,
  type PersistentVolumeClaim,
} from '../../../domain/index.ts';
import { field, shown } from '../../evidence.ts';

interface Misfit {
  readonly rank: number;
  readonly why: string;
  readonly evidence: readonly Evidence[];
}

export interface VolumeSearch {
  readonly fits: boolean;
  /** The volume that comes nearest, and what it lacks. */
  readonly why: string;
  readonly evidence: readonly Evidence[];
}

/** Looks for a volume that the claim could take. */
export function fittingVolume(view: ClusterView, claim: PersistentVolumeClaim): VolumeSearch {
  const wanted = claim.spec?.volumeName ?? '';
  let best: Misfit | undefined;
  for (const volume of view.all('PersistentVolume')) {
    if (wanted !== '' && volume.metadata.name !== wanted) continue;
    const misfit = misfitOf(volume, claim);
    if (!misfit) return { fits: true, why: '', evidence: [] };
    if (!best || misfit.rank > best.rank) best = misfit;
  }
  if (best) return { fits: false, ...best };
  return {
    fits: false,
    why: wanted === '' ? 'there is no volume' : `volume ${wanted} does not exist`,
    evidence: [
      wanted === ''
        ? shown({ kind: 'PersistentVolume', name: '*' }, 'volumes', 'No resources found', 'kubectl get pv')
        : field(claim, '.spec.volumeName'),
    ],
  };
}

/** What keeps the volume from the claim; the later the check, the nearer it came. Undefined: it fits. */
function misfitOf(volume: PersistentVolume, claim: PersistentVolumeClaim): Misfit | undefined {
  const { name = '' } = volume.metadata;
  const { spec, status } = volume;
  const lacks = (rank: number, why: string, path: string): Misfit => ({ rank, why, evidence: [field(volume, path)] });
  const storageClass = spec?.storageClassName ?? '';
  if (storageClass !== (claim.spec?.storageClassName ?? ''))
    return lacks(1, `${name} is of class ${storageClass === '' ? '""' : storageClass}`, '.metadata.name');
  if ((spec?.volumeMode ?? 'Filesystem') !== (claim.spec?.volumeMode ?? 'Filesystem'))
    return lacks(2, `${name} has volumeMode ${spec?.volumeMode ?? 'Filesystem'}`, '.spec.volumeMode');
  const owner = spec?.claimRef;
  const own = owner?.namespace === claim.metadata.namespace && owner?.name === claim.metadata.name;
  if (owner && !own)
    return lacks(
      3,
      `${name} is ${status?.phase === 'Released' ? 'still marked for the earlier' : 'bound to'} claim ${owner.namespace ?? ''}/${owner.name ?? ''}`,
      '.spec.claimRef.name',
    );
  if (!owner && status?.phase !== 'Available')
    return lacks(3, `${name} is ${status?.phase ?? 'not Available'}`, '.status.phase');
  if (claim.spec?.selector && !matchesSelector(claim.spec.selector, volume.metadata.labels))
    return lacks(4, `${name} lacks the labels ${selectorText(claim.spec.selector)}`, '.metadata.labels');
  const modes = claim.spec?.accessModes?.filter((mode) => spec?.accessModes?.includes(mode) !== true) ?? [];
  if (modes.length > 0) return lacks(5, `${name} does not allow ${modes.join(', ')}`, '.spec.accessModes');
  const [has, wants] = [
    parseQuantity(spec?.capacity?.storage),
    parseQuantity(claim.spec?.resources?.requests?.storage),
  ];
  if (has !== undefined && wants !== undefined && has < wants)
    return lacks(
      6,
      `${name} has ${formatQuantity('storage', has)} of ${formatQuantity('storage', wants)}`,
      '.spec.capacity.storage',
    );
  return undefined;
}
