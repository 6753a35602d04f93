import { ref, type KubeObject, type ObjectRef, type OwnerReference, type Pod } from '../domain/index.ts';

/** The controlling owner; the first owner where none is marked as controller. */
export function controllerOf(object: KubeObject): OwnerReference | undefined {
  const owners = object.metadata.ownerReferences ?? [];
  return owners.find((o) => o.controller === true) ?? owners[0];
}

/**
 * The Deployment of a pod whose ReplicaSet was not read: a ReplicaSet is named after its Deployment and the hash that
 * its pods carry as a label. Undefined where the names do not fit.
 */
export function deploymentByHash(pod: Pod): ObjectRef | undefined {
  const owner = controllerOf(pod);
  const hash = pod.metadata.labels?.['pod-template-hash'];
  if (owner?.kind !== 'ReplicaSet' || hash === undefined || !owner.name.endsWith(`-${hash}`)) return undefined;
  return ref('Deployment', pod.metadata.namespace, owner.name.slice(0, -hash.length - 1));
}
