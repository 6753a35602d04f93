import {
  groupBy,
  isDeleting,
  isFinished,
  matchesLabels,
  refOf,
  type EndpointSlice,
  type ObjectRef,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';

type Endpoint = EndpointSlice['endpoints'][number];

/** One address in a slice, with the place where it is written. */
export interface SliceEndpoint {
  readonly slice: EndpointSlice;
  readonly index: number;
  readonly endpoint: Endpoint;
}

/** A Service with what stands behind it. */
export interface Backend {
  readonly service: Service;
  readonly ref: ObjectRef;
  /** Pods that its selector takes; neither finished nor being deleted. */
  readonly pods: readonly Pod[];
  /** True when a pod that is being deleted carries the labels too. */
  readonly hasLeavingPods: boolean;
  /** Undefined when the slices could not be read: nothing is known about endpoints then. */
  readonly slices: readonly EndpointSlice[] | undefined;
  /** Endpoints that are not on their way out. */
  readonly endpoints: readonly SliceEndpoint[];
  readonly ready: readonly SliceEndpoint[];
}

const cache = new WeakMap<ClusterView, ReadonlyMap<string, Backend>>();

const keyOf = (namespace: string | undefined, name: string | undefined): string => `${namespace ?? ''}/${name ?? ''}`;

/** Every Service that was read, by namespace/name; computed once for a view. */
export function backends(view: ClusterView): ReadonlyMap<string, Backend> {
  const known = cache.get(view);
  if (known) return known;
  const all = new Map<string, Backend>();
  for (const [namespace, services] of groupBy(view.all('Service'), (s) => s.metadata.namespace)) {
    const podsFor = podLookup(services, view.inNamespace('Pod', namespace));
    for (const service of services) all.set(keyOf(namespace, service.metadata.name), behind(view, service, podsFor));
  }
  cache.set(view, all);
  return all;
}

export function backendOf(view: ClusterView, namespace: string | undefined, name: string): Backend | undefined {
  return backends(view).get(keyOf(namespace, name));
}

function behind(view: ClusterView, service: Service, podsFor: (s: Service) => readonly Pod[]): Backend {
  const ref = refOf(service);
  const selected = podsFor(service).filter((pod) => !isFinished(pod));
  const slices = view.slices(ref);
  const endpoints = (slices ?? []).flatMap((slice) =>
    endpointsIn(slice).map((endpoint, index) => ({ slice, index, endpoint })),
  );
  const staying = endpoints.filter(({ endpoint }) => endpoint.conditions?.terminating !== true);
  return {
    service,
    ref,
    pods: selected.filter((pod) => !isDeleting(pod)),
    hasLeavingPods: selected.some(isDeleting),
    slices,
    endpoints: staying,
    // The API defines an absent value as ready.
    ready: endpoints.filter(({ endpoint }) => endpoint.conditions?.ready !== false),
  };
}

/** Pods by the label pairs that Services ask for, so that a large namespace is walked once and not once per Service. */
function podLookup(services: readonly Service[], pods: readonly Pod[]): (service: Service) => readonly Pod[] {
  const byPair = new Map<string, Pod[]>();
  for (const service of services)
    for (const [key, value] of Object.entries(service.spec?.selector ?? {})) byPair.set(`${key}=${value}`, []);
  for (const pod of pods)
    for (const [key, value] of Object.entries(pod.metadata.labels ?? {})) byPair.get(`${key}=${value}`)?.push(pod);
  return (service) => {
    const selector = service.spec?.selector;
    const lists = Object.entries(selector ?? {}).map(([key, value]) => byPair.get(`${key}=${value}`) ?? []);
    const smallest = lists.sort((a, b) => a.length - b.length)[0] ?? [];
    return smallest.filter((pod) => matchesLabels(selector, pod.metadata.labels));
  };
}

/** The API writes null for a slice without endpoints, which the client's type does not say. */
export function endpointsIn(slice: EndpointSlice): readonly Endpoint[] {
  const { endpoints } = slice as { readonly endpoints?: readonly Endpoint[] | null };
  return endpoints ?? [];
}

export function hasSelector(service: Service): boolean {
  return service.spec?.type !== 'ExternalName' && Object.keys(service.spec?.selector ?? {}).length > 0;
}

export function isHeadless(service: Service): boolean {
  return service.spec?.clusterIP === 'None';
}

/** How many different pods (or bare addresses) a list of endpoints stands for: a dual-stack pod has two. */
export function countTargets(endpoints: readonly SliceEndpoint[]): number {
  return new Set(endpoints.map(({ endpoint }) => endpoint.targetRef?.name ?? endpoint.addresses[0])).size;
}
