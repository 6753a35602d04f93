import type { ClusterView } from '../../cluster/index.ts';
import type { ObjectRef, Usage } from '../../domain/index.ts';
import {
  effectivePodRequest,
  hpaOf,
  isBatch,
  managerOf,
  usageIndex,
  workloadsOf,
  type HpaLookup,
  type Workload,
} from '../facts/index.ts';
import { amountText, money, monthlyCost } from '../numbers/index.ts';
import { notTested } from '../resources/test-back.ts';
import { decide, type Verdict } from './decide.ts';
import { measure, type Around, type Measured } from './measure.ts';
import { hpaChange, replicaChange } from './patch.ts';
import type { HpaShape, ScalingAction, ScalingRecommendation, ScalingSettings } from './types.ts';

/** How many pods every wanted workload should run, or the autoscaler that should decide it; by namespace and name. */
export function recommendScaling(
  view: ClusterView,
  usage: Usage,
  settings: ScalingSettings,
  isWanted: (workload: ObjectRef) => boolean = () => true,
): readonly ScalingRecommendation[] {
  const around: Around = { view, usage: usageIndex(usage), settings };
  const order = (r: ScalingRecommendation) => [r.namespace, r.workload.name, r.workload.kind].join('\u0000');
  return workloadsOf(view)
    .filter((w) => isWanted(w.ref))
    .map((w) => adviceFor(around, w))
    .sort((a, b) => (order(a) < order(b) ? -1 : 1));
}

function adviceFor(around: Around, workload: Workload): ScalingRecommendation {
  const series = around.usage.series(workload);
  const hpa = hpaOf(around.view, workload);
  const unsuited = whyNotApplicable(workload);
  if (unsuited !== undefined)
    return written(around, workload, hpa, undefined, { action: 'not-applicable', reasons: [unsuited] });
  if (workload.replicas === 0)
    return written(around, workload, hpa, undefined, { action: 'not-applicable', reasons: ['scaled to zero'] });
  const measured = measure(around, series);
  if (typeof measured === 'string') {
    const why = around.usage.unread(workload) ?? measured;
    return written(around, workload, hpa, undefined, { action: 'insufficient-data', reasons: [why] });
  }
  return written(around, workload, hpa, measured, decide(around, workload, hpa, measured));
}

function whyNotApplicable(workload: Workload): string | undefined {
  const { kind } = workload.ref;
  if (kind === 'DaemonSet') return 'a DaemonSet runs one pod for each node';
  if (isBatch(workload)) return 'a job runs to its end';
  if (kind === 'Pod') return 'a bare pod has no replicas';
  return undefined;
}

function written(
  around: Around,
  workload: Workload,
  hpa: HpaLookup,
  measured: Measured | undefined,
  verdict: Verdict,
): ScalingRecommendation {
  const { ref, namespace, replicas: current } = workload;
  const { settings, usage } = around;
  const { action, replicas = { current, needed: null, recommended: null, cap: null, capped: false } } = verdict;
  const existing = hpa.state === 'found' ? hpa.hpa : undefined;
  const owner = managerOf(workload);
  const next = action === 'enable-hpa' ? verdict.expectedAtP95 : replicas.recommended;
  const moves = action === 'scale-up' || action === 'scale-down' || action === 'enable-hpa';
  const pod = { cpu: effectivePodRequest(workload, 'cpu'), memory: effectivePodRequest(workload, 'memory') };
  const added = { num: BigInt((next ?? current) - current), den: 1n };
  const cost = moves ? monthlyCost({}, pod, added, settings.prices) : undefined;
  const change = owner.refusesPatch
    ? undefined
    : changeFor(workload, action, replicas.recommended ?? current, verdict.proposed, existing?.max);
  const perPod = measured && measured.total / BigInt(Math.max(current, 1));
  return {
    namespace,
    workload: { kind: ref.kind, name: ref.name },
    replicas,
    usage: {
      p95Total: measured ? String(measured.total) : null,
      perPod: perPod === undefined ? null : String(perPod),
      samples: measured?.samples ?? 0,
      coveredHours: measured?.coveredHours ?? 0,
      windowHours: usage.windowHours,
    },
    podRequest: verdict.podRequest === undefined ? null : amountText('cpu', verdict.podRequest),
    utilization: verdict.utilization ?? null,
    hpa: {
      existing: existing
        ? {
            name: existing.name,
            target: existing.targets.find((t) => t.resource === 'cpu')?.percent ?? null,
            min: existing.min,
            max: existing.max,
          }
        : null,
      proposed: verdict.proposed ?? null,
      expectedAtP95: verdict.expectedAtP95 ?? null,
    },
    primary: verdict.primary ?? null,
    alternative: verdict.alternative ?? null,
    action,
    reasons: verdict.reasons ?? [],
    confidence: measured ? measured.confidence.hundredths / 100 : null,
    confidenceLimitedBy: measured?.confidence.limitedBy ?? null,
    caps: measured?.caps ?? [],
    backtest: notTested('scaling is not tested back'),
    checks: verdict.checks ?? [],
    cost: cost ? { monthlyDelta: money(cost), currency: settings.prices.currency } : null,
    owner,
    apply: change?.apply ?? null,
    rollback: change?.rollback ?? null,
    notes: verdict.notes ?? [],
    rationale: [
      ...(measured
        ? [
            `${usage.usage.source.kind} ${usage.usage.source.name}: window ${usage.windowHours} h, ${measured.samples} samples in ${measured.coveredHours} h`,
          ]
        : []),
      ...(verdict.lines ?? []),
      ...(verdict.alternative === undefined ? [] : [`alternative: ${verdict.alternative}`]),
      ...(measured
        ? [`confidence ${(measured.confidence.hundredths / 100).toFixed(2)}: ${measured.confidence.limitedBy}`]
        : []),
      ...(verdict.notes ?? []).map((n) => n.text),
      ...(verdict.checks ?? []).flatMap((c) => c.detail ?? []),
      ...(owner.advice === undefined ? [] : [owner.advice]),
      ...(cost
        ? [
            `${settings.prices.cpuCoreHour} per core-hour and ${settings.prices.memoryGiBHour} per GiB-hour x 730 h: ${money(cost)} ${settings.prices.currency} a month; savings appear when nodes are removed`,
          ]
        : []),
    ],
  };
}

function changeFor(
  workload: Workload,
  action: ScalingAction,
  recommended: number,
  proposed: HpaShape | undefined,
  existingMax: number | undefined,
): Pick<ScalingRecommendation, 'apply' | 'rollback'> | undefined {
  if (action === 'scale-up' || action === 'scale-down') return replicaChange(workload, recommended);
  if ((action === 'enable-hpa' || action === 'raise-max') && proposed)
    return hpaChange(workload, proposed, existingMax);
  return undefined;
}
