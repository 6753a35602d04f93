import {
  effectivePodRequest,
  nodeFit,
  quotaChecks,
  runningRequest,
  targetOf,
  type Replaced,
  type Setting,
  type Workload,
} from '../facts/index.ts';
import {
  actionFor,
  hpaRequestChange,
  largest,
  oomGuard,
  type ActionName,
  type Amount,
  type HpaRequestChange,
  type Resource,
} from '../numbers/index.ts';
import type { Check, ReasonCode } from '../types.ts';
import { podAverage, type Draft, type Surroundings } from './draft.ts';

/** A draft with what is to be done about it, now that the whole pod was looked at. */
export interface Planned {
  readonly draft: Draft;
  readonly action: ActionName;
  readonly reasons: readonly ReasonCode[];
  /** What would be set; today's values where nothing is. */
  readonly target: Setting;
  readonly checks: readonly Check[];
  readonly hpaChange?: HpaRequestChange;
}

const CHANGES: ReadonlySet<ActionName> = new Set(['set', 'increase', 'decrease']);

export const isChange = ({ action }: Pick<Planned, 'action'>): boolean => CHANGES.has(action);

/** The drafts of one workload, judged together: autoscaler, quota and nodes see the pod, not the container. */
export function planWorkload(around: Surroundings, workload: Workload, drafts: readonly Draft[]): readonly Planned[] {
  const memory = underAutoscaler(around, workload, 'memory', alone(drafts, 'memory'));
  const cpu = underAutoscaler(around, workload, 'cpu', alone(drafts, 'cpu'));
  return withRoom(around, workload, [...memory, ...cpu]);
}

function alone(drafts: readonly Draft[], resource: Resource): readonly Planned[] {
  return drafts.filter((d) => d.resource === resource).map(planAlone);
}

function planAlone(draft: Draft): Planned {
  const { resource, written, today, rule, checks, usage, regulation, vpa, heap, oom } = draft;
  if (!rule) return planWithoutSamples(draft);
  const blockedBy = checks.find((c) => c.status === 'blocked');
  const { action, reasons, holds } = actionFor({
    resource,
    ...(usage.status === 'ok' && { p95: usage.p95 }),
    ...written,
    // A limit that stands alone is today's request, which is not missing for the scheduler but for whoever reads the manifest.
    ruleRequest: rule.request,
    ...(rule.limit !== undefined && { ruleLimit: rule.limit }),
    confidenceHundredths: draft.confidence?.hundredths ?? 0,
    backtestFailed: draft.backtest.verdict === 'failed',
    oom: oom.seen,
    hpaRegulating: regulation.regulating,
    vpaInControl: vpa.state === 'found' && vpa.vpa.inControl,
    heapUnknown: heap.unknown,
    blocked: blockedBy !== undefined,
  });
  const codes: ReasonCode[] = [...reasons];
  if (blockedBy) codes.push(blockedBy.name === 'policy' ? 'exceeds-policy-maximum' : 'limit-range');
  if (draft.hpa.state === 'unknown' && reasons.includes('hpa-regulating')) codes.push('hpa-unknown');
  const target = !CHANGES.has(action)
    ? today
    : holds.length > 0
      ? notLowered(rule, today)
      : { request: rule.request, ...(rule.limit !== undefined && { limit: rule.limit }) };
  return { draft, action, reasons: codes, target, checks };
}

/** After an OOM the limit grows even without samples; nothing else is known, and nothing else changes. */
function planWithoutSamples(draft: Draft): Planned {
  const { oom, today, written, vpa, missing, checks } = draft;
  const codes: ReasonCode[] = missing ? [missing.code] : [];
  const guard = oom.limit === undefined ? undefined : oomGuard(oom.limit);
  const isHigher = guard !== undefined && guard > (today.limit ?? 0n);
  if (!oom.seen || !isHigher) return { draft, action: 'insufficient-data', reasons: codes, target: today, checks };
  const target = { ...written, limit: largest(guard, today.request ?? 0n) };
  if (vpa.state === 'found' && vpa.vpa.inControl)
    return { draft, action: 'hold', reasons: ['vpa-in-control', ...codes], target: today, checks };
  return { draft, action: 'increase', reasons: ['oom-guard', ...codes], target, checks };
}

/** With a reason to hold, what is higher today stays so. */
function notLowered(rule: Setting, today: Setting): Setting {
  const request = larger(rule.request, today.request);
  // A limit that is new may lie below the request that stays.
  const limit =
    rule.limit === undefined && today.limit === undefined
      ? undefined
      : larger(larger(rule.limit, today.limit), request);
  return { ...(request !== undefined && { request }), ...(limit !== undefined && { limit }) };
}

function larger(a: Amount | undefined, b: Amount | undefined): Amount | undefined {
  return a === undefined || (b !== undefined && b > a) ? b : a;
}

