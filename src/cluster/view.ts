import {
  groupBy,
  isKind,
  matchesLabels,
  matchesSelector,
  parseTime,
  type ContainerRef,
  ref,
  refKey,
  refOf,
  type EndpointSlice,
  type Kind,
  type KindMap,
  type KubeEvent,
  type KubeObject,
  type LabelSelector,
  type ObjectRef,
  type Pod,
  type Service,
  type Unseen,
} from '../domain/index.ts';
import { controllerOf, deploymentByHash } from './owners.ts';
import type { ClusterIdentity, LogSlice } from './source.ts';

/** What reading brought, before it is indexed. */
export interface Facts {
  readonly identity: ClusterIdentity;
  /** The time at which the facts are judged; ms since the epoch. */
  readonly at: number;
  readonly objects: readonly KubeObject[];
  /** Lists that were read to their end; without a namespace: of the whole cluster. */
  readonly complete: readonly { readonly kind: Kind; readonly namespace?: string }[];
  /** Objects that were asked for by name and do not exist. */
  readonly absent: readonly ObjectRef[];
  readonly unseen: readonly Unseen[];
  readonly logs: readonly LogSlice[];
}

/** What is known about one named object. Unknown is neither healthy nor missing. */
export type Lookup<T> =
  | { readonly state: 'present'; readonly object: T }
  | { readonly state: 'absent' }
  | { readonly state: 'unknown'; readonly why: string };

/** Events older than this say nothing about now. */
export const EVENT_WINDOW_MS = 2 * 3_600_000;

/** max(lastTimestamp, series.lastObservedTime, eventTime) in ms; undefined when the event has no time at all. */
export function eventTime(event: KubeEvent): number | undefined {
  const times = [event.lastTimestamp, event.series?.lastObservedTime, event.eventTime].map(parseTime);
  const known = times.filter((t) => t !== undefined);
  return known.length > 0 ? Math.max(...known) : parseTime(event.firstTimestamp);
}

/** What was read, indexed once. Immutable; `extend` makes a larger one. */
export class ClusterView {
  readonly identity: ClusterIdentity;
  readonly at: number;
  readonly unseen: readonly Unseen[];
  private readonly kinds = new Map<Kind, KubeObject[]>();
  private readonly byName = new Map<string, KubeObject>();
  private readonly byUid = new Map<string, KubeObject>();
  private readonly completeLists: ReadonlySet<string>;
  private readonly absentKeys: ReadonlySet<string>;
  private readonly namespaced = new Map<string, readonly KubeObject[]>();
  private eventIndex: Map<string, KubeEvent[]> | undefined;
  private childIndex: Map<string, KubeObject[]> | undefined;
  private sliceIndex: Map<string, EndpointSlice[]> | undefined;
  private readonly logIndex = new Map<string, LogSlice>();

  constructor(readonly facts: Facts) {
    this.identity = facts.identity;
    this.at = facts.at;
    this.unseen = facts.unseen;
    this.completeLists = new Set(facts.complete.map((l) => `${l.kind}/${l.namespace ?? ''}`));
    this.absentKeys = new Set(facts.absent.map(refKey));
    for (const object of facts.objects) {
      if (!isKind(object.kind)) continue;
      const key = refKey(refOf(object));
      // The same object may come from a list and from a get.
      if (object.kind !== 'Event' && this.byName.has(key)) continue;
      this.byName.set(key, object);
      const { uid } = object.metadata;
      if (uid !== undefined) this.byUid.set(uid, object);
      const list = this.kinds.get(object.kind);
      if (list) list.push(object);
      else this.kinds.set(object.kind, [object]);
    }
    for (const list of this.kinds.values()) list.sort(byNamespaceAndName);
    for (const slice of facts.logs)
      this.logIndex.set(`${slice.ref.namespace}/${slice.ref.pod}/${slice.ref.container}`, slice);
  }

  /** This view and more facts. */
  extend(more: Partial<Omit<Facts, 'identity' | 'at'>>): ClusterView {
    const { facts } = this;
    return new ClusterView({
      ...facts,
      objects: [...facts.objects, ...(more.objects ?? [])],
      complete: [...facts.complete, ...(more.complete ?? [])],
      absent: [...facts.absent, ...(more.absent ?? [])],
      unseen: [...facts.unseen, ...(more.unseen ?? [])],
      logs: [...facts.logs, ...(more.logs ?? [])],
    });
  }

