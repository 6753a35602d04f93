import type { ClusterView } from '../../cluster/index.ts';
import type { ObjectRef, Usage } from '../../domain/index.ts';
import {
  averageReplicas,
  effectivePodRequest,
  managerOf,
  qosOf,
  usageIndex,
  vpasFromView,
  workloadsOf,
  type Setting,
} from '../facts/index.ts';
import {
  amountText,
  money,
  monthlyCost,
  riskOf,
  type Amount,
  type Fraction,
  type Resource,
  type RiskResult,
} from '../numbers/index.ts';
import type { HpaEffect, ResourceRecommendation, SizingSettings, VpaEffect } from '../types.ts';
import { draftsOf, type Surroundings } from './draft.ts';
import { notesOf } from './notes.ts';
import { patchesOf } from './patch.ts';
import { isChange, planWorkload, type Planned } from './plan.ts';
import { rationaleOf } from './rationale.ts';

/**
 * What every container of the wanted workloads should ask for, the most urgent first. Pure: the same facts and usage
 * give the same list, in whatever order they were read. Nodes, quotas and other pods are judged by the whole view.
 */
export function recommendResources(
  view: ClusterView,
  usage: Usage,
  settings: SizingSettings,
  isWanted: (workload: ObjectRef) => boolean = () => true,
): readonly ResourceRecommendation[] {
  const around: Surroundings = {
    view,
    usage: usageIndex(usage),
    settings,
    vpas: settings.vpas ?? vpasFromView(view),
  };
  const plans = workloadsOf(view)
    .filter((w) => isWanted(w.ref))
    .flatMap((w) => planWorkload(around, w, draftsOf(around, w)));
  const fleet = { cpu: fleetRequest(plans, 'cpu'), memory: fleetRequest(plans, 'memory') };
  return plans
    .map((plan) => itemOf(around, plan, fleet[plan.draft.resource]))
    .sort((a, b) => a.rank.priority - b.rank.priority || byUrgency(a, b))
    .map(({ item }) => item);
}

/** All requests of the rows that have data. */
function fleetRequest(plans: readonly Planned[], resource: Resource): Amount {
  return plans
    .filter(({ draft }) => draft.resource === resource && draft.usage.n > 0)
    .reduce((sum, { draft }) => sum + (draft.today.request ?? 0n) * BigInt(draft.workload.replicas), 0n);
}

interface Ranked {
  readonly item: ResourceRecommendation;
  readonly rank: { readonly priority: number; readonly cost: Fraction };
}

const NO_PRIORITY = 9;
const NOTHING: Fraction = { num: 0n, den: 1n };

/** Memory before CPU, much money before little, then by name. */
function byUrgency(a: Ranked, b: Ranked): number {
  const memoryFirst = Number(a.item.resource === 'cpu') - Number(b.item.resource === 'cpu');
  if (memoryFirst !== 0) return memoryFirst;
  const [x, y] = [magnitude(a.rank.cost), magnitude(b.rank.cost)];
  const difference = y.num * x.den - x.num * y.den;
  if (difference !== 0n) return difference > 0n ? 1 : -1;
  return nameOf(a.item) < nameOf(b.item) ? -1 : 1;
}

function magnitude({ num, den }: Fraction): Fraction {
  return { num: num < 0n ? -num : num, den };
}

function nameOf({ namespace, workload, container }: ResourceRecommendation): string {
  return [namespace, workload.name, workload.kind, container].join('\u0000');
}

