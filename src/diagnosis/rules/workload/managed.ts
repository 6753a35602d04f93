import { refOf, type Action, type KubeObject, type Step } from '../../../domain/index.ts';

interface Manager {
  readonly name: string;
  /** True when it puts its own version back, so that a change in the cluster does not last. */
  readonly reverts: boolean;
}

/** Who writes this object from elsewhere; undefined when nobody says so. */
export function managerOf(object: KubeObject): Manager | undefined {
  const { annotations = {}, labels = {}, ownerReferences = [] } = object.metadata;
  const argo = labels['argocd.argoproj.io/instance'] ?? annotations['argocd.argoproj.io/tracking-id']?.split(':')[0];
  if (argo !== undefined) return { name: `Argo CD application ${argo}`, reverts: true };
  const flux = labels['kustomize.toolkit.fluxcd.io/name'] ?? labels['helm.toolkit.fluxcd.io/name'];
  if (flux !== undefined) return { name: `Flux object ${flux}`, reverts: true };
  const owner = ownerReferences.find((o) => o.controller === true);
  if (owner) return { name: `${owner.kind} ${owner.name}`, reverts: true };
  const release = annotations['meta.helm.sh/release-name'];
  return release === undefined ? undefined : { name: `Helm release ${release}`, reverts: false };
}

/** A step that says where a change belongs when somebody else writes the object. */
export function sourceSteps(object: KubeObject): readonly Step[] {
  const manager = managerOf(object);
  if (!manager) return [];
  const { kind, name } = refOf(object);
  const text = manager.reverts
    ? `${kind} ${name} is written by ${manager.name}: correct it there, a change in the cluster does not last`
    : `${kind} ${name} belongs to ${manager.name}: change the release too, or the next upgrade brings the fault back`;
  return [{ text }];
}

/** The fix, unless somebody else would undo it. */
export function lastingFix(object: KubeObject, fix: Action): { fix?: Action } {
  return managerOf(object)?.reverts === true ? {} : { fix };
}
