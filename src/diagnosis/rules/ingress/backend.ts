import {
  ageOf,
  groupBy,
  listed,
  nearest,
  oneLine,
  ref,
  refOf,
  type Action,
  type Ingress,
  type Service,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { absence, endpoints, field, inNamespace } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { backendOf, type Backend } from '../service/backends.ts';
import { staysWithoutPods } from '../service/selector.ts';
import { isStarting } from '../service/starting.ts';
import { makersOf } from '../service/workloads.ts';
import { serviceBackends, type ServiceBackend } from './paths.ts';

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** Paths of one Ingress that lead to the same Service (and port), with the first of them. */
function* routes(
  view: ClusterView,
  keyOf: (b: ServiceBackend) => string,
): Generator<readonly [ServiceBackend, readonly ServiceBackend[]]> {
  for (const ingress of view.all('Ingress'))
    for (const group of groupBy(serviceBackends(ingress), keyOf).values()) if (group[0]) yield [group[0], group];
}

function portOf(service: Service, { port }: ServiceBackend): ServicePort | undefined {
  return service.spec?.ports?.find((p) => (port.name === undefined ? p.port === port.number : p.name === port.name));
}

const portText = ({ port }: ServiceBackend): string => port.name ?? `${port.number ?? ''}`;

/** The host and path of a backend, as fields; the default backend has neither. */
function placeEvidence({ ingress, at, host }: ServiceBackend): readonly ReturnType<typeof field>[] {
  const path = at.replace(/\.backend\.service$/, '');
  if (path === at) return [];
  const rule = path.replace(/\.http\.paths\[\d+\]$/, '');
  return [...(host === '*' ? [] : [field(ingress, `${rule}.host`)]), field(ingress, `${path}.path`)];
}

export const backendServiceMissing: Rule = {
  id: 'ingress/backend-service-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Ingress', 'Service'],
  *check({ view, now }) {
    for (const [first, all] of routes(view, (b) => b.service)) {
      const { ingress, service } = first;
      const { namespace } = ingress.metadata;
      if (view.find('Service', namespace, service).state !== 'absent') continue;
      if (ageOf(ingress, now) < grace.newObject) continue;
      yield missingDraft(view, first, all);
    }
  },
};

