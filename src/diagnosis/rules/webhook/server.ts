import {
  ageOf,
  count,
  listed,
  matchesSelector,
  oneLine,
  refOf,
  type Evidence,
  type LabelSelector,
  type ObjectRef,
  type Service,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { absence, endpoints, field, inNamespace } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { backendOf, type Backend } from '../service/backends.ts';
import { isStarting } from '../service/starting.ts';
import { makersOf } from '../service/workloads.ts';
import { byServer, isEmptySelector, serviceRef, webhooksOf, whatItChecks, type Webhook } from './configurations.ts';

type Group = readonly [Webhook, ...Webhook[]];

/** The webhook that does the most harm speaks for its group: one that fails closed. */
function spokesman(group: Group): Webhook {
  return group.find((hook) => hook.failsClosed) ?? group[0];
}

const severityOf = (hook: Webhook): 'critical' | 'warning' => (hook.failsClosed ? 'critical' : 'warning');

function consequence(hook: Webhook): string {
  return hook.failsClosed
    ? `It fails closed, so every ${whatItChecks(hook)} that it selects is refused.`
    : `It fails open (failurePolicy Ignore), so ${whatItChecks(hook)} pass unchecked and unchanged.`;
}

function policyEvidence(hook: Webhook): readonly Evidence[] {
  return [
    field(hook.configuration, `${hook.path}.clientConfig.service.name`),
    ...(hook.entry.failurePolicy === undefined ? [] : [field(hook.configuration, `${hook.path}.failurePolicy`)]),
  ];
}

function narrowing(hook: Webhook): { readonly text: string; readonly command: string } {
  const { kind, metadata } = hook.configuration;
  return {
    text: 'Its owner may narrow the rules or remove the configuration, when the add-on is gone for good',
    command: `kubectl get ${kind.toLowerCase()} ${metadata.name ?? ''} -o yaml`,
  };
}

export const serviceMissing: Rule = {
  id: 'webhook/service-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'Service'],
  *check({ view, now }) {
    for (const group of byServer(view)) {
      const hook = spokesman(group);
      const service = serviceRef(hook);
      if (!service || ageOf(hook.configuration, now) < grace.newObject) continue;
      const found = view.find('Service', service.namespace, service.name);
      if (found.state === 'absent') yield missingDraft(hook, service);
      else if (found.state === 'present') {
        const { type, ports = [] } = found.object.spec ?? {};
        if (type !== 'ExternalName' && !ports.some((p) => p.port === (hook.service?.port ?? 443)))
          yield portDraft(hook, found.object);
      }
    }
  },
};

function missingDraft(hook: Webhook, service: ObjectRef): Draft {
  return {
    subject: refOf(hook.configuration),
    causeKey: `${service.namespace ?? ''}/${service.name}`,
    severity: severityOf(hook),
    title: oneLine(`Webhook ${hook.name} calls Service ${service.name}, which does not exist`, 90),
    cause: `There is no Service ${service.name} in ${service.namespace ?? ''}; the configuration is most likely left over from an add-on that was removed. ${consequence(hook)}`,
    causedBy: [service],
    evidence: [
      absence('Service', service.namespace, service.name),
      field(hook.configuration, `${hook.path}.clientConfig.service.namespace`),
      ...policyEvidence(hook),
    ],
    remediation: [
      {
        text: 'Install the add-on again, if it is still wanted',
        command: `kubectl get services${inNamespace(service.namespace)}`,
      },
      narrowing(hook),
    ],
  };
}

function portDraft(hook: Webhook, service: Service): Draft {
  const port = hook.service?.port ?? 443;
  const { name = '', namespace } = service.metadata;
  const ports = service.spec?.ports ?? [];
  return {
    subject: refOf(hook.configuration),
    causeKey: `${namespace ?? ''}/${name}:${port}`,
    severity: severityOf(hook),
    title: oneLine(`Webhook ${hook.name} calls port ${port}, which Service ${name} does not have`, 90),
    cause: `Service ${name} in ${namespace ?? ''} has ${
      listed(ports.map((p) => `port ${p.port}`)) || 'no port'
    }, and the webhook calls ${port}. ${consequence(hook)}`,
    causedBy: [refOf(service)],
    evidence: [
      field(hook.configuration, `${hook.path}.clientConfig.service.name`),
      ...(hook.entry.clientConfig.service?.port === undefined
        ? []
        : [field(hook.configuration, `${hook.path}.clientConfig.service.port`)]),
      ...ports.slice(0, 3).map((_, i) => field(service, `.spec.ports[${i}].port`)),
      ...policyEvidence(hook).slice(1),
    ],
    remediation: [{ text: 'Let the webhook and the Service agree on the port' }, narrowing(hook)],
  };
}

export const noReadyEndpoints: Rule = {
  id: 'webhook/no-ready-endpoints',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'Service', 'EndpointSlice', 'Pod'],
  *check(context) {
    const { view, now } = context;
    for (const group of byServer(view)) {
      const hook = spokesman(group);
      const backend = hook.service && backendOf(view, hook.service.namespace, hook.service.name);
      if (!backend || ageOf(hook.configuration, now) < grace.newObject || !isDown(context, backend)) continue;
      const { ref: service, pods } = backend;
      const [endpoint] = backend.endpoints;
      yield {
        subject: refOf(hook.configuration),
        causeKey: `${service.namespace ?? ''}/${service.name}`,
        severity: severityOf(hook),
        title: oneLine(`Webhook ${hook.name}: Service ${service.name} has no ready pod`, 90),
        cause: `Nothing answers for Service ${service.name} in ${service.namespace ?? ''}${
          pods.length === 0 ? '' : `: of ${count(pods.length, 'pod')} none is Ready`
        }. ${consequence(hook)}`,
        causedBy: [service, ...pods.map(refOf), ...makersOf(view, backend.service).map((w) => w.ref)],
        evidence: [
          field(hook.configuration, `${hook.path}.clientConfig.service.name`),
          ...(endpoint ? [field(endpoint.slice, `.endpoints[${endpoint.index}].conditions.ready`)] : []),
          ...(!endpoint && backend.slices?.length ? [endpoints(service, '<unset>')] : []),
          ...policyEvidence(hook).slice(1),
        ],
        remediation: [
          {
            text: 'Bring its pods up first; where the webhook checks pods, it may refuse its own',
            command: `kubectl describe service ${service.name}${inNamespace(service.namespace)}`,
          },
          narrowing(hook),
        ],
      };
    }
  },
};

