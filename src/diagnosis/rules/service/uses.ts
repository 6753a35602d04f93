import {
  groupBy,
  podSpecPath,
  ref,
  refKey,
  refOf,
  templateOf,
  type Evidence,
  type Ingress,
  type KubeObject,
  type ObjectRef,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import { serviceBackends } from '../ingress/paths.ts';
import { webhooksOf } from '../webhook/configurations.ts';
import { backendOf } from './backends.ts';

/** One object that sends traffic to a Service, with the field that says so. */
export interface Use {
  readonly by: ObjectRef;
  readonly evidence: Evidence;
}

interface Found {
  readonly service: string;
  readonly by: KubeObject;
  readonly path: string;
}

const cache = new WeakMap<ClusterView, ReadonlyMap<string, readonly Found[]>>();

/** Who routes to a Service: Ingresses, webhooks, API registrations, the load balancer itself, addresses in templates. */
export function usesOf(view: ClusterView, service: ObjectRef): readonly Use[] {
  let all = cache.get(view);
  if (!all) {
    all = groupBy(allUses(view), (use) => use.service);
    cache.set(view, all);
  }
  return (all.get(refKey(service)) ?? []).map(({ by, path }) => ({ by: refOf(by), evidence: field(by, path) }));
}

const serviceKey = (namespace: string | undefined, name: string | undefined): string =>
  refKey(ref('Service', namespace, name ?? ''));

function* allUses(view: ClusterView): Generator<Found> {
  for (const ingress of view.all('Ingress')) yield* ingressUses(ingress);
  for (const hook of webhooksOf(view))
    if (hook.service)
      yield {
        service: serviceKey(hook.service.namespace, hook.service.name),
        by: hook.configuration,
        path: `${hook.path}.clientConfig.service.name`,
      };
  for (const api of view.all('APIService')) {
    const to = api.spec?.service;
    if (to) yield { service: serviceKey(to.namespace, to.name), by: api, path: '.spec.service.name' };
  }
  for (const service of view.all('Service'))
    if (service.spec?.type === 'LoadBalancer')
      yield { service: serviceKey(service.metadata.namespace, service.metadata.name), by: service, path: '.spec.type' };
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const)
    for (const workload of view.all(kind)) yield* addressUses(view, workload);
}

function* ingressUses(ingress: Ingress): Generator<Found> {
  for (const backend of serviceBackends(ingress))
    yield {
      service: serviceKey(ingress.metadata.namespace, backend.service),
      by: ingress,
      path: `${backend.at}.name`,
    };
}

/** `http://orders.shop.svc:80/`, `orders:8080` in environment variables and arguments of a template. */
function* addressUses(view: ClusterView, workload: KubeObject): Generator<Found> {
  const { namespace } = workload.metadata;
  const root = podSpecPath(workload.kind);
  for (const c of templateOf(workload)?.spec?.containers ?? []) {
    const at = `${root}.containers[?(@.name=="${c.name}")]`;
    const texts: [string, string][] = [
      ...(c.env ?? []).map((e, i): [string, string] => [`${at}.env[${i}].value`, e.value ?? '']),
      ...(c.args ?? []).map((arg, i): [string, string] => [`${at}.args[${i}]`, arg]),
    ];
    for (const [path, text] of texts)
      for (const host of hostsIn(text)) {
        const [name = '', ns = namespace] = host.split('.');
        if (backendOf(view, ns, name)) yield { service: serviceKey(ns, name), by: workload, path };
      }
  }
}

/** Host names in a text that are written as addresses: after `//` or `@`, before a port, or below `.svc`. */
export function hostsIn(text: string): readonly string[] {
  const found = new Set<string>();
  for (const [, host] of text.matchAll(/(?:\/\/|@)([a-z][a-z0-9.-]*)/g)) found.add(host ?? '');
  for (const [, host] of text.matchAll(/(?<![\w.-])([a-z][a-z0-9.-]*):\d{2,5}(?!\d)/g)) found.add(host ?? '');
  for (const [host] of text.matchAll(/[a-z][a-z0-9-]*\.[a-z0-9-]+\.svc\b/g)) found.add(host);
  return [...found];
}
