import { ref, type ContainerView, type Evidence, type ObjectRef, type Pod } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';

/** The volume that covers a path in a container. */
export interface VolumeAt {
  readonly name: string;
  readonly mountPath: string;
  readonly isReadOnly: boolean;
  /** `claim data`, `ConfigMap app`, `emptyDir`, for people. */
  readonly text: string;
  /** The object behind it, where there is one. */
  readonly source?: ObjectRef;
  readonly evidence: Evidence;
}

/** The mount nearest above `path`; undefined where the path is the image's own. */
export function volumeAt(pod: Pod, { spec, specPath }: ContainerView, path: string): VolumeAt | undefined {
  const mounts = (spec.volumeMounts ?? []).filter(
    (m) => path === m.mountPath || path.startsWith(m.mountPath.endsWith('/') ? m.mountPath : `${m.mountPath}/`),
  );
  const mount = mounts.toSorted((a, b) => b.mountPath.length - a.mountPath.length)[0];
  const volume = mount && pod.spec?.volumes?.find((v) => v.name === mount.name);
  if (!mount || !volume) return undefined;
  const { namespace } = pod.metadata;
  const objects: readonly [kind: string, name: string | undefined][] = [
    ['PersistentVolumeClaim', volume.persistentVolumeClaim?.claimName],
    ['ConfigMap', volume.configMap?.name],
    ['Secret', volume.secret?.secretName],
  ];
  const [kind, name] = objects.find(([, n]) => n !== undefined) ?? [];
  const source = kind !== undefined && name !== undefined ? ref(kind, namespace, name) : undefined;
  const type = Object.keys(volume).find((key) => key !== 'name') ?? 'volume';
  return {
    name: mount.name,
    mountPath: mount.mountPath,
    isReadOnly:
      mount.readOnly === true || ['ConfigMap', 'Secret'].includes(kind ?? '') || volume.projected !== undefined,
    text: source
      ? `${source.kind === 'PersistentVolumeClaim' ? 'claim' : source.kind} ${source.name}`
      : `${type} volume ${mount.name}`,
    ...(source && { source }),
    evidence: field(pod, `${specPath}.volumeMounts[?(@.name=="${mount.name}")].mountPath`),
  };
}
