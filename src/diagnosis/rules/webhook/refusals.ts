import { listed, oneLine, ref, refOf, templateOf, type KubeObject, type ObjectRef } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace, shellWord } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { backendOf } from '../service/backends.ts';
import { serviceRef, webhooksOf, type Webhook } from './configurations.ts';
import { refusals, stableText, type Refusal } from './refused.ts';

const NEEDS = ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'Event'] as const;

/** What could not be created: `its pods`, or the Jobs of a CronJob, the ReplicaSet of a Deployment. */
function what({ object }: Refusal): string {
  if (object.kind === 'CronJob') return 'its Jobs';
  return object.kind === 'Deployment' ? 'its ReplicaSet' : 'its pods';
}

/** Parts of a refusal that every rule of this file writes alike. */
function base({ object, since }: Refusal): Pick<Draft, 'subject' | 'since'> {
  return { subject: refOf(object), ...(since !== undefined && { since }) };
}

function templateCommand(workload: ObjectRef): string {
  return `kubectl edit ${workload.kind.toLowerCase()} ${workload.name}${inNamespace(workload.namespace)}`;
}

const CALL_FAILED = /failed calling webhook "([^"]+)":?\s*([\s\S]*)/;

/** Why a webhook did not answer, in a few words. */
const DETAILS: readonly (readonly [RegExp, string, string])[] = [
  [/no endpoints available/, 'no endpoints', 'its Service has no ready endpoint'],
  [/service "[^"]*" not found/, 'its Service does not exist', 'the Service that it names does not exist'],
  [/connection refused/, 'connection refused', 'nothing listens where its Service leads'],
  [
    /x509:/,
    'certificate not trusted',
    'the caBundle of the configuration does not vouch for the certificate of the server',
  ],
  [
    /context deadline exceeded|i\/o timeout|Client\.Timeout|awaiting headers/,
    'no answer in time',
    'the server is slow, or something between the API server and its pods drops the traffic',
  ],
  [/no such host/, 'its host name does not resolve', 'the name of its server does not resolve'],
  [/EOF|connection reset/, 'connection closed', 'the server closes the connection'],
];

/** A webhook that did not answer, as the refused controller's message tells. */
export interface FailedCall {
  readonly webhook: string;
  readonly text: string;
}

export function failedCall({ message }: Refusal): FailedCall | undefined {
  const [, webhook, text] = CALL_FAILED.exec(message) ?? [];
  return webhook === undefined ? undefined : { webhook, text: text ?? '' };
}

/** The Service in a URL such as `https://op.shop.svc:443/check`. */
function serviceInUrl(text: string): ObjectRef | undefined {
  const [, name, namespace] = /https:\/\/([\w-]+)\.([\w-]+)\.svc[:/]/.exec(text) ?? [];
  return name === undefined ? undefined : ref('Service', namespace, name);
}

export const callFailed: Rule = {
  id: 'webhook/call-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: NEEDS,
  *check({ view }) {
    for (const refusal of refusals(view)) {
      const call = failedCall(refusal);
      if (call) yield callDraft(view, refusal, call);
    }
  },
};

function callDraft(view: ClusterView, refusal: Refusal, { webhook, text }: FailedCall): Draft {
  const hooks = webhooksOf(view).filter((hook) => hook.name === webhook);
  const [, short, long] = DETAILS.find(([pattern]) => pattern.test(text)) ?? [];
  const workload = view.workload(refusal.object);
  const [hook] = hooks;
  const configuration = hook?.configuration;
  return {
    ...base(refusal),
    causeKey: `${webhook} ${short ?? stableText(text)}`,
    title: oneLine(
      `Webhook ${webhook} does not answer (${short ?? text}): ${workload.name} lacks ${what(refusal)}`,
      90,
    ),
    cause: `The API server must ask webhook ${webhook} before it creates ${what(refusal).replace('its', 'the')} of ${workload.name}, and the call fails: ${
      long ?? oneLine(text)
    }.`,
    causedBy: [...hooks.flatMap((h) => answeringFor(view, h)), ...listOf(serviceInUrl(text))],
    evidence: [refusal.evidence, ...(hook ? configurationEvidence(hook) : [])],
    remediation: [
      configuration
        ? {
            text: 'Repair the server of the webhook',
            command: `kubectl get ${configuration.kind.toLowerCase()} ${configuration.metadata.name ?? ''} -o yaml`,
          }
        : {
            text: 'Find the configuration of the webhook and repair its server',
            command: 'kubectl get validatingwebhookconfigurations,mutatingwebhookconfigurations',
          },
      { text: 'In an emergency its owner may narrow the rules or set failurePolicy Ignore' },
    ],
  };
}

/** Everything on which the reason of a silent webhook would be found. */
function answeringFor(view: ClusterView, hook: Webhook): readonly ObjectRef[] {
  const backend = hook.service && backendOf(view, hook.service.namespace, hook.service.name);
  return [refOf(hook.configuration), ...listOf(serviceRef(hook)), ...(backend?.pods ?? []).map(refOf)];
}

function listOf(r: ObjectRef | undefined): readonly ObjectRef[] {
  return r ? [r] : [];
}