  /** Every object of a kind that was read, by namespace and name; also of a list that is not complete. */
  all<K extends Kind>(kind: K): readonly KindMap[K][] {
    return (this.kinds.get(kind) ?? []) as unknown as readonly KindMap[K][];
  }

  /** The objects of a kind in one namespace. */
  inNamespace<K extends Kind>(kind: K, namespace: string | undefined): readonly KindMap[K][] {
    const key = `${kind}/${namespace ?? ''}`;
    let list = this.namespaced.get(key);
    if (!list) {
      for (const [ns, objects] of groupBy(this.all(kind) as readonly KubeObject[], (o) => o.metadata.namespace ?? ''))
        this.namespaced.set(`${kind}/${ns}`, objects);
      list = this.namespaced.get(key) ?? [];
      this.namespaced.set(key, list);
    }
    return list as unknown as readonly KindMap[K][];
  }

  /** True when all objects of the kind (in that namespace) were read: only then does a missing one not exist. */
  isComplete(kind: Kind, namespace?: string): boolean {
    return (
      this.completeLists.has(`${kind}/`) || (namespace !== undefined && this.completeLists.has(`${kind}/${namespace}`))
    );
  }

  /** One object by name: present, absent (a 404, or not in a complete list) or unknown. */
  find<K extends Kind>(kind: K, namespace: string | undefined, name: string): Lookup<KindMap[K]> {
    const key = refKey(ref(kind, namespace, name));
    const object = this.byName.get(key);
    if (object) return { state: 'present', object: object as unknown as KindMap[K] };
    if (this.absentKeys.has(key) || this.isComplete(kind, namespace)) return { state: 'absent' };
    return { state: 'unknown', why: this.whyUnknown(kind, namespace) };
  }

  /** Shorthand of `find` for callers that treat absent and unknown alike. */
  get<K extends Kind>(kind: K, namespace: string | undefined, name: string): KindMap[K] | undefined {
    const found = this.find(kind, namespace, name);
    return found.state === 'present' ? found.object : undefined;
  }

  byUidOf(uid: string | undefined): KubeObject | undefined {
    return uid === undefined ? undefined : this.byUid.get(uid);
  }

  /** The object that a reference names, when it was read. */
  resolve(r: ObjectRef): KubeObject | undefined {
    return this.byName.get(refKey(r));
  }

  private whyUnknown(kind: Kind, namespace: string | undefined): string {
    const why = this.unseen.find((u) => u.kind === kind && (u.namespace === undefined || u.namespace === namespace));
    return why ? why.detail : `${kind} was not read`;
  }

  /** Owners from the direct one upwards; references where an owner was not read. */
  owners(object: KubeObject): readonly ObjectRef[] {
    const chain: ObjectRef[] = [];
    let at: KubeObject | undefined = object;
    while (at && chain.length < 8) {
      const owner = controllerOf(at);
      if (!owner) break;
      const ownerRef: ObjectRef = { ...ref(owner.kind, at.metadata.namespace, owner.name), uid: owner.uid };
      if (chain.some((c) => refKey(c) === refKey(ownerRef))) break;
      chain.push(ownerRef);
      const read: KubeObject | undefined = this.byUid.get(owner.uid) ?? this.byName.get(refKey(ownerRef));
      if (!read && at.kind === 'Pod') {
        const deployment = deploymentByHash(at as Pod);
        if (deployment) chain.push(deployment);
      }
      at = read;
    }
    return chain;
  }

  /**
   * The topmost owner, whose template a person corrects: Deployment for a ReplicaSet's pod, CronJob for a Job's. The
   * object itself when nothing owns it; a static pod (owned by its Node) is its own.
   */
  workload(object: KubeObject): ObjectRef {
    const top = this.owners(object)
      .filter((o) => o.kind !== 'Node')
      .at(-1);
    return top ?? refOf(object);
  }

