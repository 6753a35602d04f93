import type { ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  matchesSelector,
  refOf,
  selectorText,
  templateOf,
  type Evidence,
  type KubeObject,
  type LabelSelector,
  type NetworkPolicy,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import { field, getCommand, shown } from '../../evidence.ts';
import { type Draft, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { title } from '../log/common.ts';
import { allowances, allowsPort, applies, podPort, selection, selects, type PodPort } from './policies.ts';

export const policyPortMismatch: Rule = {
  id: 'network/policy-port-mismatch',
  severity: 'warning',
  confidence: 'likely',
  needs: ['NetworkPolicy', 'Pod', 'Service'],
  *check({ view }): Generator<Draft> {
    const namespaces = new Set(view.all('NetworkPolicy').map((p) => p.metadata.namespace));
    for (const namespace of namespaces) {
      const policies = view.inNamespace('NetworkPolicy', namespace).filter((p) => applies(p, 'Ingress'));
      for (const service of view.inNamespace('Service', namespace)) yield* mismatches(view, policies, service);
    }
  },
};

function* mismatches(view: ClusterView, policies: readonly NetworkPolicy[], service: Service): Generator<Draft> {
  const [pod] = view.podsByLabels(service.metadata.namespace, service.spec?.selector);
  const own = pod ? policies.filter((p) => selects(p, pod)) : [];
  if (!pod || own.length === 0) return;
  for (const [index, entry] of (service.spec?.ports ?? []).entries()) {
    const port = podPort(pod, entry.targetPort ?? entry.port, entry.protocol ?? 'TCP');
    if (!port || port.port === entry.port || own.some((p) => admits(p, port))) continue;
    const seen: PodPort = { port: entry.port, names: [], protocol: entry.protocol ?? 'TCP' };
    const policy = own.find((p) => admits(p, seen));
    if (!policy) continue;
    const name = service.metadata.name ?? '';
    const isNamed = !/^\d+$/.test(String(entry.targetPort ?? entry.port));
    yield {
      subject: refOf(policy),
      causeKey: `${name}:${entry.port}`,
      title: title(
        `NetworkPolicy ${policy.metadata.name ?? ''} allows port ${entry.port}; ${name} uses pod port ${port.port}`,
      ),
      cause: `Policies see a packet after the Service has translated it: ${name} sends port ${entry.port} to pod port ${port.port}, which no policy allows, so where policies are enforced its clients get no answer.`,
      ...(policy.metadata.creationTimestamp !== undefined && { since: policy.metadata.creationTimestamp }),
      affects: [refOf(service)],
      evidence: [
        policyPorts(policy),
        field(service, `.spec.ports[${index}].port`),
        field(service, `.spec.ports[${index}].targetPort`),
        ...(isNamed ? [podPorts(pod)] : []),
      ],
      remediation: [
        {
          text: `Use port ${port.port} in the policy`,
          command: `kubectl describe networkpolicy ${policy.metadata.name ?? ''} -n ${policy.metadata.namespace ?? ''}`,
        },
      ],
    };
  }
}

function admits(policy: NetworkPolicy, port: PodPort): boolean {
  return allowances(policy, 'Ingress').some((a) => a.ports.length === 0 || a.ports.some((p) => allowsPort(p, port)));
}

function policyPorts(policy: NetworkPolicy): Evidence {
  const ports = allowances(policy, 'Ingress').flatMap((a) =>
    a.ports.flatMap((p) => (p.port === undefined ? [] : [String(p.port)])),
  );
  const path = '{.spec.ingress[*].ports[*].port}';
  return shown(
    refOf(policy),
    'spec.ingress[*].ports[*].port',
    ports.join(' '),
    `${getCommand(refOf(policy))} -o jsonpath='${path}'`,
  );
}

function podPorts(pod: Pod): Evidence {
  const ports = (pod.spec?.containers ?? []).flatMap((c) => (c.ports ?? []).map((p) => p.containerPort));
  const path = '{.spec.containers[*].ports[*].containerPort}';
  return shown(
    refOf(pod),
    'spec.containers[*].ports[*].containerPort',
    ports.join(' '),
    `${getCommand(refOf(pod))} -o jsonpath='${path}'`,
  );
}

/** Kinds whose templates may bring pods although none runs now. */
const TEMPLATES = ['Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const;

export const policySelectsNothing: Rule = {
  id: 'network/policy-selects-nothing',
  severity: 'info',
  confidence: 'certain',
  needs: ['NetworkPolicy', 'Pod', 'Namespace', ...TEMPLATES],
  *check({ view, now }): Generator<Draft> {
    for (const policy of view.all('NetworkPolicy')) {
      const ns = policy.metadata.namespace;
      const isKnown = ['Pod' as const, ...TEMPLATES].every((kind) => view.isComplete(kind, ns));
      if (!isKnown || ageOf(policy, now) < grace.newObject) continue;
      const selector = policy.spec?.podSelector;
      if (selector && !isEmpty(selector) && !selectsSome(view, ns, selector))
        yield nothing(policy, selector, '.spec.podSelector', 'selects no pods');
      else yield* peersWithoutPods(view, policy);
    }
  },
};

function isEmpty({ matchLabels = {}, matchExpressions = [] }: LabelSelector): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

function selectsSome(view: ClusterView, namespace: string | undefined, selector: LabelSelector): boolean {
  if (view.inNamespace('Pod', namespace).some((p) => matchesSelector(selector, p.metadata.labels))) return true;
  return TEMPLATES.some((kind) =>
    view
      .inNamespace(kind, namespace)
      .some((o: KubeObject) => matchesSelector(selector, templateOf(o)?.metadata?.labels)),
  );
}

function* peersWithoutPods(view: ClusterView, policy: NetworkPolicy): Generator<Draft> {
  const ns = policy.metadata.namespace;
  for (const [direction, rules, list] of [
    ['Ingress', 'ingress', 'from'],
    ['Egress', 'egress', 'to'],
  ] as const)
    for (const [i, { peers }] of allowances(policy, direction).entries())
      for (const [j, { podSelector, namespaceSelector, ipBlock }] of peers.entries()) {
        if (ipBlock) continue;
        const at = `.spec.${rules}[${i}].${list}[${j}]`;
        if (
          namespaceSelector &&
          !isEmpty(namespaceSelector) &&
          view.isComplete('Namespace') &&
          !view.all('Namespace').some((n) => matchesSelector(namespaceSelector, n.metadata.labels))
        )
          yield nothing(policy, namespaceSelector, `${at}.namespaceSelector`, 'names a namespace that does not exist');
        else if (podSelector && !namespaceSelector && !isEmpty(podSelector) && !selectsSome(view, ns, podSelector))
          yield nothing(
            policy,
            podSelector,
            `${at}.podSelector`,
            `names ${list === 'from' ? 'clients' : 'targets'} that do not exist`,
          );
      }
}

function nothing(policy: NetworkPolicy, selector: LabelSelector, path: string, what: string): Draft {
  const ns = policy.metadata.namespace ?? '';
  const text = selectorText(selector);
  const isNamespace = path.endsWith('namespaceSelector');
  return {
    subject: refOf(policy),
    causeKey: `${path} ${text}`,
    title: title(`NetworkPolicy ${policy.metadata.name ?? ''} ${what}: ${text}`),
    cause: `No ${isNamespace ? 'namespace' : `pod and no template in ${ns}`} has the labels ${text}: a misspelt label, or an application that is gone.`,
    evidence: [
      selection(policy, path),
      isNamespace
        ? shown(
            { kind: 'Namespace', name: '' },
            'namespaces with these labels',
            'No resources found',
            `kubectl get namespaces -l '${text}' 2>&1`,
          )
        : shown(
            { kind: 'Pod', namespace: ns, name: '' },
            'pods with these labels',
            'No resources found',
            `kubectl get pods -n ${ns} -l '${text}' 2>&1`,
          ),
    ],
    remediation: [
      {
        text: 'Correct the selector, or remove the policy',
        command: `kubectl get ${isNamespace ? 'namespaces' : `pods -n ${ns}`} --show-labels`,
      },
    ],
  };
}
