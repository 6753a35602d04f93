import {
  containersOf,
  isReady,
  listed,
  nearest,
  oneLine,
  type Action,
  type ContainerView,
  type Evidence,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace, logLine } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { backends, hasSelector, isHeadless, type Backend } from './backends.ts';
import { usesOf } from './uses.ts';

type ServicePort = NonNullable<NonNullable<Service['spec']>['ports']>[number];

/** A port that a container declares, with the path of its number or name. */
interface Declared {
  readonly name: string | undefined;
  readonly number: number;
  readonly protocol: string;
  readonly path: string;
}

/** Ports of everything that keeps running; a finished init container serves nothing. */
function declaredPorts(pod: Pod): readonly Declared[] {
  return containersOf(pod)
    .filter((c) => c.role !== 'init')
    .flatMap((c) =>
      (c.spec.ports ?? []).map((port, i) => ({
        name: port.name,
        number: port.containerPort,
        protocol: port.protocol ?? 'TCP',
        path: `${c.specPath}.ports[${i}]`,
      })),
    );
}

interface PortOf {
  readonly backend: Backend;
  readonly pod: Pod;
  readonly port: ServicePort;
  /** JSON path of the Service's port. */
  readonly at: string;
  /** By the first pod; every other pod lacks the target as well. */
  readonly declared: readonly Declared[];
}

/** Ports of Services whose target no selected pod declares. A headless Service gives addresses, not ports. */
function* undeclared(
  view: ClusterView,
  isDeclared: (d: Declared, target: string | number) => boolean,
): Generator<PortOf> {
  for (const backend of backends(view).values()) {
    const { service, pods } = backend;
    const [pod] = pods;
    if (!pod || !hasSelector(service) || isHeadless(service)) continue;
    const ports = pods.map(declaredPorts);
    for (const [i, port] of (service.spec?.ports ?? []).entries()) {
      const target = port.targetPort ?? port.port;
      const protocol = port.protocol ?? 'TCP';
      const serves = (d: Declared): boolean => d.protocol === protocol && isDeclared(d, target);
      if (!ports.some((list) => list.some(serves)))
        yield { backend, pod, port, at: `.spec.ports[${i}]`, declared: ports[0] ?? [] };
    }
  }
}

export const targetPortNameMissing: Rule = {
  id: 'service/target-port-name-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Service', 'Pod'],
  *check({ view }) {
    for (const found of undeclared(view, (d, target) => d.name === target))
      if (typeof found.port.targetPort === 'string') yield nameDraft(view, found, found.port.targetPort);
  },
};

function nameDraft(view: ClusterView, { backend, pod, port, at, declared }: PortOf, wanted: string): Draft {
  const { service, ref } = backend;
  const workload = view.workload(pod).name;
  const names = declared.flatMap((d) => d.name ?? []);
  const near = nearest(wanted, names);
  const only = declared.length === 1 ? declared[0] : undefined;
  const meant = near ?? only?.name ?? only?.number;
  const said =
    declared.length === 0
      ? 'declare no port'
      : `declare ${listed(declared.map((d) => (d.name === undefined ? `${d.number}` : `${d.name} (${d.number})`)))}`;
  return {
    subject: ref,
    causeKey: wanted,
    title: oneLine(`Service ${ref.name}: target port "${wanted}" is declared by none of its pods`, 90),
    cause: `The name ${wanted} cannot be resolved to a port, so port ${port.port} of the Service leads nowhere. The pods of ${workload} ${said}.${
      near === undefined ? '' : ` The nearest name is ${near}.`
    }`,
    affects: usesOf(view, ref).map((use) => use.by),
    evidence: [field(service, `${at}.targetPort`), field(service, `${at}.port`), ...declaredEvidence(pod, declared)],
    remediation: [
      meant === undefined
        ? {
            text: `Set targetPort to a port of the pods, or name that port ${wanted} in ${workload}`,
            command: `kubectl get pod ${pod.metadata.name ?? ''}${inNamespace(ref.namespace)} -o jsonpath='{.spec.containers[*].ports}'`,
          }
        : { text: `Send to ${meant}`, command: patchTarget(service, at, meant) },
    ],
    ...(meant !== undefined && { fix: portFix(backend, at, meant) }),
  };
}

function declaredEvidence(pod: Pod, declared: readonly Declared[]): readonly Evidence[] {
  return declared
    .slice(0, 3)
    .flatMap((d) => [
      ...(d.name === undefined ? [] : [field(pod, `${d.path}.name`)]),
      field(pod, `${d.path}.containerPort`),
    ]);
}

function patchTarget(service: Service, at: string, value: string | number): string {
  const path = `${at.replace(/\[(\d+)\]/, '/$1').replaceAll('.', '/')}/targetPort`;
  const patch = JSON.stringify([{ op: 'replace', path, value }]);
  return `kubectl patch service ${service.metadata.name ?? ''}${inNamespace(service.metadata.namespace)} --type=json -p '${patch}'`;
}

