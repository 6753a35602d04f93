import type { ClusterView } from '../../../cluster/index.ts';
import {
  groupBy,
  isReady,
  listed,
  refKey,
  refOf,
  selectorText,
  type Evidence,
  type NetworkPolicy,
  type ObjectRef,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import { causeIn, failingLogs, quoted, serviceOf, type FailingLog, type LogMatch } from '../../logs/index.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { dnsPods } from '../dns/server.ts';
import { title } from '../log/common.ts';
import { portsOf } from '../log/dependency.ts';
import { allowsPortToSome, isAllowed, isolating, podPort, selection, type End, type PodPort } from './policies.ts';

/** Addresses at which DNS answers besides its pods: the Service's, and the node-local cache. */
function dnsEnd(view: ClusterView): End {
  const ip = view.get('Service', 'kube-system', 'kube-dns')?.spec?.clusterIP;
  return { pods: dnsPods(view), ips: ['169.254.20.10', ...(ip === undefined ? [] : [ip])] };
}

/** What labels say about a pod in policies; pods with equal ones are judged once. */
function shapeOf(pod: Pod): string {
  return `${pod.metadata.namespace ?? ''}|${JSON.stringify(pod.metadata.labels ?? {})}`;
}

export const policyBlocksDns: Rule = {
  id: 'network/policy-blocks-dns',
  severity: 'critical',
  confidence: 'likely',
  needs: ['NetworkPolicy', 'Pod', 'Namespace'],
  *check({ view }): Generator<Draft> {
    if (view.all('NetworkPolicy').length === 0) return;
    const end = dnsEnd(view);
    const judged = new Map<string, readonly NetworkPolicy[]>();
    const cut: { pod: Pod; policies: readonly NetworkPolicy[] }[] = [];
    for (const pod of livePods(view)) {
      if (pod.spec?.dnsPolicy === 'None' || pod.spec?.dnsPolicy === 'Default') continue;
      const shape = shapeOf(pod);
      let policies = judged.get(shape);
      if (!policies) judged.set(shape, (policies = blocksDns(view, pod, end)));
      if (policies.length > 0) cut.push({ pod, policies });
    }
    const suffering = sufferers(view);
    for (const entries of groupBy(cut, (c) => c.policies.map((p) => refKey(refOf(p))).join('|')).values()) {
      const [first] = entries;
      const [policy] = first?.policies ?? [];
      if (!first || !policy) continue;
      yield cutOff(
        view,
        policy,
        first.policies,
        entries.map((e) => e.pod),
        suffering,
      );
    }
  },
};

function blocksDns(view: ClusterView, pod: Pod, end: End): readonly NetworkPolicy[] {
  const policies = isolating(view, pod, 'Egress');
  const open = (['UDP', 'TCP'] as const).some((protocol) =>
    end.pods.length > 0
      ? isAllowed(view, policies, 'Egress', end, { port: 53, names: ['dns', 'dns-tcp'], protocol })
      : // DNS that was not read, or that runs elsewhere, may be any peer.
        allowsPortToSome(policies, { port: 53, names: [], protocol }),
  );
  return open ? [] : policies;
}

/** Pods whose log shows that lookups or connections fail. */
function sufferers(view: ClusterView): ReadonlySet<string> {
  const found = new Set<string>();
  for (const log of failingLogs(view)) {
    const rule = causeIn(log.slice)?.rule ?? '';
    if (rule.startsWith('dns/') || rule === 'log/connection-timeout') found.add(refKey(log.workload));
  }
  return found;
}

function cutOff(
  view: ClusterView,
  policy: NetworkPolicy,
  policies: readonly NetworkPolicy[],
  pods: readonly Pod[],
  suffering: ReadonlySet<string>,
): Draft {
  const workloads = [...new Map(pods.map((p) => [refKey(view.workload(p)), view.workload(p)])).values()];
  const named = workloads.toSorted((a, b) => Number(suffering.has(refKey(b))) - Number(suffering.has(refKey(a))));
  const shows = named.some((w) => suffering.has(refKey(w)));
  // Pods that are well without names are most likely isolated on purpose.
  const severity = shows ? 'critical' : pods.every(isReady) ? 'info' : 'warning';
  const names = listed(policies.map((p) => p.metadata.name ?? ''));
  const who = named.length === 1 ? (named[0]?.name ?? '') : `${named.length} workloads`;
  const [pod] = pods;
  return {
    subject: refOf(policy),
    causeKey: 'dns',
    severity,
    title: title(`Egress policy ${policy.metadata.name ?? ''} cuts ${who} off from cluster DNS`),
    cause: `${policies.length === 1 ? `NetworkPolicy ${names} selects` : `NetworkPolicies ${names} select`} the pods of ${listed(named.map((w) => w.name))} for Egress, and none allows port 53 to the DNS pods in kube-system: where the network enforces policies, every lookup fails.`,
    ...(policy.metadata.creationTimestamp !== undefined && { since: policy.metadata.creationTimestamp }),
    affects: [...named, ...pods.slice(0, 50).map(refOf)],
    evidence: [
      selection(policy),
      field(policy, '.spec.policyTypes'),
      ...policies.slice(1, 3).map((p) => selection(p)),
      ...(pod ? [labelsOf(pod)] : []),
    ],
    remediation: [
      {
        text: 'Allow UDP and TCP 53 to namespace kube-system, pods k8s-app=kube-dns, in an egress rule',
        command: `kubectl describe networkpolicy ${policy.metadata.name ?? ''} -n ${policy.metadata.namespace ?? ''}`,
      },
    ],
  };
}

/** Labels that people write: those of controllers differ from pod to pod. */
function ownLabels(pod: Pod): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(pod.metadata.labels ?? {}).filter(
      ([key]) => !/pod-template-hash|controller-revision-hash|pod-name|pod-index|controller-uid|job-name/.test(key),
    ),
  );
}

