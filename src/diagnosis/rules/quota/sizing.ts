import {
  formatQuantity,
  keyStep,
  listed,
  oneLine,
  parseQuantity,
  podSpecPath,
  refOf,
  templateOf,
  type Container,
  type Evidence,
  type KubeObject,
  type LimitRange,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { exceededQuotas } from './exceeded.ts';

/** From this share on the next rollout is likely to be refused, in percent. */
const NEARLY_USED_PCT = 90n;

export const nearLimit: Rule = {
  id: 'quota/near-limit',
  severity: 'warning',
  confidence: 'certain',
  needs: ['ResourceQuota'],
  *check({ view }) {
    // A quota that already refuses pods is told with the workload that it keeps from them.
    const refusing = new Set(
      [...exceededQuotas(view)].map((e) => `${e.refusal.controller.metadata.namespace ?? ''}/${e.quota}`),
    );
    for (const quota of view.all('ResourceQuota')) {
      const { name = '', namespace = '' } = quota.metadata;
      if (refusing.has(`${namespace}/${name}`)) continue;
      for (const [resource, hard] of Object.entries(quota.status?.hard ?? {})) {
        const limit = parseQuantity(hard) ?? 0n;
        const used = parseQuantity(quota.status?.used?.[resource]) ?? 0n;
        // Nothing of nothing forbids the kind on purpose.
        if (limit <= 0n || used * 100n < limit * NEARLY_USED_PCT) continue;
        const shown = `${formatQuantity(resource, used)} of ${formatQuantity(resource, limit)} ${resource}`;
        yield {
          subject: refOf(quota),
          causeKey: resource,
          title: oneLine(`Quota ${name} of ${namespace}: ${shown} used (${(used * 100n) / limit} %)`, 90),
          cause: `${shown} of quota ${name} are in use, so the next scale-up or rolling update in ${namespace} can be refused.`,
          evidence: [
            field(quota, `.status.used${keyStep(resource)}`),
            field(quota, `.status.hard${keyStep(resource)}`),
          ],
          remediation: [
            {
              text: 'See what uses it',
              command: `kubectl describe resourcequota ${name}${inNamespace(namespace)}`,
            },
            {
              text: 'Lower requests that are larger than the usage, or ask for a larger quota, before the next rollout',
            },
          ],
        };
      }
    }
  },
};

const INJECTED = 'kubernetes.io/limit-ranger';

export const limitsInjected: Rule = {
  id: 'quota/limits-injected',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod', 'LimitRange'],
  *check({ view }) {
    for (const pod of livePods(view)) {
      const note = pod.metadata.annotations?.[INJECTED];
      if (note === undefined) continue;
      for (const { name, resources } of pod.spec?.containers ?? [])
        for (const resource of injectedLimits(note, name)) {
          const value = resources?.limits?.[resource];
          if (value === undefined) continue;
          const workload = view.workload(pod);
          const from = containerLimits(view, pod.metadata.namespace).find((l) => l.limit.default?.[resource] === value);
          const range = from?.range.metadata.name;
          yield {
            subject: refOf(pod),
            container: name,
            causeKey: `${resource} ${value}`,
            title: oneLine(
              `${workload.name}: ${resource} limit ${value} came from ${range === undefined ? 'a LimitRange' : `LimitRange ${range}`}, not its manifest`,
              90,
            ),
            cause: `The template of ${workload.name} sets no ${resource} limit for container ${name}, so the default of the namespace applies: ${value}.`,
            evidence: [
              field(pod, `.metadata.annotations${keyStep(INJECTED)}`),
              field(pod, `.spec.containers[?(@.name=="${name}")].resources.limits${keyStep(resource)}`),
              ...(from ? [field(from.range, `.spec.limits[${from.index}].default${keyStep(resource)}`)] : []),
            ],
            remediation: [
              { text: `Set requests and limits of container ${name} in the template, from measured usage` },
            ],
          };
        }
    }
  },
};

/** `LimitRanger plugin set: cpu, memory request for container web; memory limit for container web` */
function injectedLimits(note: string, container: string): readonly string[] {
  return note
    .replace(/^[^:]*: /, '')
    .split('; ')
    .flatMap((part) => {
      const [, resources = '', name] = /^(.+) limit for container (.+)$/.exec(part) ?? [];
      return name === container ? resources.split(', ') : [];
    });
}

type Limit = NonNullable<LimitRange['spec']>['limits'][number];

/** What LimitRanges say about containers of a namespace. */
function containerLimits(
  view: ClusterView,
  namespace: string | undefined,
): readonly { readonly range: LimitRange; readonly index: number; readonly limit: Limit }[] {
  return view
    .inNamespace('LimitRange', namespace)
    .flatMap((range) =>
      (range.spec?.limits ?? []).flatMap((limit, index) =>
        limit.type === 'Container' ? [{ range, index, limit }] : [],
      ),
    );
}

export const noRequests: Rule = {
  id: 'quota/no-requests',
  severity: 'info',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'LimitRange'],
  *check({ view }) {
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const)
      for (const workload of view.all(kind) as readonly KubeObject[]) {
        const { namespace } = workload.metadata;
        const spec = templateOf(workload)?.spec;
        // Sizes may be set for the pod as a whole, and what nobody listed may fill them in.
        if (!spec || spec.resources !== undefined || !view.isComplete('LimitRange', namespace)) continue;
        const limits = containerLimits(view, namespace).map((l) => l.limit);
        for (const container of spec.containers) {
          const lacking = whatIsLacking(container, limits);
          if (lacking.length === 0) continue;
          const subject = refOf(workload);
          yield {
            subject,
            container: container.name,
            causeKey: lacking.join(','),
            title: oneLine(`${subject.name}: container ${container.name} sets no ${listed(lacking)}`, 90),
            cause: consequenceOf(lacking, container.name),
            evidence: [shownResources(workload, container)],
            remediation: [
              {
                text: 'Set requests from measured usage (p95 and a margin), and a memory limit above its peak',
                command: `kubectl top pods${inNamespace(namespace)} --containers`,
              },
            ],
          };
        }
      }
  },
};

/** A limit counts as the request of its resource, and a default of the namespace as set; CPU limits are a choice. */
function whatIsLacking({ resources }: Container, limits: readonly Limit[]): readonly string[] {
  const isSet = (list: 'requests' | 'limits', resource: string): boolean =>
    resources?.[list]?.[resource] !== undefined ||
    limits.some(
      (l) => l.default?.[resource] !== undefined || (list === 'requests' && l.defaultRequest?.[resource] !== undefined),
    ) ||
    (list === 'requests' && resources?.limits?.[resource] !== undefined);
  return [
    ...(isSet('requests', 'cpu') ? [] : ['CPU request']),
    ...(isSet('requests', 'memory') ? [] : ['memory request']),
    ...(isSet('limits', 'memory') ? [] : ['memory limit']),
  ];
}

function consequenceOf(lacking: readonly string[], container: string): string {
  const noRequest = lacking.some((l) => l.endsWith('request'));
  return [
    noRequest
      ? `The scheduler plans container ${container} as if it used none of it, and its pods are evicted early.`
      : '',
    lacking.includes('memory limit') ? `Container ${container} may take all memory of its node.` : '',
  ]
    .filter((part) => part !== '')
    .join(' ');
}

function shownResources(workload: KubeObject, { name, resources }: Container): Evidence {
  const at = `${podSpecPath(workload.kind)}.containers[?(@.name=="${name}")]`;
  return field(workload, resources && Object.keys(resources).length > 0 ? `${at}.resources` : `${at}.name`);
}