/** The containers whose setting changes, as they would be. */
export function replacedBy(plans: readonly Planned[], resource: Resource): Replaced {
  return new Map(
    plans.filter((p) => p.draft.resource === resource && isChange(p)).map((p) => [p.draft.container.name, p.target]),
  );
}

/** What a change of requests means for the autoscaler's target; lowered requests may have to stay, or to stay higher. */
function underAutoscaler(
  { usage: index }: Surroundings,
  workload: Workload,
  resource: Resource,
  plans: readonly Planned[],
): readonly Planned[] {
  const hpa = plans[0]?.draft.hpa;
  if (hpa?.state !== 'found') return plans;
  let result = plans;
  for (const plan of plans) {
    const name = plan.draft.container.name;
    const metric = targetOf(hpa.hpa, resource, name);
    if (!metric) continue;
    const isOwn = metric.container !== undefined;
    const before = isOwn ? (plan.draft.today.request ?? 0n) : runningRequest(workload, resource).sum;
    const after = isOwn
      ? (plan.target.request ?? before)
      : runningRequest(workload, resource, replacedBy(plans, resource)).sum;
    if (before === after || before === 0n) continue;
    const own = plan.draft.usage.status === 'ok' ? plan.draft.usage.p95 : 0n;
    const change = hpaRequestChange({
      resource,
      target: metric.percent,
      oldPodRequest: before,
      newPodRequest: after,
      p95PerPod: isOwn ? own : podAverage(index, workload, resource),
    });
    const concerned = (p: Planned) => !isOwn || p.draft.container.name === name;
    result = adjusted(result, concerned, change, after);
    if (!isOwn) break;
  }
  return result;
}

function adjusted(
  plans: readonly Planned[],
  concerned: (plan: Planned) => boolean,
  change: HpaRequestChange,
  after: Amount,
): readonly Planned[] {
  let shortfall = change.decision === 'raise-request' ? change.podRequest - after : 0n;
  return plans.map((plan): Planned => {
    if (!concerned(plan)) return plan;
    const { target, draft } = plan;
    const { request = 0n } = draft.today;
    const lowered = isChange(plan) && target.request !== undefined ? request - target.request : 0n;
    if (change.decision === 'keep-request' && lowered > 0n)
      return plan.action === 'decrease'
        ? { ...plan, action: 'hold', reasons: ['hpa-target'], target: draft.today, hpaChange: change }
        : { ...plan, target: notLowered(target, draft.today), hpaChange: change };
    const raise = lowered > 0n ? (shortfall < lowered ? shortfall : lowered) : 0n;
    if (raise <= 0n) return { ...plan, hpaChange: change };
    shortfall -= raise;
    const raised = notLowered(target, { request: (target.request ?? 0n) + raise });
    const limit = target.limit === undefined ? undefined : larger(target.limit, raised.request);
    return { ...plan, target: { ...raised, ...(limit !== undefined && { limit }) }, hpaChange: change };
  });
}

/** Quota and nodes: the pod as it would be, with all its changes. */
function withRoom(around: Surroundings, workload: Workload, plans: readonly Planned[]): readonly Planned[] {
  const sizes = (resource: Resource) => ({
    old: effectivePodRequest(workload, resource),
    new: effectivePodRequest(workload, resource, replacedBy(plans, resource)),
  });
  const pod = { cpu: sizes('cpu'), memory: sizes('memory') };
  const changes = {
    cpu: plans.some((p) => isCpu(p) && isChange(p)),
    memory: plans.some((p) => !isCpu(p) && isChange(p)),
  };
  if (!changes.cpu && !changes.memory) return plans;
  // Each resource by itself: a request of memory that is too large is no reason to refuse one of CPU.
  const fit = (resource: Resource) =>
    nodeFit(around.view, workload, {
      cpu: resource === 'cpu' ? pod.cpu.new : pod.cpu.old,
      memory: resource === 'memory' ? pod.memory.new : pod.memory.old,
    });
  const found = {
    cpu: changes.cpu ? [...quotaChecks(around.view, workload, 'cpu', pod.cpu), fit('cpu')] : [],
    memory: changes.memory ? [...quotaChecks(around.view, workload, 'memory', pod.memory), fit('memory')] : [],
  };
  return plans.map((plan): Planned => {
    if (!isChange(plan)) return plan;
    const checks = [...plan.checks, ...found[plan.draft.resource]];
    const blocked = checks.find((c) => c.status === 'blocked');
    if (!blocked) return { ...plan, checks };
    return { ...plan, action: 'blocked', reasons: [reasonOf(blocked)], checks };
  });
}

const isCpu = (plan: Planned) => plan.draft.resource === 'cpu';

function reasonOf({ name }: Check): ReasonCode {
  return name === 'policy' ? 'exceeds-policy-maximum' : name;
}
