import type { ClusterView } from '../../cluster/index.ts';
import type { LimitRange, ResourceQuota } from '../../domain/index.ts';
import { amountOf, amountText, fractionOf, limitRange, quota, type Amount, type Resource } from '../numbers/index.ts';
import type { Check } from '../types.ts';
import { whyUnread, type Workload } from './workloads.ts';

/** A request and a limit after the LimitRanges of the namespace. */
export interface Bounded {
  readonly request: Amount;
  readonly limit?: Amount;
  readonly checks: readonly Check[];
}

/** Applies every LimitRange entry of type Container; the first that blocks ends it. */
export function withinLimitRanges(
  view: ClusterView,
  namespace: string,
  resource: Resource,
  input: { readonly request: Amount; readonly limit?: Amount; readonly observedMax: Amount },
): Bounded {
  if (!view.isComplete('LimitRange', namespace)) {
    const check: Check = { name: 'limit-range', status: 'unknown', detail: whyUnread(view, 'LimitRange', namespace) };
    return { ...input, checks: [check] };
  }
  let { request, limit } = input;
  const checks: Check[] = [];
  for (const { metadata, spec } of view.inNamespace('LimitRange', namespace))
    for (const item of spec?.limits ?? []) {
      if (item.type !== 'Container') continue;
      const object = `limitrange/${metadata.name ?? ''}`;
      const result = limitRange({
        resource,
        request,
        observedMax: input.observedMax,
        ...boundsOf(item, resource),
        ...(limit !== undefined && { limit }),
      });
      if (result.status === 'blocked') {
        const field = result.reason.startsWith('request') ? 'request' : 'limit';
        const detail = `${object} .spec.limits max.${resource} ${item.max?.[resource] ?? ''}: ${result.reason} (${field})`;
        return {
          request,
          ...(limit !== undefined && { limit }),
          checks: [...checks, { name: 'limit-range', status: 'blocked', object, detail }],
        };
      }
      ({ request, limit } = result);
      for (const note of result.notes)
        checks.push({ name: 'limit-range', status: 'changed', object, detail: noteText(note, item, resource, object) });
      const injected = item.default?.[resource] ?? item.max?.[resource];
      if (limit === undefined && injected !== undefined)
        checks.push({
          name: 'limit-range',
          status: 'warning',
          object,
          detail: `${object} gives every container without a ${resource} limit one of ${injected}`,
        });
    }
  return {
    request,
    ...(limit !== undefined && { limit }),
    checks: checks.length > 0 ? checks : [{ name: 'limit-range', status: 'ok' }],
  };
}

type Item = NonNullable<LimitRange['spec']>['limits'][number];

function boundsOf(item: Item, resource: Resource) {
  const min = amountOf(resource, item.min?.[resource]);
  const max = amountOf(resource, item.max?.[resource]);
  const ratio = fractionOf(item.maxLimitRequestRatio?.[resource] ?? '');
  return { ...(min !== undefined && { min }), ...(max !== undefined && { max }), ...(ratio && { ratio }) };
}

function noteText(note: 'min' | 'max' | 'ratio', item: Item, resource: Resource, object: string): string {
  if (note === 'min') return `request raised to min ${item.min?.[resource] ?? ''} of ${object}`;
  if (note === 'max') return `limit lowered to max ${item.max?.[resource] ?? ''} of ${object}`;
  return `request raised for maxLimitRequestRatio ${item.maxLimitRequestRatio?.[resource] ?? ''} of ${object}`;
}

/** Room in every quota of the namespace that counts this resource, while the pods are replaced. */
export function quotaChecks(
  view: ClusterView,
  workload: Workload,
  resource: Resource,
  pod: { readonly old: Amount; readonly new: Amount },
): readonly Check[] {
  const { namespace, replicas, maxSurge } = workload;
  if (!view.isComplete('ResourceQuota', namespace))
    return [{ name: 'quota', status: 'unknown', detail: whyUnread(view, 'ResourceQuota', namespace) }];
  const checks: Check[] = [];
  for (const object of view.inNamespace('ResourceQuota', namespace)) {
    if (!counts(object, workload)) continue;
    for (const key of [`requests.${resource}`, resource]) {
      const hard = amountOf(resource, object.status?.hard?.[key] ?? object.spec?.hard?.[key]);
      if (hard === undefined) continue;
      const used = amountOf(resource, object.status?.used?.[key]) ?? 0n;
      const result = quota({ used, hard, old: pod.old, new: pod.new, replicas, maxSurge });
      if (result.fits) continue;
      const name = `resourcequota/${object.metadata.name ?? ''}`;
      const text = (amount: Amount) => amountText(resource, amount);
      checks.push({
        name: 'quota',
        status: 'blocked',
        object: name,
        detail: `${name} ${key}: ${text(result.peak)} needed during the rollout (${replicas + result.surge} pods), hard ${text(hard)}`,
      });
    }
  }
  return checks.length > 0 ? checks : [{ name: 'quota', status: 'ok' }];
}

/** True when the quota counts pods of this workload; scopes that it cannot judge count, so that nothing is promised. */
function counts({ spec }: ResourceQuota, { podSpec }: Workload): boolean {
  const isTerminating = podSpec?.activeDeadlineSeconds !== undefined;
  const scopes = [...(spec?.scopes ?? []), ...(spec?.scopeSelector?.matchExpressions ?? []).map((e) => e.scopeName)];
  if (scopes.includes('Terminating') && !isTerminating) return false;
  if (scopes.includes('NotTerminating') && isTerminating) return false;
  if (scopes.includes('BestEffort')) return false;
  const priority = spec?.scopeSelector?.matchExpressions?.find(
    (e) => e.scopeName === 'PriorityClass' && e.operator === 'In',
  );
  return !priority || (priority.values ?? []).includes(podSpec?.priorityClassName ?? '');
}
