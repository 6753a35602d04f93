import type { ClusterView, Lookup } from '../../cluster/index.ts';
import { ref, refKey, refOf, type ObjectRef, type Service } from '../../domain/index.ts';
import { causeIn } from './seen.ts';

/** The Service that a host name or address stands for, and whether it exists. */
export interface ServiceTarget {
  readonly ref: ObjectRef;
  readonly found: Lookup<Service>;
}

const addresses = new WeakMap<ClusterView, ReadonlyMap<string, Service>>();

function byClusterIp(view: ClusterView, ip: string): Service | undefined {
  let index = addresses.get(view);
  if (!index) {
    index = new Map(
      view.all('Service').flatMap((s) => (s.spec?.clusterIPs ?? [s.spec?.clusterIP ?? '']).map((a) => [a, s] as const)),
    );
    addresses.set(view, index);
  }
  return index.get(ip);
}

/**
 * The Service behind a host as a pod of `namespace` would resolve it: `db`, `db.data`, `db.data.svc`, the full name, a
 * name of one pod of a headless Service, or a cluster address. Undefined for anything outside of the cluster.
 */
export function serviceOf(view: ClusterView, namespace: string, host: string): ServiceTarget | undefined {
  const name = asWritten(host);
  if (/^[\d.]+$|:/.test(name)) {
    const service = byClusterIp(view, name);
    return service && { ref: refOf(service), found: { state: 'present', object: service } };
  }
  const labels = name.split('.');
  const svc = labels.indexOf('svc');
  if (svc >= 2) return target(view, labels[svc - 1], labels[svc - 2]);
  const [first, second, third] = labels;
  if (labels.length === 1) return first === 'localhost' ? undefined : target(view, namespace, first);
  if (labels.length === 2) {
    if (view.get('Service', namespace, second ?? '')) return target(view, namespace, second);
    const isNamespace = view.get('Namespace', undefined, second ?? '') !== undefined;
    return isNamespace || view.get('Service', second, first ?? '') ? target(view, second, first) : undefined;
  }
  return labels.length === 3 && view.get('Service', third, second ?? '') ? target(view, third, second) : undefined;
}

/** `db.svc.cluster.local` and `db.cluster.local` are `db`, with what the resolver's search list adds to it. */
export function asWritten(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  return /^(?<label>[^.]{1,63})\.(?:svc\.)?cluster\.local$/.exec(name)?.groups?.label ?? name;
}

function target(view: ClusterView, namespace: string | undefined, name: string | undefined): ServiceTarget | undefined {
  if (namespace === undefined || name === undefined || !/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name))
    return undefined;
  return { ref: ref('Service', namespace, name), found: view.find('Service', namespace, name) };
}

/** Services that the causes in logs name, whether or not they were read: the broken pod may be behind one. */
export function logServices(view: ClusterView): readonly ObjectRef[] {
  const named = new Map<string, ObjectRef>();
  for (const slice of view.logs)
    for (const { host } of causeIn(slice)?.addresses ?? []) {
      const service = serviceOf(view, slice.ref.namespace, host)?.ref;
      if (service) named.set(refKey(service), service);
    }
  return [...named.values()];
}