/** No ready endpoint, and none on its way. */
function isDown(context: RuleContext, { service, slices, ready, pods, hasLeavingPods }: Backend): boolean {
  if (!slices || ready.length > 0 || service.spec?.type === 'ExternalName') return false;
  if (ageOf(service, context.now) < grace.newObject) return false;
  return pods.length > 0 ? !pods.every((pod) => isStarting(pod, context)) : !hasLeavingPods;
}

export const lockout: Rule = {
  id: 'webhook/lockout',
  severity: 'warning',
  confidence: 'certain',
  needs: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'Service'],
  *check(context) {
    const { view } = context;
    for (const hook of webhooksOf(view)) {
      const backend = hook.service && backendOf(view, hook.service.namespace, hook.service.name);
      if (!backend || !hook.failsClosed || !checksPods(hook) || (hook.entry.matchConditions ?? []).length > 0) continue;
      if (!takesNamespace(view, hook, backend.ref.namespace) || !takesOwnPods(view, hook, backend)) continue;
      const name = backend.ref.namespace ?? '';
      yield {
        subject: refOf(hook.configuration),
        causeKey: hook.name,
        severity: isDown(context, backend) ? 'critical' : 'warning',
        title: oneLine(`Webhook ${hook.name} can lock the cluster: it fails closed for its own pods`, 90),
        cause: `It checks the creation of pods in ${name}, where its own server ${backend.ref.name} runs: once that is down, its pods cannot be created again.`,
        evidence: [
          field(hook.configuration, `${hook.path}.clientConfig.service.namespace`),
          ...policyEvidence(hook),
          ...ruleEvidence(hook),
        ],
        remediation: [
          {
            text: `Leave ${name} out with a namespaceSelector: key kubernetes.io/metadata.name, operator NotIn, value ${name}`,
            command: narrowing(hook).command,
          },
        ],
      };
    }
  },
};

function podRule(hook: Webhook): number {
  return (hook.entry.rules ?? []).findIndex(
    (rule) =>
      (rule.apiGroups ?? []).some((g) => g === '' || g === '*') &&
      (rule.resources ?? []).some((r) => r === 'pods' || r === '*' || r === '*/*') &&
      (rule.operations ?? []).some((o) => o === 'CREATE' || o === '*') &&
      rule.scope !== 'Cluster',
  );
}

const checksPods = (hook: Webhook): boolean => podRule(hook) >= 0;

function ruleEvidence(hook: Webhook): readonly Evidence[] {
  const at = `${hook.path}.rules[${podRule(hook)}]`;
  return [field(hook.configuration, `${at}.resources`), field(hook.configuration, `${at}.operations`)];
}

/** Whether the namespaceSelector takes a namespace; a namespace that was not read has only its name as a label. */
function takesNamespace(view: ClusterView, hook: Webhook, namespace: string | undefined): boolean {
  const selector = hook.entry.namespaceSelector;
  if (isEmptySelector(selector)) return true;
  const read = view.get('Namespace', undefined, namespace ?? '');
  if (!read && !asksOnlyForName(selector)) return false;
  return matchesSelector(selector, { ...read?.metadata.labels, 'kubernetes.io/metadata.name': namespace ?? '' });
}

function asksOnlyForName(selector: LabelSelector | undefined): boolean {
  const keys = [
    ...Object.keys(selector?.matchLabels ?? {}),
    ...(selector?.matchExpressions ?? []).map((expression) => expression.key),
  ];
  return keys.every((key) => key === 'kubernetes.io/metadata.name');
}

function takesOwnPods(view: ClusterView, hook: Webhook, backend: Backend): boolean {
  const selector = hook.entry.objectSelector;
  if (isEmptySelector(selector)) return true;
  const labels = [
    ...backend.pods.map((pod) => pod.metadata.labels),
    ...makersOf(view, backend.service).map((w) => w.labels),
  ];
  return labels.some((own) => matchesSelector(selector, own));
}