  /** Objects of any kind that this one controls directly. */
  children(object: ObjectRef): readonly KubeObject[] {
    if (!this.childIndex) {
      this.childIndex = new Map();
      const owned = (['Pod', 'ReplicaSet', 'Job'] as const).flatMap((kind): readonly KubeObject[] => this.all(kind));
      this.childIndex = groupBy(owned, (child) => {
        const owner = controllerOf(child);
        return owner ? refKey(ref(owner.kind, child.metadata.namespace, owner.name)) : '';
      });
    }
    return this.childIndex.get(refKey(object)) ?? [];
  }

  /** Pods below an object, through ReplicaSets and Jobs. */
  podsOf(object: ObjectRef): readonly Pod[] {
    const pods: Pod[] = [];
    for (const child of this.children(object)) {
      if (child.kind === 'Pod') pods.push(child as Pod);
      else pods.push(...this.podsOf(refOf(child)));
    }
    return pods;
  }

  /** Pods that a Service-like map of labels selects. */
  podsByLabels(namespace: string | undefined, labels: Readonly<Record<string, string>> | undefined): readonly Pod[] {
    return this.inNamespace('Pod', namespace).filter((pod) => matchesLabels(labels, pod.metadata.labels));
  }

  /** Pods that a label selector selects. */
  podsBySelector(namespace: string | undefined, selector: LabelSelector | undefined): readonly Pod[] {
    return this.inNamespace('Pod', namespace).filter((pod) => matchesSelector(selector, pod.metadata.labels));
  }

  /** Services whose selector takes this pod. */
  servicesOf(pod: Pod): readonly Service[] {
    return this.inNamespace('Service', pod.metadata.namespace).filter((s) =>
      matchesLabels(s.spec?.selector, pod.metadata.labels),
    );
  }

  /** EndpointSlices of a Service; undefined when they could not be read. */
  slices(service: ObjectRef): readonly EndpointSlice[] | undefined {
    if (!this.isComplete('EndpointSlice', service.namespace)) return undefined;
    this.sliceIndex ??= groupBy(
      this.all('EndpointSlice'),
      (s) => `${s.metadata.namespace ?? ''}/${s.metadata.labels?.['kubernetes.io/service-name'] ?? ''}`,
    );
    return this.sliceIndex.get(`${service.namespace ?? ''}/${service.name}`) ?? [];
  }

  /** Events of exactly this object (by uid) within the window, oldest first; narrowed to reasons where given. */
  events(object: KubeObject, ...reasons: readonly string[]): readonly KubeEvent[] {
    if (!this.eventIndex) {
      const recent = this.all('Event').filter((event) => {
        const time = eventTime(event);
        return time !== undefined && this.at - time <= EVENT_WINDOW_MS;
      });
      this.eventIndex = groupBy(recent, (event) => event.involvedObject.uid ?? '');
      for (const list of this.eventIndex.values()) list.sort((a, b) => (eventTime(a) ?? 0) - (eventTime(b) ?? 0));
    }
    // Events of a node carry its name as uid.
    const uid = object.metadata.uid ?? '';
    const own = this.eventIndex.get(uid) ?? [];
    const byName = object.kind === 'Node' ? (this.eventIndex.get(object.metadata.name ?? '') ?? []) : [];
    const events = byName.length > 0 ? [...own, ...byName] : own;
    return reasons.length === 0 ? events : events.filter((e) => reasons.includes(e.reason ?? ''));
  }

  /** The log of a container that was asked for; undefined when it was not read. */
  log(pod: Pod, container: string): LogSlice | undefined {
    return this.logIndex.get(`${pod.metadata.namespace ?? ''}/${pod.metadata.name ?? ''}/${container}`);
  }

  hasLog(c: ContainerRef): boolean {
    return this.logIndex.has(`${c.namespace}/${c.pod}/${c.container}`);
  }

  /** Every log that was read, with its pod where that is still known. */
  get logs(): readonly LogSlice[] {
    return [...this.logIndex.values()];
  }
}

function byNamespaceAndName(a: KubeObject, b: KubeObject): number {
  const [x, y] = [a.metadata, b.metadata];
  return compare(x.namespace ?? '', y.namespace ?? '') || compare(x.name ?? '', y.name ?? '');
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
