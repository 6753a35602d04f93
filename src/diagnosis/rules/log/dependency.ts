import type { ClusterView } from '../../../cluster/index.ts';
import {
  nearest,
  ref,
  refOf,
  type Confidence,
  type EndpointSlice,
  type Evidence,
  type ObjectRef,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import { absence, field, getCommand, shown } from '../../evidence.ts';
import { serviceOf, type LogAddress, type SeenCause } from '../../logs/index.ts';

/** What a program tried to reach, joined to the Service behind the name. */
export interface Dependency {
  readonly host: string;
  readonly port?: number;
  /** `db:5432`, the Service's name where the line holds its address. */
  readonly text: string;
  /** What is wrong with the target, as far as its objects show. */
  readonly problem?: 'missing' | 'no-port' | 'no-endpoints';
  readonly sentence: string;
  readonly service?: ObjectRef;
  readonly ports: readonly number[];
  readonly evidence: readonly Evidence[];
  /** The Service, and the pods that should stand behind it. */
  readonly objects: readonly ObjectRef[];
  readonly confidence: Confidence;
}

/** The dependency of a log line; undefined when no line near it names one. */
export function dependencyOf(view: ClusterView, seen: SeenCause): Dependency | undefined {
  const { addresses } = seen.match;
  const known = addresses.find((a) => serviceOf(view, seen.namespace, a.host)?.found.state === 'present');
  const meant = addresses.find((a) => serviceOf(view, seen.namespace, a.host) !== undefined);
  const named = addresses.find((a) => !/^[\d.]+$/.test(a.host));
  const address = known ?? meant ?? named ?? addresses[0];
  if (!address) return undefined;
  // A name without its port, and the port on the address that it resolved to.
  const port = address.port ?? addresses.find((a) => a.port !== undefined)?.port;
  return describe(view, seen, { host: address.host, ...(port !== undefined && { port }) });
}

function describe(view: ClusterView, seen: SeenCause, { host, port }: LogAddress): Dependency {
  const target = serviceOf(view, seen.namespace, host);
  const base = { host, ...(port !== undefined && { port }), ports: [], evidence: [] };
  const written = at(host, port);
  if (!target) {
    const direct = podAt(view, host);
    const sentence = isLoopback(host)
      ? `${written} is the pod itself: no process in it listens there.`
      : direct
        ? `${host} is pod ${direct.metadata.name ?? ''}.`
        : `${written} is outside of the cluster's Services.`;
    return { ...base, text: written, sentence, objects: direct ? [refOf(direct)] : [], confidence: 'likely' };
  }
  const { ref: service, found } = target;
  if (found.state === 'unknown')
    return {
      ...base,
      text: written,
      service,
      sentence: `Service ${service.name} was not read.`,
      objects: [service],
      confidence: 'likely',
    };
  if (found.state === 'absent') {
    const near = nearService(view, service);
    const sentence = `Service ${service.name} does not exist in ${service.namespace ?? ''}.${near === undefined ? '' : ` The nearest name is ${near}.`}`;
    const evidence = [absence('Service', service.namespace, service.name)];
    return {
      ...base,
      text: written,
      service,
      problem: 'missing',
      sentence,
      evidence,
      objects: [service],
      confidence: 'certain',
    };
  }
  return ofService(view, seen, found.object, { host, ...(port !== undefined && { port }) });
}

/** The ports of a Service as kubectl prints them. */
export function portsOf(service: Service): Evidence {
  const value = (service.spec?.ports ?? []).map((p) => p.port).join(' ');
  return shown(
    refOf(service),
    'spec.ports[*].port',
    value,
    `${getCommand(refOf(service))} -o jsonpath='{.spec.ports[*].port}'`,
  );
}

function ofService(view: ClusterView, seen: SeenCause, object: Service, { host, port }: LogAddress): Dependency {
  const service = refOf(object);
  const ports = (object.spec?.ports ?? []).map((p) => p.port);
  const pods = view.podsByLabels(service.namespace, object.spec?.selector).map(refOf);
  const name = service.namespace === seen.namespace ? service.name : `${service.name}.${service.namespace ?? ''}`;
  const isAddress = /^[\d.]+$|:/.test(host);
  const base = {
    host,
    ...(port !== undefined && { port }),
    text: at(isAddress ? name : host, port),
    service,
    ports,
    objects: [service, ...pods],
    evidence: isAddress ? [field(object, '.spec.clusterIP')] : [],
  };
  const isHeadless = object.spec?.clusterIP === 'None';
  if (port !== undefined && !isHeadless && ports.length > 0 && !ports.includes(port)) {
    const sentence = `Service ${name} has no port ${port}; it has ${ports.join(', ')}.`;
    const evidence = [...base.evidence, portsOf(object)];
    return { ...base, problem: 'no-port', sentence, evidence, confidence: 'certain' };
  }
  const slices = view.slices(service);
  if (object.spec?.type === 'ExternalName' || !slices)
    return {
      ...base,
      sentence: `It is Service ${name}; whether it has ready endpoints is not known.`,
      confidence: 'likely',
    };
  if (readyEndpoints(slices) === 0) {
    const sentence = `Service ${name} has no ready endpoint.`;
    const evidence = [...base.evidence, readiness(service, slices)];
    return { ...base, problem: 'no-endpoints', sentence, evidence, confidence: 'certain' };
  }
  return { ...base, sentence: `Service ${name} has ready endpoints now.`, confidence: 'likely' };
}

function readyEndpoints(slices: readonly EndpointSlice[]): number {
  return endpointsOf(slices).filter((e) => e.conditions?.ready !== false).length;
}

/** The API writes null for a slice without endpoints, whatever its schema says. */
function endpointsOf(slices: readonly EndpointSlice[]): EndpointSlice['endpoints'] {
  return slices.flatMap((s) => (s.endpoints as EndpointSlice['endpoints'] | null) ?? []);
}

/** Addresses and readiness of the endpoints as kubectl prints them; nothing where there are none. */
function readiness(service: ObjectRef, slices: readonly EndpointSlice[]): Evidence {
  const value = endpointsOf(slices)
    .map((e) => String(e.conditions?.ready ?? ''))
    .join(' ');
  const command = `kubectl get endpointslices -n ${service.namespace ?? ''} -l kubernetes.io/service-name=${service.name} -o jsonpath='{.items[*].endpoints[*].conditions.ready}'`;
  return shown(service, 'readiness of the endpoints', value, command);
}

/** The Service whose name is nearest, in the same namespace. */
export function nearService(view: ClusterView, service: ObjectRef): string | undefined {
  return nearest(
    service.name,
    view.inNamespace('Service', service.namespace).map((s) => s.metadata.name ?? ''),
  );
}

/** `db:5432`, `[::1]:80`, `db`. */
export function at(host: string, port: number | undefined): string {
  const name = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? host : `${name}:${port}`;
}

export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

function podAt(view: ClusterView, ip: string): Pod | undefined {
  return /^[\d.]+$|:/.test(ip)
    ? view.all('Pod').find((p) => p.status?.podIP === ip && p.spec?.hostNetwork !== true)
    : undefined;
}

/** Where the template holds the host: the name of a variable or the place in the arguments, never a value. */
export function sourceOf(
  { pod, container }: SeenCause,
  host: string,
): { text: string; evidence: Evidence } | undefined {
  const env = container.spec.env?.find((e) => e.value?.includes(host) === true);
  if (env)
    return {
      text: `variable ${env.name}`,
      evidence: field(pod, `${container.specPath}.env[?(@.name=="${env.name}")].name`),
    };
  for (const list of ['args', 'command'] as const) {
    const index = container.spec[list]?.findIndex((arg) => arg.includes(host)) ?? -1;
    if (index >= 0)
      return {
        text: `${list} of container ${container.name}`,
        evidence: field(pod, `${container.specPath}.${list}[${index}]`),
      };
  }
  return undefined;
}

/** Objects on which the reason for a lookup or a connection without an answer would be found. */
export function routeObjects(view: ClusterView, { pod, namespace }: SeenCause): readonly ObjectRef[] {
  const policies = view.inNamespace('NetworkPolicy', namespace).map(refOf);
  return [
    refOf(pod),
    ...policies,
    ref('Service', 'kube-system', 'kube-dns'),
    ref('Deployment', 'kube-system', 'coredns'),
    ref('DaemonSet', 'kube-system', 'kube-proxy'),
  ];
}
