import type { ClusterView } from '../../../cluster/index.ts';
import {
  isDeleting,
  jsonPath,
  matchesSelector,
  type Evidence,
  type LabelSelector,
  type NetworkPolicy,
  type Pod,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
export type Peer = NonNullable<NonNullable<Spec['ingress']>[number]['from']>[number];
export type PolicyPort = NonNullable<NonNullable<Spec['ingress']>[number]['ports']>[number];
export type Direction = 'Ingress' | 'Egress';

/** The rules of one direction in one shape: no peers and no ports mean all. */
export interface Allowance {
  readonly peers: readonly Peer[];
  readonly ports: readonly PolicyPort[];
}

/** An absent policyTypes means Ingress, and Egress where egress rules are written. */
export function applies(policy: NetworkPolicy, direction: Direction): boolean {
  const { policyTypes, egress } = policy.spec ?? {};
  return policyTypes && policyTypes.length > 0
    ? policyTypes.includes(direction)
    : direction === 'Ingress' || (egress?.length ?? 0) > 0;
}

export function allowances(policy: NetworkPolicy, direction: Direction): readonly Allowance[] {
  const { ingress = [], egress = [] } = policy.spec ?? {};
  return direction === 'Ingress'
    ? ingress.map((r) => ({ peers: r.from ?? [], ports: r.ports ?? [] }))
    : egress.map((r) => ({ peers: r.to ?? [], ports: r.ports ?? [] }));
}

/** An empty selector selects all pods of the namespace. */
export function selects(policy: NetworkPolicy, pod: Pod): boolean {
  return matchesSelector(policy.spec?.podSelector ?? {}, pod.metadata.labels);
}

/** Policies that isolate a pod in one direction; pods on the host network are not isolated. */
export function isolating(view: ClusterView, pod: Pod, direction: Direction): readonly NetworkPolicy[] {
  if (pod.spec?.hostNetwork === true) return [];
  return view
    .inNamespace('NetworkPolicy', pod.metadata.namespace)
    .filter((p) => !isDeleting(p) && applies(p, direction) && selects(p, pod));
}

/** The other end of a connection. */
export interface End {
  readonly pods: readonly Pod[];
  /** Addresses that are no pod's. */
  readonly ips: readonly string[];
}

/** A port as policies see it: after translation by the Service. */
export interface PodPort {
  readonly port: number;
  readonly names: readonly string[];
  readonly protocol: string;
}

/** Whether any of the policies lets the connection through; unknown where a namespace's labels were not read. */
export function isAllowed(
  view: ClusterView,
  policies: readonly NetworkPolicy[],
  direction: Direction,
  end: End,
  port: PodPort,
): boolean {
  return policies.some((policy) =>
    allowances(policy, direction).some(
      (a) =>
        (a.ports.length === 0 || a.ports.some((p) => allowsPort(p, port))) &&
        (a.peers.length === 0 || a.peers.some((peer) => matchesPeer(view, policy, peer, end))),
    ),
  );
}

/** Whether any rule admits the port to at least one peer. */
export function allowsPortToSome(policies: readonly NetworkPolicy[], port: PodPort): boolean {
  return policies.some((policy) =>
    allowances(policy, 'Egress').some((a) => a.ports.length === 0 || a.ports.some((p) => allowsPort(p, port))),
  );
}

export function allowsPort({ port, endPort, protocol = 'TCP' }: PolicyPort, wanted: PodPort): boolean {
  if (protocol !== wanted.protocol) return false;
  if (port === undefined) return true;
  if (typeof port === 'string' && !/^\d+$/.test(port)) return wanted.names.includes(port);
  const from = Number(port);
  return wanted.port >= from && wanted.port <= (endPort ?? from);
}

export function matchesPeer(view: ClusterView, policy: NetworkPolicy, peer: Peer, { pods, ips }: End): boolean {
  const { ipBlock } = peer;
  if (ipBlock)
    return [...ips, ...pods.flatMap((p) => p.status?.podIP ?? [])].some(
      (ip) => inRange(ip, ipBlock.cidr) && !(ipBlock.except ?? []).some((e) => inRange(ip, e)),
    );
  return pods.some((pod) => {
    const ns = pod.metadata.namespace;
    const namespaceFits = peer.namespaceSelector
      ? matchesNamespace(view, peer.namespaceSelector, ns)
      : ns === policy.metadata.namespace;
    return namespaceFits && (!peer.podSelector || matchesSelector(peer.podSelector, pod.metadata.labels));
  });
}

function matchesNamespace(view: ClusterView, selector: LabelSelector, name: string | undefined): boolean {
  const namespace = name === undefined ? undefined : view.get('Namespace', undefined, name);
  // The name label is set by the API server; other labels of a namespace that was not read may fit.
  if (!namespace) {
    const own = selector.matchLabels?.['kubernetes.io/metadata.name'];
    return own === undefined || own === name;
  }
  return matchesSelector(selector, { 'kubernetes.io/metadata.name': name ?? '', ...namespace.metadata.labels });
}

/** Whether an address lies in a CIDR; IPv6 ranges other than all are taken to fit, they are not computed. */
export function inRange(ip: string, cidr: string): boolean {
  const [base = '', bits = '32'] = cidr.split('/');
  if (ip.includes(':') !== base.includes(':')) return false;
  if (ip.includes(':')) return true;
  const mask = Number(bits) === 0 ? 0 : (~0 << (32 - Number(bits))) >>> 0;
  return (toNumber(ip) & mask) >>> 0 === (toNumber(base) & mask) >>> 0;
}

function toNumber(ip: string): number {
  return ip.split('.').reduce((sum, part) => ((sum << 8) | (Number(part) & 255)) >>> 0, 0);
}

/** The ports of a pod by number or name. */
export function podPort(pod: Pod, target: number | string, protocol: string): PodPort | undefined {
  const declared = (pod.spec?.containers ?? []).flatMap((c) => c.ports ?? []);
  const number = /^\d+$/.test(String(target)) ? Number(target) : declared.find((p) => p.name === target)?.containerPort;
  if (number === undefined) return undefined;
  const names = declared.filter((p) => p.containerPort === number).flatMap((p) => p.name ?? []);
  return { port: number, names, protocol };
}

/** The labels by which a policy selects, as kubectl prints them: kubectl sorts the keys of a whole selector. */
export function selection(policy: NetworkPolicy, path = '.spec.podSelector'): Evidence {
  const labels = `${path}.matchLabels`;
  return field(policy, jsonPath(policy, labels) === undefined ? path : labels);
}