function portFix({ ref }: Backend, at: string, value: string | number): Action {
  return { verb: 'set-port', target: ref, path: `${at}.targetPort`, value };
}

/** A declared port is documentation; only a refused connection or a probe that passes elsewhere makes it a fault. */
export const targetPortUndeclared: Rule = {
  id: 'service/target-port-undeclared',
  severity: 'info',
  confidence: 'hint',
  needs: ['Service', 'Pod'],
  *check({ view }) {
    const refusals = refusedLines(view);
    for (const found of undeclared(view, (d, target) => d.number === target || d.name === target)) {
      const target = found.port.targetPort ?? found.port.port;
      if (typeof target !== 'number' || found.declared.length === 0 || answersProbe(found.backend.pods, target))
        continue;
      yield numberDraft(view, found, target, refusals);
    }
  },
};

function numberDraft(view: ClusterView, found: PortOf, target: number, refusals: readonly Evidence[]): Draft {
  const { backend, pod, port, at, declared } = found;
  const { service, ref } = backend;
  const ports = listed(declared.map((d) => `${d.number}`));
  const refused = refusals.find((line) => isAbout(line.value, service, port.port));
  const probed = passingProbe(backend, declared);
  const only = declared.length === 1 ? declared[0]?.number : undefined;
  const isLikely = refused !== undefined || probed !== undefined;
  const because = refused
    ? ': a client was refused'
    : probed
      ? ', because their readiness probe passes on another port'
      : '';
  return {
    subject: ref,
    causeKey: `${target}`,
    severity: isLikely ? 'warning' : 'info',
    confidence: refused ? 'certain' : probed ? 'likely' : 'hint',
    title: oneLine(`Service ${ref.name} sends to port ${target}; its pods declare ${ports}`, 90),
    cause: `${refused ? 'Nothing' : probed ? 'Most likely nothing' : 'Possibly nothing'} listens on port ${target} of the pods of ${
      view.workload(pod).name
    }${because}; they declare ${ports}.`,
    affects: usesOf(view, ref).map((use) => use.by),
    evidence: [
      field(service, `${at}.${port.targetPort === undefined ? 'port' : 'targetPort'}`),
      ...declaredEvidence(pod, declared),
      ...(refused ? [refused] : []),
      ...(probed ? [probed] : []),
    ],
    remediation: [
      only === undefined
        ? { text: `Set targetPort to the port on which the container listens (${ports})` }
        : { text: `Send to ${only}, if the container listens there`, command: patchTarget(service, at, only) },
    ],
    ...(isLikely && only !== undefined && { fix: portFix(backend, at, only) }),
  };
}

/** Log lines of clients that were refused; read once for all Services. */
function refusedLines(view: ClusterView): readonly Evidence[] {
  return view.logs.flatMap((slice) => {
    const pod = view.get('Pod', slice.ref.namespace, slice.ref.pod);
    const lines = slice.lines.filter((line) => /connection refused|ECONNREFUSED/i.test(line));
    return pod ? lines.slice(-20).map((line) => logLine(pod, slice, line)) : [];
  });
}

function isAbout(line: string, { metadata, spec }: Service, port: number): boolean {
  const hosts = [metadata.name ?? '', `${metadata.name ?? ''}.${metadata.namespace ?? ''}`, spec?.clusterIP ?? ''];
  return hosts.some((host) => {
    const at = host === '' ? -1 : line.indexOf(host);
    return at >= 0 && !/[\w-]/.test(line.charAt(at - 1)) && /^[\w.-]+:(\d+)/.exec(line.slice(at))?.[1] === `${port}`;
  });
}

function probePort(c: ContainerView): number | undefined {
  const { httpGet, tcpSocket, grpc } = c.spec.readinessProbe ?? {};
  const port = httpGet?.port ?? tcpSocket?.port ?? grpc?.port;
  return typeof port === 'string' ? c.spec.ports?.find((p) => p.name === port)?.containerPort : port;
}

function answersProbe(pods: readonly Pod[], target: number): boolean {
  return pods.some((pod) => isReady(pod) && containersOf(pod).some((c) => probePort(c) === target));
}

/** The probe of a ready pod that passes on a declared port, when no port of the Service leads to a declared one. */
function passingProbe({ service, pods }: Backend, declared: readonly Declared[]): Evidence | undefined {
  const targets = (service.spec?.ports ?? []).map((p) => p.targetPort ?? p.port);
  if (declared.some((d) => targets.includes(d.number) || (d.name !== undefined && targets.includes(d.name))))
    return undefined;
  for (const pod of pods.filter(isReady))
    for (const c of containersOf(pod)) {
      const port = probePort(c);
      if (port === undefined || !declared.some((d) => d.number === port)) continue;
      const probe = c.spec.readinessProbe;
      const how = probe?.httpGet ? 'httpGet' : probe?.tcpSocket ? 'tcpSocket' : 'grpc';
      return field(pod, `${c.specPath}.readinessProbe.${how}.port`);
    }
  return undefined;
}
