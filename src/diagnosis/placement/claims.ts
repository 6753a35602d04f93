import type { ClusterView, Lookup } from '../../cluster/index.ts';
import {
  isFinished,
  refKey,
  ref,
  type ObjectRef,
  type PersistentVolumeClaim,
  type Pod,
  type StorageClass,
} from '../../domain/index.ts';

/** A volume of a pod that is a claim. */
export interface ClaimUse {
  readonly volume: string;
  readonly name: string;
  readonly ref: ObjectRef;
  readonly claim: Lookup<PersistentVolumeClaim>;
  /** Where the claim's name stands in the pod. */
  readonly path: string;
  /** The same for all pods of a set: the template's name where the claim is made from one, else the claim's. */
  readonly shared: string;
}

/** The claims of a pod, generic ephemeral volumes included. */
export function claimsOf(view: ClusterView, pod: Pod): readonly ClaimUse[] {
  const { namespace, name: podName = '' } = pod.metadata;
  return (pod.spec?.volumes ?? []).flatMap((volume): readonly ClaimUse[] => {
    const at = `.spec.volumes[?(@.name=="${volume.name}")]`;
    const named = volume.persistentVolumeClaim?.claimName;
    const name = named ?? (volume.ephemeral ? `${podName}-${volume.name}` : undefined);
    if (name === undefined) return [];
    return [
      {
        volume: volume.name,
        name,
        ref: ref('PersistentVolumeClaim', namespace, name),
        claim: view.find('PersistentVolumeClaim', namespace, name),
        path: named === undefined ? `${at}.name` : `${at}.persistentVolumeClaim.claimName`,
        shared: name === `${volume.name}-${podName}` || named === undefined ? volume.name : name,
      },
    ];
  });
}

const users = new WeakMap<ClusterView, ReadonlyMap<string, readonly Pod[]>>();

/** Unfinished pods that name a claim; computed once per view. */
export function podsUsing(view: ClusterView, claim: ObjectRef): readonly Pod[] {
  let index = users.get(view);
  if (!index) {
    const byClaim = new Map<string, Pod[]>();
    for (const pod of view.all('Pod')) {
      if (isFinished(pod)) continue;
      for (const use of claimsOf(view, pod)) {
        const key = refKey(use.ref);
        const list = byClaim.get(key);
        if (list) list.push(pod);
        else byClaim.set(key, [pod]);
      }
    }
    index = byClaim;
    users.set(view, index);
  }
  return index.get(refKey(claim)) ?? [];
}

const DEFAULT_MARKS = [
  'storageclass.kubernetes.io/is-default-class',
  'storageclass.beta.kubernetes.io/is-default-class',
];

/** The annotation that marks a class as default; undefined where it is not. */
export function defaultMark(storageClass: StorageClass): string | undefined {
  return DEFAULT_MARKS.find((mark) => storageClass.metadata.annotations?.[mark] === 'true');
}

/** The provisioner of classes whose volumes are made by hand. */
export const NO_PROVISIONER = 'kubernetes.io/no-provisioner';

export function waitsForConsumer(storageClass: StorageClass | undefined): boolean {
  return storageClass?.volumeBindingMode === 'WaitForFirstConsumer';
}