function itemOf(around: Surroundings, plan: Planned, fleet: Amount): Ranked {
  const { draft, target, action } = plan;
  const { workload, container, resource, usage, today } = draft;
  const text = (amount: Amount | undefined) => (amount === undefined ? null : amountText(resource, amount));
  const replaced = new Map(isChange(plan) ? [[container.name, target] as const] : []);
  const delta = {
    old: effectivePodRequest(workload, resource),
    new: effectivePodRequest(workload, resource, replaced),
  };
  const costReplicas = averageReplicas(around.usage.replicas(workload)) ?? { num: BigInt(workload.replicas), den: 1n };
  const isRequestChanged = isChange(plan) && target.request !== today.request;
  const cost = isRequestChanged
    ? monthlyCost({ [resource]: delta.old }, { [resource]: delta.new }, costReplicas, around.settings.prices)
    : undefined;
  const risk = riskFor(plan, fleet);
  const before = qosOf(workload);
  const qos = { before, after: isChange(plan) ? qosOf(workload, resource, replaced) : before };
  const owner = managerOf(workload);
  const vpa = vpaEffect(plan);
  const none = { apply: null, rollback: null };
  const item: Omit<ResourceRecommendation, 'rationale'> = {
    namespace: workload.namespace,
    workload: { kind: workload.ref.kind, name: workload.ref.name },
    container: container.name,
    role: container.role === 'sidecar' ? 'sidecar' : 'main',
    resource,
    replicas: workload.replicas,
    usage: {
      p95: usage.status === 'ok' && draft.rule ? String(usage.p95) : null,
      max: usage.max === undefined ? null : String(usage.max),
      unit: resource === 'cpu' ? 'nanocores' : 'bytes',
      samples: usage.n,
      coveredHours: draft.coveredHours,
      windowHours: around.usage.windowHours,
      pod: usage.pod ?? null,
      throttledPercent: draft.throttledPercent ?? null,
    },
    current: { request: text(today.request), limit: text(today.limit) },
    recommended: recommendedOf(plan, text),
    action,
    reasons: plan.reasons,
    priority: risk?.priority ?? null,
    risk: risk?.risk ?? null,
    confidence: hasNumbers(plan) && draft.confidence ? draft.confidence.hundredths / 100 : null,
    confidenceLimitedBy: hasNumbers(plan) ? (draft.confidence?.limitedBy ?? null) : null,
    caps: draft.caps,
    backtest: draft.backtest,
    qos,
    hpa: hpaEffect(plan),
    vpa,
    checks: plan.checks,
    cost: cost ? { monthlyDelta: money(cost), currency: around.settings.prices.currency } : null,
    owner,
    ...(isChange(plan) ? patchesOf(workload, container, resource, owner, draft.written, target) : none),
    notes: notesOf(plan, qos, vpa),
  };
  return {
    item: { ...item, rationale: rationaleOf(plan, { around, item, costReplicas, delta }) },
    rank: { priority: risk?.priority ?? NO_PRIORITY, cost: cost ?? NOTHING },
  };
}

/** Numbers stand in every row but those without data; an OOM gives a limit even there. */
function hasNumbers({ draft, action }: Planned): boolean {
  return draft.rule !== undefined || action === 'increase';
}

function recommendedOf(
  plan: Planned,
  text: (amount: Amount | undefined) => string | null,
): ResourceRecommendation['recommended'] {
  const { draft, target } = plan;
  const { rule } = draft;
  if (!rule)
    return hasNumbers(plan) ? { request: text(target.request), limit: text(target.limit), limitBy: 'oom-guard' } : null;
  const shown: Setting = isChange(plan) ? target : rule;
  const limitBy = shown.limit === rule.limit ? (rule.limitBy ?? null) : 'today';
  return { request: text(shown.request), limit: text(shown.limit), limitBy };
}

function riskFor(plan: Planned, fleetRequest: Amount): RiskResult | undefined {
  const { resource, usage, rule, today, oom, throttledPercent, workload } = plan.draft;
  if (!rule || usage.status !== 'ok') return hasNumbers(plan) ? { priority: 1, risk: 'oom' } : undefined;
  return riskOf({
    resource,
    p95: usage.p95,
    max: usage.max,
    ...today,
    oom: oom.seen,
    ...(throttledPercent !== undefined && { throttledPercent }),
    ruleRequest: rule.request,
    ...(rule.limit !== undefined && { ruleLimit: rule.limit }),
    replicas: workload.replicas,
    fleetRequest,
  });
}

function hpaEffect({ draft, hpaChange }: Planned): HpaEffect | null {
  if (draft.hpa.state !== 'found') return null;
  const { name, min, max, current } = draft.hpa.hpa;
  const { target, regulating, note } = draft.regulation;
  return {
    name,
    min,
    max,
    replicas: current,
    target: target ?? null,
    regulating,
    change: hpaChange
      ? {
          decision: hpaChange.decision,
          target: hpaChange.target,
          utilBefore: hpaChange.utilBefore,
          utilAfter: hpaChange.utilAfter,
        }
      : null,
    note: note ?? null,
  };
}

function vpaEffect({ draft }: Planned): VpaEffect {
  if (draft.vpa.state !== 'found') return draft.vpa;
  const { name, mode, inControl, target } = draft.vpa.vpa;
  return {
    state: 'found',
    name,
    mode,
    inControl,
    target: target === undefined ? null : amountText(draft.resource, target),
  };
}
