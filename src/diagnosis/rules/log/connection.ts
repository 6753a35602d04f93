import type { NonEmpty, Step } from '../../../domain/index.ts';
import type { SeenCause } from '../../logs/index.ts';
import { alsoSaid, logRule, readLog, title } from './common.ts';
import { dependencyOf, isLoopback, nearService, routeObjects, sourceOf, type Dependency } from './dependency.ts';

export const connectionRefused = logRule('log/connection-refused', (seen, { view }) => {
  const name = seen.workload.name;
  const target = dependencyOf(view, seen);
  if (!target)
    return {
      causeKey: 'unknown',
      title: `${name} cannot connect to a server it needs: connection refused`,
      cause:
        'Its log does not name the address; most likely the server is not listening, because the connection was refused and not dropped.',
      remediation: [readLog(seen)],
    };
  const source = sourceOf(seen, target.host);
  return {
    causeKey: target.text,
    title: refusedTitle(name, target),
    cause: [
      target.sentence,
      refusedBecause(name, target),
      source === undefined ? '' : `The address comes from ${source.text}.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    confidence: target.confidence,
    causedBy: [...target.objects, ...routeObjects(view, seen)],
    evidence: [...nameSaid(seen, target), ...target.evidence, ...(source ? [source.evidence] : [])],
    remediation: stepsFor(seen, target, target.service && nearService(view, target.service)),
  };
});

function refusedTitle(name: string, { problem, text, service, ports }: Dependency): string {
  const said = `${name} cannot connect to ${text}`;
  if (problem === 'missing') return `${said}: Service ${service?.name ?? ''} does not exist`;
  if (problem === 'no-port') return `${said}: the Service has port ${ports.join(', ')}`;
  if (problem === 'no-endpoints') return `${said}: its Service has no ready endpoint`;
  return `${said}: connection refused`;
}

function refusedBecause(name: string, { problem, host, text }: Dependency): string {
  if (problem !== undefined) return `Connections of ${name} to ${text} are refused.`;
  return isLoopback(host)
    ? ''
    : `The connection was refused, so most likely the server behind ${text} was not listening when ${name} tried.`;
}

/** The line may name the Service elsewhere than on the line that tells the cause. */
function nameSaid(seen: SeenCause, target: Dependency) {
  return seen.match.line.includes(target.host) ? [] : alsoSaid(seen, target.host);
}

function stepsFor(seen: SeenCause, target: Dependency, near: string | undefined): NonEmpty<Step> {
  const { service } = target;
  const log = readLog(seen);
  if (!service) return [log];
  const ns = service.namespace ?? '';
  const correct = {
    text: `Correct the address in ${seen.workload.kind.toLowerCase()}/${seen.workload.name}${near === undefined ? '' : ` to ${near}`}`,
  };
  switch (target.problem) {
    case 'missing':
      return [{ text: 'See which Services exist', command: `kubectl get services -n ${ns}` }, correct];
    case 'no-port':
      return [
        { text: 'See the ports of the Service', command: `kubectl get service ${service.name} -n ${ns}` },
        correct,
      ];
    default:
      return [
        {
          text: 'Look at what stands behind the Service and repair that first',
          command: `kubectl get endpointslices -n ${ns} -l kubernetes.io/service-name=${service.name}`,
        },
        log,
      ];
  }
}

export const connectionTimeout = logRule('log/connection-timeout', (seen, { view }) => {
  const name = seen.workload.name;
  const target = dependencyOf(view, seen);
  if (!target)
    return {
      causeKey: 'unknown',
      title: `${name} gets no answer from a server it needs (timeout)`,
      cause:
        'Its log does not name the address; most likely packets are dropped or the server is overloaded, because nothing refused the connection.',
      causedBy: routeObjects(view, seen),
      remediation: [readLog(seen)],
    };
  const policies = view.inNamespace('NetworkPolicy', target.service?.namespace ?? seen.namespace);
  return {
    causeKey: target.text,
    title:
      target.problem === 'no-endpoints'
        ? `${name} gets no answer from ${target.text}: its Service has no ready endpoint`
        : target.problem === 'no-port'
          ? `${name} gets no answer from ${target.text}: the Service has port ${target.ports.join(', ')}`
          : `${name} gets no answer from ${target.text} (timeout)`,
    cause: `${target.sentence} Nothing refused the connection, so most likely packets are dropped (policy, firewall, missing route) or the target is overloaded.`,
    confidence: target.confidence,
    causedBy: [
      ...target.objects,
      ...routeObjects(view, seen),
      ...policies.map((p) => ({
        kind: 'NetworkPolicy',
        namespace: p.metadata.namespace ?? '',
        name: p.metadata.name ?? '',
      })),
    ],
    evidence: [...nameSaid(seen, target), ...target.evidence],
    remediation: [
      {
        text: 'Look for policies that select the client or the target',
        command: `kubectl get networkpolicies -n ${target.service?.namespace ?? seen.namespace}`,
      },
      readLog(seen),
    ],
  };
});

export const tlsFailure = logRule('log/tls-failure', (seen, { view }) => {
  const name = seen.workload.name;
  const target = dependencyOf(view, seen);
  const detail = (seen.match.detail ?? 'handshake failed').replace(/["}\\]+$/, '');
  return {
    causeKey: `${target?.text ?? ''} ${detail.slice(0, 60)}`,
    title: title(`${name}: TLS${target ? ` to ${target.text}` : ''} fails: ${detail}`),
    cause: `${tlsMeaning(detail, target?.text ?? 'the server')} ${target?.sentence ?? ''}`.trim(),
    ...(target && { causedBy: target.objects }),
    evidence: target ? nameSaid(seen, target) : [],
    remediation: [{ text: tlsStep(detail) }, readLog(seen)],
  };
});

function tlsMeaning(detail: string, server: string): string {
  if (/expired|not yet valid/i.test(detail)) return `The certificate of ${server} is not valid at this time.`;
  if (/version number|first record|HTTP response|Unsupported or unrecognized/i.test(detail))
    return `Most likely ${server} speaks plain text on that port, because its answer is no TLS.`;
  if (/not valid for|doesn't contain any IP|altname|No subject alternative|NameMismatch|hostname/i.test(detail))
    return `The name under which ${server} is called is not among the names of its certificate.`;
  if (
    /unknown authority|self[- ]signed|PKIX|issuer|UNABLE_TO|VERIFY_FAILED|verify failed|UnknownIssuer|Unknown CA/i.test(
      detail,
    )
  )
    return `Most likely the client lacks the authority that signed the certificate of ${server}.`;
  return `The handshake with ${server} does not succeed.`;
}

function tlsStep(detail: string): string {
  if (/expired/i.test(detail)) return 'Renew the certificate of the server';
  if (/version number|first record|HTTP response|Unsupported/i.test(detail))
    return 'Correct the scheme or the port of the address';
  if (/not valid for|altname|No subject alternative|NameMismatch|hostname/i.test(detail))
    return 'Call the server by a name of its certificate, or renew it with that name';
  return 'Mount the authority that signed the certificate, or renew it by one that the client knows';
}

export const connectionLimit = logRule('log/connection-limit', (seen, { view }) => {
  const target = dependencyOf(view, seen);
  const name = seen.workload.name;
  const replicas = view.podsOf(seen.workload).length;
  return {
    causeKey: target?.text ?? seen.match.pattern.id,
    title: target
      ? `${name}: ${target.text} accepts no more connections`
      : `${name} gets no more connections: ${seen.match.text}`,
    cause: `Replicas times pool size most likely exceed the limit of the server, because it turns further connections away; ${name} has ${String(replicas)} pods.`,
    ...(target && { causedBy: target.objects }),
    remediation: [
      { text: 'Lower the pool size per pod, or put a connection pooler in front of the server' },
      readLog(seen),
    ],
  };
});
