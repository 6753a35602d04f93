import { cpuRule, hpaExpected, LOW, replicasFor, amountText, workloadP95, type Amount } from '../numbers/index.ts';
import { isCustom, readingsOf, runningRequest, type HpaLookup, type Replaced, type Workload } from '../facts/index.ts';
import type { Check, Note } from '../types.ts';
import { minAvailable, type Around, type Measured } from './measure.ts';
import type { HpaShape, ScalingAction, ScalingRecommendation } from './types.ts';

const TARGET = 70;
const HPA_MIN = 1;
const HPA_MAX = 3;
const MIN_HOURS_TO_SHRINK = 24;

/** What was decided, before it is written out. */
export interface Verdict {
  readonly action: ScalingAction;
  readonly reasons?: readonly string[];
  readonly replicas?: ScalingRecommendation['replicas'];
  readonly podRequest?: Amount;
  readonly utilization?: number;
  readonly proposed?: HpaShape;
  readonly expectedAtP95?: number;
  readonly primary?: 'hpa' | 'replicas';
  readonly alternative?: string;
  readonly notes?: readonly Note[];
  readonly checks?: readonly Check[];
  readonly lines?: readonly string[];
}

export function decide(around: Around, workload: Workload, hpa: HpaLookup, measured: Measured): Verdict {
  const { settings } = around;
  const current = workload.replicas;
  const request = runningRequest(workload, 'cpu');
  if (request.missing.length > 0) return blockedWithout(around, workload, measured, request.missing);
  const budget = minAvailable(around.view, workload, current);
  const existing = hpa.state === 'found' ? hpa.hpa : undefined;
  const result = replicasFor({
    current,
    p95Total: measured.total,
    podRequest: request.sum,
    ...(settings.minReplicas !== undefined && { minReplicas: settings.minReplicas }),
    ...(settings.maxReplicas !== undefined && { maxReplicas: settings.maxReplicas }),
    ...(existing && { hpaMin: existing.min, hpaMax: existing.max }),
    pdbMinAvailable: budget.min,
  });
  if (result.status === 'blocked') return { action: 'blocked', reasons: [result.reason] };
  const text = (amount: Amount) => amountText('cpu', amount);
  const base = {
    podRequest: request.sum,
    utilization: result.utilization,
    checks: budget.checks,
    replicas: {
      current,
      needed: result.raw,
      recommended: result.replicas,
      cap: result.cap,
      capped: result.capped,
    },
    lines: [
      `replicas = p95 of all pods ${text(measured.total)} x 1.3 / request ${text(request.sum)} = ${result.raw}`,
      ...(result.capped ? [`capped at ${result.cap}, needs ${result.raw}`] : []),
      ...(result.minimum > result.raw
        ? [`at least ${result.minimum} (minimum of flags, autoscaler and disruption budgets)`]
        : []),
    ],
  };
  if (existing) return { ...base, ...underHpa(existing, measured.total, request.sum, current) };
  if (hpa.state === 'unknown')
    return { ...base, action: 'hold', reasons: [`autoscalers could not be read: ${hpa.why}`] };
  return { ...base, ...withoutHpa(around, workload, measured, request.sum, result, base.lines) };
}

/** Without a request there is nothing to divide by; what the recommended one would give is said beside it. */
function blockedWithout(
  { usage }: Around,
  workload: Workload,
  { total }: Measured,
  missing: readonly string[],
): Verdict {
  const ruled: Replaced = new Map(
    missing.flatMap((name) => {
      const own = workloadP95(new Map(usage.series(workload, name).map((s) => [s.pod, readingsOf(s, 'cpu')])));
      return own.status === 'ok' ? [[name, { request: cpuRule(own).request }] as const] : [];
    }),
  );
  const { sum, missing: still } = runningRequest(workload, 'cpu', ruled);
  const result = replicasFor({ current: workload.replicas, p95Total: total, podRequest: sum });
  const then =
    still.length === 0 && result.status === 'ok'
      ? [`with the recommended request of ${amountText('cpu', sum)} a pod: ${result.replicas} replicas`]
      : [];
  return {
    action: 'blocked',
    reasons: ['set a CPU request first'],
    lines: [`${missing.join(', ')} without a CPU request: see recommend resources`, ...then],
  };
}