function labelsOf(pod: Pod): Evidence {
  return field(pod, '.metadata.labels');
}

/** A connection that a log line shows to get no answer. */
interface Attempt {
  readonly log: FailingLog;
  readonly match: LogMatch;
  readonly host: string;
  readonly servicePort: number;
  readonly service?: Service;
  readonly targets: readonly Pod[];
  readonly port: PodPort;
}

function* attempts(view: ClusterView): Generator<Attempt> {
  for (const log of failingLogs(view)) {
    const match = causeIn(log.slice);
    if (match?.rule !== 'log/connection-timeout') continue;
    const { addresses } = match;
    const address =
      addresses.find((a) => serviceOf(view, log.namespace, a.host)?.found.state === 'present') ?? addresses[0];
    const number = address?.port ?? addresses.find((a) => a.port !== undefined)?.port;
    if (!address || number === undefined) continue;
    const base = { log, match, host: address.host, servicePort: number };
    const target = serviceOf(view, log.namespace, address.host);
    if (target?.found.state !== 'present') {
      if (/^[\d.]+$/.test(address.host))
        yield { ...base, targets: [], port: { port: number, names: [], protocol: 'TCP' } };
      continue;
    }
    const service = target.found.object;
    const targets = view.podsByLabels(service.metadata.namespace, service.spec?.selector);
    const [pod] = targets;
    const entry = service.spec?.ports?.find((p) => p.port === number);
    const wanted = entry?.targetPort ?? number;
    const port = pod && podPort(pod, wanted, entry?.protocol ?? 'TCP');
    if (port) yield { ...base, service, targets, port };
  }
}

export const policyBlocksClient: Rule = {
  id: 'network/policy-blocks-client',
  severity: 'critical',
  confidence: 'likely',
  needs: ['NetworkPolicy', 'Pod', 'Namespace', 'Service', 'Log'],
  *check({ view }): Generator<Draft> {
    if (view.all('NetworkPolicy').length === 0) return;
    for (const { log, match, service, servicePort, targets, port } of attempts(view)) {
      const [target] = targets;
      const policies = target ? isolating(view, target, 'Ingress') : [];
      const [policy] = policies;
      if (!target || !policy || !service || isAllowed(view, policies, 'Ingress', { pods: [log.pod], ips: [] }, port))
        continue;
      const name = service.metadata.name ?? '';
      yield {
        subject: refOf(policy),
        causeKey: `${refKey(log.workload)} ${name}:${servicePort}`,
        title: title(
          `NetworkPolicy ${policy.metadata.name ?? ''} does not let ${log.workload.name} reach ${name}:${servicePort}`,
        ),
        cause: `${listed(policies.map((p) => p.metadata.name ?? ''))} isolates the pods of ${name} and no rule admits ${log.workload.name} (${selectorText(ownLabels(log.pod))}) on pod port ${port.port}, so its packets are dropped: it sees timeouts, not refusals.`,
        ...(policy.metadata.creationTimestamp !== undefined && { since: policy.metadata.creationTimestamp }),
        affects: [log.workload, refOf(log.pod)],
        evidence: [
          selection(policy),
          labelsOf(log.pod),
          quoted(log, match.line, match.groups.host ?? ''),
          portsOf(service),
        ],
        remediation: [
          {
            text: 'Add the client to an ingress rule, or give it the label that the rule expects',
            command: `kubectl describe networkpolicy ${policy.metadata.name ?? ''} -n ${policy.metadata.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

export const policyBlocksEgress: Rule = {
  id: 'network/policy-blocks-egress',
  severity: 'critical',
  confidence: 'likely',
  needs: ['NetworkPolicy', 'Pod', 'Namespace', 'Service', 'Log'],
  *check({ view }): Generator<Draft> {
    if (view.all('NetworkPolicy').length === 0) return;
    for (const { log, match, host, service, servicePort, targets, port } of attempts(view)) {
      const policies = isolating(view, log.pod, 'Egress');
      const [policy] = policies;
      const end: End = { pods: targets, ips: service ? [] : [host] };
      if (!policy || isAllowed(view, policies, 'Egress', end, port)) continue;
      const to = service?.metadata.name ?? host;
      const objects: readonly ObjectRef[] = [log.workload, refOf(log.pod)];
      yield {
        subject: refOf(policy),
        causeKey: `${refKey(log.workload)} ${to}:${servicePort}`,
        title: title(
          `Egress policy ${policy.metadata.name ?? ''} does not let ${log.workload.name} reach ${to}:${servicePort}`,
        ),
        cause: `${listed(policies.map((p) => p.metadata.name ?? ''))} selects ${log.workload.name} for Egress and no rule allows ${to} on port ${port.port}, so its packets are dropped.`,
        ...(policy.metadata.creationTimestamp !== undefined && { since: policy.metadata.creationTimestamp }),
        affects: objects,
        evidence: [selection(policy), labelsOf(log.pod), quoted(log, match.line, match.groups.host ?? '')],
        remediation: [
          {
            text: 'Add the target to an egress rule',
            command: `kubectl describe networkpolicy ${policy.metadata.name ?? ''} -n ${policy.metadata.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};
