import { listed, parseTime, ref, refOf, type Evidence } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, field } from '../../evidence.ts';
import { asWritten, serviceOf, type SeenCause } from '../../logs/index.ts';
import { alsoSaid, logRule, owner, readLog, type Told } from '../log/common.ts';
import { isLoopback, nearService, routeObjects, sourceOf } from '../log/dependency.ts';
import { dnsPods } from './server.ts';

/** The name that was looked up; some programs name it only near the error. */
function hostOf({ match }: SeenCause): string | undefined {
  const host = match.groups.host ?? match.groups.name ?? match.addresses.find((a) => /[a-z]/i.test(a.host))?.host;
  return host === undefined ? undefined : asWritten(host);
}

export const nameNotFound = logRule('dns/name-not-found', (seen, { view }) => {
  const host = hostOf(seen);
  const name = seen.workload.name;
  if (host === undefined)
    return {
      causeKey: seen.match.pattern.id,
      title: `${name} looks up a name that does not exist`,
      cause: 'Its log does not name the host on that line.',
      causedBy: [...routeObjects(view, seen), ...dnsPods(view).map(refOf)],
      remediation: [readLog(seen)],
    };
  if (isLoopback(host)) return undefined;
  const source = sourceOf(seen, host);
  const told = notFound(view, seen, host);
  if (!told) return undefined;
  const from = source === undefined ? '' : ` The name comes from ${source.text}.`;
  return {
    ...told,
    causeKey: host,
    cause: `${told.cause}${from}`,
    causedBy: [...(told.causedBy ?? []), ...routeObjects(view, seen), ...dnsPods(view).map(refOf)],
    evidence: [
      ...(seen.match.line.toLowerCase().includes(host) ? [] : alsoSaid(seen, host)),
      ...(told.evidence ?? []),
      ...(source ? [source.evidence] : []),
    ],
  };
});

function notFound(view: ClusterView, seen: SeenCause, host: string): Omit<Told, 'causeKey'> | undefined {
  const name = seen.workload.name;
  const target = serviceOf(view, seen.namespace, host);
  if (!target || target.found.state === 'unknown')
    return {
      title: `${name} looks up ${host}, which does not exist`,
      cause: `DNS answers that ${host} does not exist; most likely the name is misspelt, because cluster DNS did answer.`,
      remediation: [{ text: `Correct the host in ${owner(seen)}` }, readLog(seen)],
    };
  const { ref: service, found } = target;
  const ns = service.namespace ?? '';
  if (found.state === 'present') {
    // Made after the program gave up: the next start finds it.
    const made = parseTime(found.object.metadata.creationTimestamp);
    const started = parseTime(
      seen.container.status?.lastState?.terminated?.startedAt ?? seen.container.status?.state?.terminated?.startedAt,
    );
    if (made !== undefined && started !== undefined && made > started) return undefined;
    const isHeadless = found.object.spec?.clusterIP === 'None';
    return {
      title: `${name} looks up ${host}, and cluster DNS does not find it`,
      cause: isHeadless
        ? `Service ${service.name} is headless: its name resolves only while one of its pods is ready.`
        : `Service ${service.name} exists in ${ns}; most likely the pod does not ask cluster DNS, because DNS would know that name.`,
      causedBy: [service, ...view.podsByLabels(ns, found.object.spec?.selector).map(refOf)],
      evidence: [field(found.object, isHeadless ? '.spec.clusterIP' : '.metadata.name')],
      remediation: [
        {
          text: 'See what the pod uses as DNS',
          command: `kubectl get pod ${seen.pod.metadata.name ?? ''} -n ${seen.namespace} -o jsonpath='{.spec.dnsPolicy} {.spec.hostNetwork}'`,
        },
        readLog(seen),
      ],
    };
  }
  const near = nearService(view, service);
  const elsewhere = view.all('Service').filter((s) => s.metadata.name === service.name && s.metadata.namespace !== ns);
  const places = elsewhere.map((s) => s.metadata.namespace ?? '');
  const evidence: readonly Evidence[] = [
    absence('Service', ns, service.name),
    ...elsewhere.slice(0, 1).map((s) => field(s, '.metadata.namespace')),
  ];
  return {
    title: `${name} looks up ${host}, a Service that does not exist in ${ns}`,
    cause: [
      `No Service ${service.name} is in ${ns}, so DNS has no such name.`,
      near === undefined ? '' : `The nearest name is ${near}.`,
      places.length === 0
        ? ''
        : `One of that name is in ${listed(places)}: from here it is called ${service.name}.${places[0] ?? ''}.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    confidence: 'certain',
    causedBy: [service, ref('Namespace', undefined, ns)],
    evidence: near === undefined ? evidence : [...evidence, ...nearEvidence(view, ns, near)],
    remediation: [
      { text: 'See which Services exist', command: `kubectl get services -n ${ns}` },
      near !== undefined
        ? { text: `Correct the host in ${owner(seen)} to ${near}` }
        : places[0] !== undefined
          ? { text: `Correct the host in ${owner(seen)} to ${service.name}.${places[0]}` }
          : { text: `Correct the host in ${owner(seen)}, or create Service ${service.name}` },
    ],
  };
}

function nearEvidence(view: ClusterView, namespace: string, near: string): readonly Evidence[] {
  const object = view.get('Service', namespace, near);
  return object ? [field(object, '.metadata.name')] : [];
}

export const resolutionTimeout = logRule('dns/resolution-timeout', (seen, { view }) => {
  const host = hostOf(seen);
  const looked = host === undefined ? '' : ` when it looks up ${host}`;
  return {
    causeKey: 'dns',
    title: `${seen.workload.name} gets no answer from cluster DNS`,
    cause: `The lookup${host === undefined ? '' : ` of ${host}`} ends without an answer: most likely DNS pods are down, overloaded or out of reach for this pod, because a name that does not exist is answered at once.`,
    causedBy: [...routeObjects(view, seen), ...dnsPods(view).map(refOf)],
    evidence: [],
    remediation: [
      {
        text: `See whether cluster DNS runs; if it does, look for egress policies that select the pod`,
        command: 'kubectl get pods -n kube-system -l k8s-app=kube-dns',
      },
      readLog(seen, `Read the log around the line${looked}`),
    ],
  };
});