type Replicas = Extract<ReturnType<typeof replicasFor>, { status: 'ok' }>;

/** An autoscaler decides the number: only its bounds can be advised, never the number itself. */
function underHpa(
  hpa: Extract<HpaLookup, { state: 'found' }>['hpa'],
  total: Amount,
  podRequest: Amount,
  current: number,
): Verdict {
  const target = hpa.targets.find((t) => t.resource === 'cpu' && t.container === undefined)?.percent;
  if (target === undefined)
    return { action: 'keep', reasons: [`HPA ${hpa.name} follows something else than the CPU of the pod`] };
  const expected = hpaExpected({ p95Total: total, podRequest, target, min: hpa.min, max: hpa.max });
  if (expected.capped && current >= hpa.max)
    return {
      action: 'raise-max',
      reasons: [`HPA ${hpa.name} stands at its maximum ${hpa.max}, p95 needs ${expected.raw}`],
      primary: 'hpa',
      proposed: { name: hpa.name, target, min: hpa.min, max: expected.raw },
      expectedAtP95: expected.raw,
    };
  return { action: 'keep', reasons: [`HPA ${hpa.name} decides`], primary: 'hpa', expectedAtP95: expected.replicas };
}

function withoutHpa(
  { settings }: Around,
  workload: Workload,
  measured: Measured,
  podRequest: Amount,
  result: Replicas,
  lines: readonly string[],
): Verdict {
  const { total } = measured;
  const current = workload.replicas;
  const max = Math.max(settings.maxReplicas ?? HPA_MAX, current);
  const min = Math.max(settings.minReplicas ?? HPA_MIN, HPA_MIN);
  const expected = hpaExpected({ p95Total: total, podRequest, target: TARGET, min, max });
  const proposed: HpaShape = { name: workload.ref.name, target: TARGET, min, max };
  const mayScale = workload.ref.kind !== 'StatefulSet' && !isCustom(workload) && settings.metricsApi;
  const isBusy = 100n * total > BigInt(TARGET * current) * podRequest;
  const primary = settings.as ?? (mayScale && isBusy ? 'hpa' : 'replicas');
  const hpaText = `an autoscaler at ${TARGET}% (${min} to ${max}) would run ${expected.replicas} at p95${expected.capped ? `, needs ${expected.raw}` : ''}`;
  const hpaLine = `HPA: p95 of all pods x 100 / (${TARGET} x request) = ${expected.raw}; no 1.3 on top, ${TARGET}% leaves 30% already`;
  const replicasText = `${result.replicas} replicas without an autoscaler`;
  if (primary === 'hpa') {
    const missing = settings.metricsApi ? [] : ['metrics-server not available'];
    return {
      action: missing.length > 0 ? 'blocked' : 'enable-hpa',
      reasons: missing.length > 0 ? missing : [`utilisation ${result.utilization}%`],
      primary,
      proposed,
      expectedAtP95: expected.replicas,
      alternative: replicasText,
      lines: [...lines, hpaLine, '📋 consider an ADR: an autoscaler decides from now on how many pods run'],
    };
  }
  const shown = {
    primary,
    alternative: hpaText,
    expectedAtP95: expected.replicas,
    lines: [...lines, hpaLine],
  } as const;
  if (result.replicas > current) return { ...shown, action: 'scale-up', reasons: [`needs ${result.raw}`] };
  if (result.replicas === current) return { ...shown, action: 'keep', reasons: [] };
  const holds = [
    ...(measured.coveredHours < MIN_HOURS_TO_SHRINK
      ? [`${measured.coveredHours} h of data, ${MIN_HOURS_TO_SHRINK} are needed`]
      : []),
    ...(measured.confidence.hundredths < LOW ? ['low-confidence'] : []),
  ];
  const note: Note = {
    code: 'single-replica',
    text: 'one replica has no redundancy: a restart or a lost node is an outage',
  };
  return {
    ...shown,
    action: holds.length > 0 ? 'hold' : 'scale-down',
    reasons: holds.length > 0 ? holds : [`needs ${result.raw}`],
    notes: result.replicas === 1 ? [note] : [],
  };
}
