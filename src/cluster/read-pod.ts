import { containersOf, kinds as kindTable, type Kind, type ObjectRef, type Pod } from '../domain/index.ts';
import { controllerOf, deploymentByHash } from './owners.ts';
import type { Read } from './read.ts';
import type { ClusterView } from './view.ts';

/** What a question about one pod reads first: the pod, and the Services that may select it. */
export function firstReadsOfPod(namespace: string, name: string): readonly Read[] {
  return [
    { get: 'Pod', namespace, name },
    { list: 'Service', namespace },
  ];
}

/**
 * What the pod makes worth reading next: its events, owners, node and claims, and what its present state asks for
 * (nodes and volumes while it is unscheduled, names of configuration while it cannot be created). A few requests that
 * depend on the pod's state, not on the size of its namespace.
 */
export function nextReadsOfPod(view: ClusterView, pod: Pod): readonly Read[] {
  const namespace = pod.metadata.namespace ?? '';
  const reads: Read[] = [
    ...eventsOf(pod),
    ...ownersOf(pod),
    { get: 'PodMetrics', namespace, name: pod.metadata.name ?? '' },
  ];
  const waiting = containersOf(pod).map((c) => c.status?.state?.waiting?.reason ?? '');
  if (pod.spec?.nodeName === undefined)
    reads.push({ list: 'Node' }, { list: 'PriorityClass' }, { list: 'RuntimeClass' });
  else reads.push({ get: 'Node', name: pod.spec.nodeName });
  const claims = claimsOf(pod);
  for (const name of claims) reads.push({ get: 'PersistentVolumeClaim', namespace, name });
  if (claims.length > 0 && pod.status?.phase === 'Pending')
    reads.push({ list: 'StorageClass' }, { list: 'PersistentVolume' });
  if (waiting.some((r) => r === 'CreateContainerConfigError' || r === 'ContainerCreating' || r === 'PodInitializing'))
    reads.push({ list: 'ConfigMap', namespace }, { list: 'Secret', namespace });
  if (waiting.some((r) => /Image/.test(r)))
    reads.push({ list: 'ReplicaSet', namespace }, { list: 'Secret', namespace });
  return reads.filter((read) => isNew(view, read));
}

/** What the objects of the second round make worth reading: events of claims and owners, the owner's owner. */
export function lastReadsOfPod(view: ClusterView, pod: Pod): readonly Read[] {
  const found = [
    ...claimsOf(pod).map((name) => view.get('PersistentVolumeClaim', pod.metadata.namespace, name)),
    ...view.owners(pod).map((o) => view.resolve(o)),
  ].filter((o) => o !== undefined);
  const reads = found.flatMap((o) => [...(o.kind === 'PersistentVolumeClaim' ? eventsOf(o) : []), ...ownersOf(o)]);
  return reads.filter((read) => isNew(view, read));
}

function eventsOf(object: { metadata: { namespace?: string; uid?: string } }): Read[] {
  const { namespace, uid } = object.metadata;
  // By uid, never by name: names are reused by other kinds and by earlier objects.
  return namespace === undefined || uid === undefined
    ? []
    : [{ list: 'Event', namespace, fieldSelector: `involvedObject.uid=${uid}` }];
}

function ownersOf(object: Parameters<typeof controllerOf>[0]): Read[] {
  const owner = controllerOf(object);
  if (!owner) return [];
  const direct: ObjectRef = { kind: owner.kind, namespace: object.metadata.namespace ?? '', name: owner.name };
  const above = object.kind === 'Pod' ? deploymentByHash(object as Pod) : undefined;
  return [direct, ...(above ? [above] : [])].flatMap((o) => {
    const kind = kindTable.find((k) => k.kind === o.kind && k.namespaced)?.kind;
    return kind === undefined
      ? []
      : [{ get: kind, ...(o.namespace !== undefined && { namespace: o.namespace }), name: o.name }];
  });
}

function claimsOf(pod: Pod): readonly string[] {
  return (pod.spec?.volumes ?? []).flatMap((v) => (v.persistentVolumeClaim ? [v.persistentVolumeClaim.claimName] : []));
}

function isNew(view: ClusterView, read: Read): boolean {
  if ('list' in read) return read.fieldSelector !== undefined || !view.isComplete(read.list, read.namespace);
  return view.find(read.get, read.namespace, read.name).state === 'unknown';
}

/** The kinds that a whole namespace, or the whole cluster, is judged by. */
export function scopeReads(kinds: Iterable<Kind>, namespace: string | undefined): readonly Read[] {
  const wanted = new Set(kinds);
  // The longest list first, so that the short ones run beside it.
  const order: readonly Kind[] = ['Pod', 'Event', 'ReplicaSet'];
  return [...order.filter((k) => wanted.has(k)), ...[...wanted].filter((k) => !order.includes(k))].map((list) => ({
    list,
    ...(namespace !== undefined && { namespace }),
  }));
}
