import type { KubeObject } from './kube.ts';

/** Names one object. `kind` is a plain string, since owners and event subjects may be of any kind. */
export interface ObjectRef {
  readonly kind: string;
  /** Absent for cluster-scoped objects. */
  readonly namespace?: string;
  readonly name: string;
  readonly uid?: string;
}

export interface ContainerRef {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** The reference of an object that was read. */
export function refOf(object: KubeObject): ObjectRef {
  const { namespace, name, uid } = object.metadata;
  return {
    kind: object.kind,
    ...(namespace !== undefined && { namespace }),
    name: name ?? '',
    ...(uid !== undefined && { uid }),
  };
}

export function ref(kind: string, namespace: string | undefined, name: string): ObjectRef {
  return { kind, ...(namespace !== undefined && { namespace }), name };
}

/** Identity without uid: `Pod/shop/web-1`, `Node//node-1`. */
export function refKey(r: ObjectRef): string {
  return `${r.kind}/${r.namespace ?? ''}/${r.name}`;
}

/** For people: `pod/web-1`, with `shop/` in front where a namespace is asked for. */
export function refText(r: ObjectRef, withNamespace = false): string {
  const name = `${r.kind.toLowerCase()}/${r.name}`;
  return withNamespace && r.namespace !== undefined ? `${r.namespace}/${name}` : name;
}
