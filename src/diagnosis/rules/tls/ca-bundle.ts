import { certificatesOf, type CertificateDates, type ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  oneLine,
  ref,
  refOf,
  type Evidence,
  type KubeObject,
  type ObjectRef,
} from '../../../domain/index.ts';
import { field, getCommand, shellWord, shown } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { webhooksOf } from '../webhook/configurations.ts';
import { failedCall } from '../webhook/refusals.ts';
import { refusals } from '../webhook/refused.ts';

const DAY_MS = 86_400_000;

/** A bundle with which the API server checks another server. */
interface Bundle {
  readonly object: KubeObject;
  /** JSON path of the caBundle. */
  readonly path: string;
  readonly bundle: string;
  readonly service: ObjectRef | undefined;
}

/** One per object and content: the webhooks of a configuration share theirs as a rule. */
function* bundles(view: ClusterView): Generator<Bundle> {
  const seen = new Set<string>();
  for (const found of everyBundle(view)) {
    const key = `${found.object.kind}/${found.object.metadata.name ?? ''} ${found.bundle}`;
    if (found.bundle === '' || seen.has(key)) continue;
    seen.add(key);
    yield found;
  }
}

function* everyBundle(view: ClusterView): Generator<Bundle> {
  for (const { configuration, entry, path, service } of webhooksOf(view))
    yield {
      object: configuration,
      path: `${path}.clientConfig.caBundle`,
      bundle: entry.clientConfig.caBundle ?? '',
      service: service && ref('Service', service.namespace, service.name),
    };
  for (const api of view.all('APIService')) {
    const to = api.spec?.service;
    yield {
      object: api,
      path: '.spec.caBundle',
      bundle: api.spec?.caBundle ?? '',
      service: to && ref('Service', to.namespace, to.name ?? ''),
    };
  }
  for (const crd of view.all('CustomResourceDefinition')) {
    const client = crd.spec.conversion?.webhook?.clientConfig;
    const to = client?.service;
    yield {
      object: crd,
      path: '.spec.conversion.webhook.clientConfig.caBundle',
      bundle: client?.caBundle ?? '',
      service: to && ref('Service', to.namespace, to.name),
    };
  }
}

interface Problem {
  readonly text: string;
  readonly key: string;
  readonly isOver: boolean;
  readonly evidence: Evidence;
  readonly explanation: string;
}

export const caBundleExpired: Rule = {
  id: 'tls/ca-bundle-expired',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService', 'CustomResourceDefinition'],
  *check({ view, now, settings }) {
    const distrusted = distrust(view);
    for (const found of bundles(view)) {
      const problem =
        endOf(found, now, settings.certificateWarnDays) ??
        mismatchOf(found, distrusted.get(`${found.object.kind}/${found.object.metadata.name ?? ''}`));
      if (problem) yield draft(found, problem);
    }
  },
};

function draft({ object, service, path }: Bundle, problem: Problem): Draft {
  const self = refOf(object);
  const injector = Object.keys(object.metadata.annotations ?? {}).find((key) => /inject.*ca|ca.*inject/i.test(key));
  return {
    subject: self,
    causeKey: problem.key,
    severity: problem.isOver ? 'critical' : 'warning',
    title: oneLine(`CA bundle of ${self.kind} ${self.name} ${problem.text}`, 90),
    cause: `${problem.explanation}${
      service
        ? ` The API server checks ${service.name} in ${service.namespace ?? ''} with it`
        : ' The API server checks the server with it'
    }, so calls to it ${problem.isOver ? 'fail' : 'will fail'}.`,
    evidence: [
      problem.evidence,
      ...(service ? [field(object, path.replace(/caBundle$/, 'service.name'))] : []),
      ...(injector === undefined ? [] : [field(object, `.metadata.annotations.${injector.replaceAll('.', '\\.')}`)]),
    ],
    remediation: [
      {
        text:
          injector === undefined
            ? 'Let the operator or job that wrote the bundle write it again; as a rule a restart of it does'
            : 'Restart or repair the injector that writes the bundle (cert-manager cainjector)',
        command: `${getCommand(self)} -o yaml`,
      },
    ],
  };
}

/** Judged by the certificate that lasts longest: during a rotation the old one is still in the bundle. */
function endOf(found: Bundle, now: number, warnDays: number): Problem | undefined {
  const certificates = certificatesOf(found.bundle);
  const last = certificates.reduce<CertificateDates | undefined>(
    (a, b) => (a && a.notAfter >= b.notAfter ? a : b),
    undefined,
  );
  if (!last || last.notAfter - now > warnDays * DAY_MS) return undefined;
  const isOver = last.notAfter <= now;
  const day = new Date(last.notAfter).toISOString().slice(0, 10);
  return {
    text: `${isOver ? 'expired' : 'ends'} on ${day}`,
    key: 'end',
    isOver,
    explanation: `The certificate of ${last.subject} ${isOver ? 'ended' : 'ends'} on ${day}, and nothing has renewed the bundle.`,
    evidence: shown(
      refOf(found.object),
      `${found.path.slice(1)}, notAfter`,
      last.notAfterText,
      `${getCommand(refOf(found.object))} -o jsonpath=${shellWord(`{${found.path}}`)} | base64 -d | while openssl x509 -noout -subject -enddate 2>/dev/null; do :; done`,
    ),
  };
}

const UNTRUSTED = /x509: certificate signed by unknown authority/;

/** Where a call failed because the server's certificate is not vouched for, by the object that holds the bundle. */
function distrust(view: ClusterView): ReadonlyMap<string, Evidence> {
  const found = new Map<string, Evidence>();
  for (const refusal of refusals(view)) {
    const call = failedCall(refusal);
    if (!call || !UNTRUSTED.test(call.text)) continue;
    for (const { configuration, name } of webhooksOf(view))
      if (name === call.webhook)
        found.set(`${configuration.kind}/${configuration.metadata.name ?? ''}`, refusal.evidence);
  }
  for (const api of view.all('APIService'))
    if (UNTRUSTED.test(conditionOf(api, 'Available')?.message ?? ''))
      found.set(
        `APIService/${api.metadata.name ?? ''}`,
        field(api, '.status.conditions[?(@.type=="Available")].message'),
      );
  return found;
}

function mismatchOf({ service }: Bundle, evidence: Evidence | undefined): Problem | undefined {
  if (!evidence) return undefined;
  return {
    text: 'does not match its server',
    key: 'mismatch',
    isOver: true,
    evidence,
    explanation: `The bundle does not vouch for the certificate that ${service?.name ?? 'the server'} presents: one of the two was renewed without the other.`,
  };
}