function configurationEvidence(hook: Webhook) {
  const { configuration, path, entry } = hook;
  return [
    ...(entry.failurePolicy === undefined ? [] : [field(configuration, `${path}.failurePolicy`)]),
    ...(entry.timeoutSeconds === undefined ? [] : [field(configuration, `${path}.timeoutSeconds`)]),
    ...(hook.service ? [field(configuration, `${path}.clientConfig.service.name`)] : []),
  ];
}

const DENIED =
  /admission webhook "([^"]+)" denied the request(?:: ?([\s\S]+)| without explanation)|ValidatingAdmissionPolicy '([^']+)' with binding '([^']+)' denied request: ?([\s\S]+)/;

export const denied: Rule = {
  id: 'webhook/denied',
  severity: 'critical',
  confidence: 'certain',
  needs: NEEDS,
  *check({ view }) {
    for (const refusal of refusals(view)) {
      const [match, webhook, said, policy, binding, ruled] = DENIED.exec(refusal.message) ?? [];
      if (match === undefined) continue;
      const name = webhook ?? policy ?? '';
      const message = oneLine(said ?? ruled ?? 'it gives no reason');
      const workload = view.workload(refusal.object);
      const from = policy === undefined ? `Admission webhook ${name}` : `ValidatingAdmissionPolicy ${name}`;
      yield {
        ...base(refusal),
        causeKey: `${name} ${stableText(message)}`,
        title: oneLine(`${workload.name}: policy ${name} refuses ${what(refusal)}: ${message}`, 90),
        cause:
          `${from}${binding === undefined || binding === name ? '' : ` (binding ${binding})`} denies ${what(refusal).replace('its', 'the')} of ${workload.name}: ${message}.`.replace(
            /\.\.$/,
            '.',
          ),
        evidence: [refusal.evidence],
        remediation: [
          {
            text: 'Change the template as the message asks; only the owner of the policy makes exceptions',
            command: templateCommand(workload),
          },
        ],
      };
    }
  },
};

const POD_SECURITY = /violates PodSecurity "([\w-]+):([\w.-]+)": ([\s\S]+)/;

/** What the restricted level wants to see, by the word with which a violation begins. */
const RESTRICTED: readonly (readonly [RegExp, string])[] = [
  [/^allowPrivilegeEscalation/, 'allowPrivilegeEscalation: false'],
  [/^unrestricted capabilities/, 'capabilities.drop: [ALL]'],
  [/^runAsNonRoot/, 'runAsNonRoot: true'],
  [/^seccompProfile/, 'seccompProfile.type: RuntimeDefault'],
  [/^runAsUser/, 'a runAsUser other than 0'],
];

/** `privileged (container "x" must not …), seccompProfile (…)` → the words before the brackets. */
export function violations(text: string): readonly string[] {
  const found = [...text.matchAll(/(?:^|\), )([^(]+?) \(/g)].map(([, name]) => name ?? '');
  return found.length > 0 ? found : [oneLine(text)];
}

export const podSecurity: Rule = {
  id: 'webhook/pod-security',
  severity: 'critical',
  confidence: 'certain',
  needs: NEEDS,
  *check({ view }) {
    for (const refusal of refusals(view)) {
      const [, level, version, text] = POD_SECURITY.exec(refusal.message) ?? [];
      if (level !== undefined) yield securityDraft(view, refusal, level, version ?? '', violations(text ?? ''));
    }
  },
};

function securityDraft(
  view: ClusterView,
  refusal: Refusal,
  level: string,
  version: string,
  fields: readonly string[],
): Draft {
  const workload = view.workload(refusal.object);
  const { namespace } = workload;
  const label = 'pod-security.kubernetes.io/enforce';
  const ns = view.get('Namespace', undefined, namespace ?? '');
  const isLabelled = ns?.metadata.labels?.[label] === level;
  const all = listed(fields, fields.length);
  const wanted = fields.map((f) => RESTRICTED.find(([word]) => word.test(f))?.[1] ?? `without ${f}`);
  return {
    ...base(refusal),
    causeKey: `${level} ${fields.join(', ')}`,
    title: oneLine(
      `${workload.name}: Pod Security level ${level} of ${namespace ?? ''} refuses its pods: ${fields.join(', ')}`,
      90,
    ),
    cause: `${
      isLabelled ? `The label ${label} of namespace ${namespace ?? ''}` : 'Pod Security'
    } enforces the level ${level} (${version}), and the template breaks it: ${all}.`,
    evidence: [
      refusal.evidence,
      ...(ns && isLabelled ? [field(ns, `.metadata.labels.${label.replaceAll('.', '\\.')}`)] : []),
      ...contextEvidence(view.resolve(workload)),
    ],
    remediation: [
      { text: `Let the template meet the level: ${wanted.join(', ')}`, command: templateCommand(workload) },
      {
        text: 'See what the level asks for, without changing anything',
        command: `kubectl label --dry-run=server --overwrite namespace ${namespace ?? ''} ${shellWord(`${label}=${level}`)}`,
      },
    ],
  };
}

/** The security context of the pod, where the template has one. */
function contextEvidence(workload: KubeObject | undefined) {
  const context = workload && templateOf(workload)?.spec?.securityContext;
  if (!workload || context?.runAsNonRoot === undefined) return [];
  const root = workload.kind === 'CronJob' ? '.spec.jobTemplate.spec.template.spec' : '.spec.template.spec';
  return [field(workload, `${root}.securityContext.runAsNonRoot`)];
}
