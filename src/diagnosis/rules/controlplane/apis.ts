import {
  conditionAge,
  conditionOf,
  groupBy,
  oneLine,
  ref,
  refOf,
  type APIService,
  type CustomResourceDefinition,
  type ObjectRef,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { absence, endpoints, field, getCommand, inNamespace } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { backendOf } from '../service/backends.ts';
import { isStarting } from '../service/starting.ts';

const METRICS = 'v1beta1.metrics.k8s.io';
const AVAILABLE = '.status.conditions[?(@.type=="Available")]';

function isUnavailable(api: APIService): boolean {
  return conditionOf(api, 'Available')?.status === 'False';
}

function serviceOf(api: APIService): ObjectRef | undefined {
  const to = api.spec?.service;
  return to && ref('Service', to.namespace, to.name ?? '');
}

/** What the aggregator's reasons mean. */
function reasonText(reason: string | undefined, service: ObjectRef): string {
  switch (reason) {
    case 'ServiceNotFound':
      return `Service ${service.name} does not exist`;
    case 'ServicePortError':
      return `Service ${service.name} lacks the port`;
    case 'EndpointsNotFound':
    case 'MissingEndpoints':
      return `Service ${service.name} has no ready endpoint`;
    case 'FailedDiscoveryCheck':
      return `the server behind Service ${service.name} does not answer`;
    default:
      return `Service ${service.name} cannot be used (${reason ?? 'no reason given'})`;
  }
}

export const apiServiceUnavailable: Rule = {
  id: 'controlplane/apiservice-unavailable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['APIService'],
  *check({ view, now }) {
    for (const api of view.all('APIService')) {
      const service = serviceOf(api);
      const condition = conditionOf(api, 'Available');
      if (!service || !isUnavailable(api) || (conditionAge(condition, now) ?? Infinity) < grace.newObject) continue;
      const backend = backendOf(view, service.namespace, service.name);
      const group = api.spec?.group ?? '';
      yield {
        subject: refOf(api),
        causeKey: condition?.reason ?? '',
        title: oneLine(`API ${group} is unavailable: ${reasonText(condition?.reason, service)}`, 90),
        cause: `${oneLine(condition?.message ?? '')}. Requests to ${group}/${api.spec?.version ?? ''} fail, and namespaces cannot be deleted to their end while it lasts.`,
        ...(condition?.lastTransitionTime !== undefined && { since: condition.lastTransitionTime }),
        causedBy: [service, ...(backend?.pods ?? []).map(refOf)],
        evidence: [
          field(api, `${AVAILABLE}.message`, condition?.lastTransitionTime),
          field(api, `${AVAILABLE}.reason`),
          field(api, '.spec.service.name'),
          field(api, '.spec.group'),
          field(api, '.spec.version'),
        ],
        remediation: [
          {
            text: `Repair what stands behind Service ${service.name} in ${service.namespace ?? ''}`,
            command: `kubectl get service,endpointslices,pods${inNamespace(service.namespace)}`,
          },
          { text: 'Where the add-on is gone for good, its owner may remove the APIService' },
        ],
      };
    }
  },
};

export const metricsApiMissing: Rule = {
  id: 'controlplane/metrics-api-missing',
  severity: 'info',
  confidence: 'certain',
  needs: ['APIService'],
  *check({ view, now }) {
    const found = view.find('APIService', undefined, METRICS);
    const follows = 'kubectl top, autoscalers on CPU or memory and recommendations of sizes do not work.';
    const subject = ref('APIService', undefined, METRICS);
    const step = { text: 'Install metrics-server, or enable it as an add-on of the cluster' };
    if (found.state === 'absent')
      yield {
        subject,
        causeKey: 'absent',
        title: 'No resource metrics: metrics-server is not installed',
        cause: `APIService ${METRICS} does not exist, so nothing serves CPU and memory usage: ${follows}`,
        evidence: [absence('APIService', undefined, METRICS)],
        remediation: [step],
      };
    if (found.state !== 'present' || !isUnavailable(found.object)) return;
    const condition = conditionOf(found.object, 'Available');
    if ((conditionAge(condition, now) ?? Infinity) < grace.newObject) return;
    yield {
      subject,
      causeKey: 'unavailable',
      title: 'No resource metrics: the metrics API does not answer',
      cause: `APIService ${METRICS} is not available: ${follows}`,
      causedBy: [subject, ...listOf(serviceOf(found.object))],
      evidence: [field(found.object, `${AVAILABLE}.status`), field(found.object, `${AVAILABLE}.message`)],
      remediation: [
        { text: 'Repair the server of the metrics API', command: `kubectl describe apiservice ${METRICS}` },
      ],
    };
  },
};

function listOf(r: ObjectRef | undefined): readonly ObjectRef[] {
  return r ? [r] : [];
}

const TERMINATING_MS = 600_000;

/** Conditions of a type that cannot be used; Terminating is normal for a while. */
function brokenCondition(crd: CustomResourceDefinition, now: number): string | undefined {
  for (const type of ['NamesAccepted', 'Established']) {
    const condition = conditionOf(crd, type);
    // A new type is established a moment after its names are accepted.
    const isNew = condition?.reason === 'Installing' && (conditionAge(condition, now) ?? 0) < grace.newObject;
    if (condition?.status === 'False' && !isNew) return type;
  }
  const terminating = conditionOf(crd, 'Terminating');
  return terminating?.status === 'True' && (conditionAge(terminating, now) ?? 0) > TERMINATING_MS
    ? 'Terminating'
    : undefined;
}

export const crdNotServed: Rule = {
  id: 'controlplane/crd-not-served',
  severity: 'critical',
  confidence: 'certain',
  needs: ['CustomResourceDefinition'],
  *check(context) {
    const { view, now } = context;
    for (const crd of view.all('CustomResourceDefinition')) {
      const type = brokenCondition(crd, now);
      if (type !== undefined) yield conditionDraft(crd, type);
    }
    yield* conversions(context);
  },
};

function conditionDraft(crd: CustomResourceDefinition, type: string): Draft {
  const condition = conditionOf(crd, type);
  const { name = '' } = crd.metadata;
  const message = oneLine(condition?.message ?? condition?.reason ?? '');
  const problem =
    type === 'Terminating' ? 'it is being deleted and its objects do not go' : message.replaceAll('"', '');
  return {
    subject: refOf(crd),
    causeKey: `${type} ${condition?.reason ?? ''}`,
    title: oneLine(`Custom resource type ${name} is not usable: ${problem}`, 90),
    cause:
      type === 'Terminating'
        ? `The type is being deleted, and waits for its objects: ${message}. Finalizers of theirs hold it.`
        : `The API server does not serve the type, because ${message}.`,
    ...(condition?.lastTransitionTime !== undefined && { since: condition.lastTransitionTime }),
    evidence: [
      field(crd, `.status.conditions[?(@.type=="${type}")].message`),
      field(crd, `.status.conditions[?(@.type=="${type}")].status`),
    ],
    remediation: [
      type === 'Terminating'
        ? {
            text: 'See which objects are left, and why their controller does not let them go',
            command: `kubectl get ${name} -A`,
          }
        : {
            text: 'Find the other type with these names, and remove or rename one of the two',
            command: `kubectl get crd -o custom-columns=NAME:.metadata.name,KIND:.spec.names.kind`,
          },
    ],
  };
}

/** Types whose objects must be converted by a server that is not there; all types of one server together. */
function* conversions(context: RuleContext): Generator<Draft> {
  const { view } = context;
  const converted = view.all('CustomResourceDefinition').filter((crd) => {
    const served = crd.spec.versions.filter((v) => v.served);
    return crd.spec.conversion?.strategy === 'Webhook' && served.length > 1;
  });
  const byServer = groupBy(converted, (crd) => {
    const to = crd.spec.conversion?.webhook?.clientConfig?.service;
    return to ? `${to.namespace}/${to.name}` : '';
  });
  for (const [server, crds] of byServer) {
    const [namespace = '', name = ''] = server.split('/');
    const [first] = crds;
    const problem = first && name !== '' ? serverProblem(context, namespace, name) : undefined;
    if (first && problem) yield conversionDraft(first, crds, ref('Service', namespace, name), problem, view);
  }
}

function serverProblem(context: RuleContext, namespace: string, name: string): 'missing' | 'down' | undefined {
  const { view } = context;
  if (view.find('Service', namespace, name).state === 'absent') return 'missing';
  const backend = backendOf(view, namespace, name);
  if (!backend?.slices || backend.ready.length > 0) return undefined;
  if (backend.pods.length === 0) return backend.hasLeavingPods ? undefined : 'down';
  return backend.pods.every((pod) => isStarting(pod, context)) ? undefined : 'down';
}

function conversionDraft(
  first: CustomResourceDefinition,
  crds: readonly CustomResourceDefinition[],
  service: ObjectRef,
  problem: 'missing' | 'down',
  view: ClusterView,
): Draft {
  const backend = backendOf(view, service.namespace, service.name);
  const what =
    problem === 'missing' ? `Service ${service.name} does not exist` : `Service ${service.name} has no ready pod`;
  return {
    subject: refOf(first),
    causeKey: `conversion ${service.namespace ?? ''}/${service.name}`,
    confidence: 'likely',
    title: oneLine(`Custom resource type ${first.metadata.name ?? ''} is not usable: its converter is down`, 90),
    cause: `Most likely objects that are stored in another version cannot be read, because ${what} in ${service.namespace ?? ''}, which converts between the versions.`,
    affects: crds.map(refOf),
    causedBy: [service, ...(backend?.pods ?? []).map(refOf)],
    evidence: [
      field(first, '.spec.conversion.webhook.clientConfig.service.name'),
      ...(problem === 'missing' ? [absence('Service', service.namespace, service.name)] : []),
      ...(problem === 'down' && backend?.endpoints.length === 0 && backend.slices?.length
        ? [endpoints(service, '<unset>')]
        : []),
    ],
    remediation: [{ text: 'Bring up the pods of the conversion webhook', command: getCommand(service) }],
  };
}