function missingDraft(view: ClusterView, first: ServiceBackend, all: readonly ServiceBackend[]): Draft {
  const { ingress, service, url, at } = first;
  const { namespace, name = '' } = ingress.metadata;
  const names = view.inNamespace('Service', namespace).map((s) => s.metadata.name ?? '');
  const near = nearest(service, names);
  const nearService = near === undefined ? undefined : view.get('Service', namespace, near);
  const elsewhere = view.all('Service').filter((s) => s.metadata.name === service);
  const servesPort = nearService !== undefined && all.every((b) => portOf(nearService, b) !== undefined);
  return {
    subject: refOf(ingress),
    causeKey: service,
    title: oneLine(`Ingress ${name}: ${url} points to Service ${service}, which does not exist`, 90),
    cause: [
      `There is no Service ${service} in ${namespace ?? ''}, so requests to ${listed(all.map((b) => b.url))} fail.`,
      near === undefined ? '' : `The nearest name is ${near}.`,
      elsewhere.length === 0
        ? ''
        : `One of that name is in ${listed(elsewhere.map((s) => s.metadata.namespace ?? ''))}, but an Ingress cannot cross namespaces.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    causedBy: [ref('Service', namespace, service)],
    evidence: [
      field(ingress, `${at}.name`),
      absence('Service', namespace, service),
      ...placeEvidence(first),
      ...(nearService ? [field(nearService, '.metadata.name')] : []),
      ...elsewhere.slice(0, 3).map((s) => field(s, '.metadata.namespace')),
    ],
    remediation: [
      { text: 'See which Services exist', command: `kubectl get services${inNamespace(namespace)}` },
      near === undefined
        ? { text: `Correct the name, or create Service ${service}` }
        : { text: `Correct the name to ${near}`, command: `kubectl edit ingress ${name}${inNamespace(namespace)}` },
    ],
    ...(near !== undefined &&
      servesPort &&
      all.length === 1 && {
        fix: { verb: 'set-ingress', target: refOf(ingress), path: `${at}.name`, value: near } as const,
      }),
  };
}

export const backendPortMissing: Rule = {
  id: 'ingress/backend-port-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Ingress', 'Service'],
  *check({ view }) {
    for (const [first, all] of routes(view, (b) => `${b.service}:${portText(b)}`)) {
      const { ingress } = first;
      const service = view.get('Service', ingress.metadata.namespace, first.service);
      // A Service that is only a DNS alias has no ports of its own.
      if (!service || service.spec?.type === 'ExternalName' || portOf(service, first)) continue;
      yield portDraft(ingress, service, first, all);
    }
  },
};

function portDraft(ingress: Ingress, service: Service, first: ServiceBackend, all: readonly ServiceBackend[]): Draft {
  const { namespace, name = '' } = ingress.metadata;
  const ports = service.spec?.ports ?? [];
  const wanted = portText(first);
  const written = first.port.name === undefined ? 'number' : 'name';
  const isTarget = ports.some((p) => `${p.targetPort ?? ''}` === wanted);
  const have = listed(ports.map((p) => (p.name === undefined ? `${p.port}` : `${p.name} (${p.port})`)));
  const [only] = ports.length === 1 ? ports : ports.filter((p) => `${p.targetPort ?? ''}` === wanted);
  const value = written === 'number' ? only?.port : only?.name;
  const fix: Action | undefined =
    value === undefined || all.length > 1
      ? undefined
      : { verb: 'set-ingress', target: refOf(ingress), path: `${first.at}.port.${written}`, value };
  return {
    subject: refOf(ingress),
    causeKey: `${first.service}:${wanted}`,
    title: oneLine(`Ingress ${name}: Service ${first.service} has no port ${wanted}`, 90),
    cause: `${first.url} leads to port ${wanted} of Service ${first.service}, ${
      ports.length === 0 ? 'which has none' : `which has ${ports.length === 1 ? 'only ' : ''}${have}`
    }; requests to it fail.${
      isTarget ? ` ${wanted} is a target port of the Service, and an Ingress names the Service's own ports.` : ''
    }`,
    causedBy: [refOf(service)],
    evidence: [
      field(ingress, `${first.at}.port.${written}`),
      field(ingress, `${first.at}.name`),
      ...ports
        .slice(0, 3)
        .flatMap((p, i) => [
          field(service, `.spec.ports[${i}].port`),
          ...(p.name === undefined ? [] : [field(service, `.spec.ports[${i}].name`)]),
          ...(isTarget ? [field(service, `.spec.ports[${i}].targetPort`)] : []),
        ]),
      ...placeEvidence(first),
    ],
    remediation: [
      {
        text: `Use ${value === undefined ? have : `port ${value}`} of the Service`,
        command: `kubectl edit ingress ${name}${inNamespace(namespace)}`,
      },
    ],
    ...(fix && { fix }),
  };
}

export const backendUnavailable: Rule = {
  id: 'ingress/backend-unavailable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Ingress', 'Service', 'EndpointSlice', 'Pod'],
  *check(context) {
    const { view } = context;
    for (const [first, all] of routes(view, (b) => `${b.service}:${portText(b)}`)) {
      const { ingress } = first;
      const backend = backendOf(view, ingress.metadata.namespace, first.service);
      const port = backend && portOf(backend.service, first);
      if (!backend?.slices || !port || backend.service.spec?.type === 'ExternalName') continue;
      if (isServed(backend, port) || isComing(context, backend)) continue;
      yield unavailableDraft(view, first, all, backend);
    }
  },
};

/** A ready endpoint in a slice that has the port: a target port that cannot be resolved is left out of it. */
function isServed({ ready }: Backend, { name = '' }: ServicePort): boolean {
  return ready.some(({ slice }) => (slice.ports ?? []).some((p) => (p.name ?? '') === name));
}

/** Pods that start, or an activator that starts them on the first request. */
function isComing(context: RuleContext, { service, pods, hasLeavingPods, ready }: Backend): boolean {
  if (ready.length > 0) return false;
  if (pods.length > 0) return pods.every((pod) => isStarting(pod, context));
  if (hasLeavingPods || ageOf(service, context.now) < grace.newObject) return true;
  const idle = makersOf(context.view, service);
  return idle.length > 0 && !idle.every((w) => staysWithoutPods(w.object, context.now));
}

function unavailableDraft(
  view: ClusterView,
  first: ServiceBackend,
  all: readonly ServiceBackend[],
  backend: Backend,
): Draft {
  const { ingress, service: name } = first;
  const { pods, ref: self, slices, ready } = backend;
  const workloads = makersOf(view, backend.service).map((w) => w.ref);
  const [notReady] = backend.endpoints;
  const why = ready.length > 0 ? 'no pod that serves that port' : 'no ready pod';
  return {
    subject: refOf(ingress),
    causeKey: `${name}:${portText(first)}`,
    title: oneLine(`Ingress ${ingress.metadata.name ?? ''}: ${first.url} answers 503, Service ${name} has ${why}`, 90),
    cause: `Service ${name} has ${why}, so the Ingress controller has nowhere to send requests for ${listed(all.map((b) => b.url))}. The cause lies behind the Service.`,
    causedBy: [self, ...pods.map(refOf), ...workloads],
    evidence: [
      field(ingress, `${first.at}.name`),
      ...placeEvidence(first),
      ...(notReady ? [field(notReady.slice, `.endpoints[${notReady.index}].conditions.ready`)] : []),
      ...(!notReady && slices?.length ? [endpoints(self, '<unset>')] : []),
    ],
    remediation: [
      {
        text: `See what stands behind Service ${name}`,
        command: `kubectl describe service ${name}${inNamespace(self.namespace)}`,
      },
    ],
  };
}
