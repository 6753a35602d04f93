import {
  count,
  formatQuantity,
  groupBy,
  isFinished,
  keyStep,
  listed,
  oneLine,
  parseQuantity,
  refKey,
  type Evidence,
  type ObjectRef,
  type Pod,
  type ResourceQuota,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { onset, refusals, subjectOf, type Refusal } from './refusals.ts';

/** Words of the quota admission plugin; of several quotas it names the first that is full. */
const EXCEEDED = /exceeded quota: (\S+), requested: (\S+), used: (\S+), limited: (\S+)/;

/** One resource of a quota that has not enough room for one more pod. */
export interface Shortage {
  readonly resource: string;
  readonly requested: string;
  readonly used: string;
  readonly hard: string;
}

export interface Exceeded {
  readonly refusal: Refusal;
  readonly quota: string;
  /** The object, when it was read: its present numbers are cited. */
  readonly object?: ResourceQuota;
  readonly shortages: readonly [Shortage, ...Shortage[]];
}

/** Every refusal for a full quota that still holds by the present numbers. */
export function* exceededQuotas(view: ClusterView): Generator<Exceeded> {
  for (const refusal of refusals(view)) {
    const [, quota, requested = '', used = '', limited = ''] = EXCEEDED.exec(refusal.message) ?? [];
    if (quota === undefined) continue;
    const { namespace } = refusal.controller.metadata;
    const found = view.find('ResourceQuota', namespace, quota);
    if (found.state === 'absent') continue;
    const object = found.state === 'present' ? found.object : undefined;
    const [first, ...rest] = shortagesIn(amounts(requested), amounts(used), amounts(limited), object);
    if (first) yield { refusal, quota, shortages: [first, ...rest], ...(object && { object }) };
  }
}

/** `pods=1,requests.cpu=60m` by resource. */
function amounts(text: string): ReadonlyMap<string, string> {
  return new Map(
    text.split(',').flatMap((pair): [string, string][] => {
      const [resource, amount] = pair.split('=');
      return resource !== undefined && amount !== undefined ? [[resource, amount]] : [];
    }),
  );
}

/** Where one more does not fit; by the numbers of now where the quota was read, else by those of the message. */
function shortagesIn(
  requested: ReadonlyMap<string, string>,
  usedThen: ReadonlyMap<string, string>,
  limitedThen: ReadonlyMap<string, string>,
  quota: ResourceQuota | undefined,
): readonly Shortage[] {
  return [...requested].flatMap(([resource, wanted]) => {
    const used = quota?.status?.used?.[resource] ?? usedThen.get(resource) ?? '0';
    const hard = quota?.status?.hard?.[resource] ?? limitedThen.get(resource) ?? '0';
    const isShort = (parseQuantity(used) ?? 0n) + (parseQuantity(wanted) ?? 0n) > (parseQuantity(hard) ?? 0n);
    return isShort ? [{ resource, requested: wanted, used, hard }] : [];
  });
}

export const exceeded: Rule = {
  id: 'quota/exceeded',
  severity: 'critical',
  confidence: 'certain',
  needs: ['ReplicaSet', 'StatefulSet', 'DaemonSet', 'Job', 'Event'],
  *check({ view }) {
    const users = new Map<string, User | undefined>();
    for (const { refusal, quota, object, shortages } of exceededQuotas(view)) {
      const { workload, severity } = refusal;
      const { namespace = '' } = refusal.controller.metadata;
      const [{ resource, requested, used, hard }] = shortages;
      const key = `${namespace}/${resource}`;
      if (!users.has(key)) users.set(key, largestUser(view, namespace, resource));
      const user = users.get(key);
      yield {
        subject: subjectOf(refusal),
        causeKey: `${quota} ${shortages.map((s) => s.resource).join(',')}`,
        severity,
        title: oneLine(
          `${workload.name} cannot create pods: quota ${quota} has ${used} of ${hard} ${resource} in use`,
          90,
        ),
        cause: [
          `${needOf(shortages)}, and quota ${quota} of ${namespace} has ${listed(shortages.map((s) => `${s.used} of ${s.hard} ${s.resource}`))} in use.`,
          user
            ? `The largest user is ${user.workload.kind.toLowerCase()}/${user.workload.name} with ${user.amount}.`
            : '',
        ]
          .filter((part) => part !== '')
          .join(' '),
        ...onset(refusal),
        evidence: [refusal.evidence, ...numbers(object, shortages), ...(user ? user.evidence : [])],
        remediation: [
          {
            text: 'See what the quota counts',
            command: `kubectl describe resourcequota ${quota}${inNamespace(namespace)}`,
          },
          {
            text:
              resource === 'pods' || resource.startsWith('count/')
                ? `Scale down what is not needed in ${namespace}`
                : `Lower the request of ${requested} per pod of ${workload.kind.toLowerCase()}/${workload.name} if its usage allows, or scale down what is not needed`,
          },
          { text: `Or ask the owner of ${namespace} for a larger quota` },
        ],
      };
    }
  },
};

/** What one more pod takes of the quota; a pod as such is not worth saying twice. */
function needOf(shortages: readonly Shortage[]): string {
  const needs = shortages.filter((s) => s.resource !== 'pods').map((s) => `${s.requested} ${s.resource}`);
  return needs.length === 0 ? 'One more pod is wanted' : `One more pod needs ${listed(needs)}`;
}

function numbers(quota: ResourceQuota | undefined, shortages: readonly Shortage[]): readonly Evidence[] {
  if (!quota) return [];
  return shortages
    .slice(0, 2)
    .flatMap(({ resource }) =>
      (['used', 'hard'] as const).map((side) => field(quota, `.status.${side}${keyStep(resource)}`)),
    );
}

interface User {
  readonly workload: ObjectRef;
  readonly amount: string;
  readonly evidence: readonly Evidence[];
}

/** The workload whose pods together hold most of a resource of the quota. */
function largestUser(view: ClusterView, namespace: string, resource: string): User | undefined {
  const pods = view.inNamespace('Pod', namespace).filter((pod) => !isFinished(pod));
  let largest: { pods: readonly Pod[]; sum: bigint; workload: ObjectRef } | undefined;
  const byOwner = groupBy(pods, (pod) => refKey(view.workload(pod)));
  for (const owned of byOwner.values()) {
    const [first] = owned;
    const sum = owned.reduce((total, pod) => total + usedBy(pod, resource), 0n);
    if (first && sum > 0n && sum > (largest?.sum ?? 0n)) largest = { pods: owned, sum, workload: view.workload(first) };
  }
  if (!largest) return undefined;
  const [pod] = largest.pods;
  const path = pod && containerPath(pod, resource);
  return {
    workload: largest.workload,
    amount:
      side(resource) === undefined
        ? count(largest.pods.length, 'pod')
        : `${formatQuantity(resource, largest.sum)} ${resource} in ${count(largest.pods.length, 'pod')}`,
    evidence: pod && path !== undefined ? [field(pod, path)] : [],
  };
}

/** `requests.cpu`, `limits.memory`, and `cpu` and `memory`, which mean requests. */
function side(resource: string): readonly ['requests' | 'limits', string] | undefined {
  const [, list, name] = /^(?:(requests|limits)\.)?(cpu|memory|ephemeral-storage)$/.exec(resource) ?? [];
  return name === undefined ? undefined : [list === 'limits' ? 'limits' : 'requests', name];
}

function usedBy(pod: Pod, resource: string): bigint {
  if (resource === 'pods' || resource === 'count/pods') return 1_000_000_000n;
  const where = side(resource);
  if (!where) return 0n;
  const [list, name] = where;
  return (pod.spec?.containers ?? []).reduce((sum, c) => sum + (parseQuantity(c.resources?.[list]?.[name]) ?? 0n), 0n);
}

function containerPath(pod: Pod, resource: string): string | undefined {
  const where = side(resource);
  if (!where) return resource === 'pods' ? '.metadata.name' : undefined;
  const [list, name] = where;
  const container = pod.spec?.containers.find((c) => c.resources?.[list]?.[name] !== undefined);
  return container && `.spec.containers[?(@.name=="${container.name}")].resources.${list}.${name}`;
}
