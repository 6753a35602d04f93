import type { ClusterView } from '../../cluster/index.ts';
import { matchesSelector, templateOf, type UsageSeries } from '../../domain/index.ts';
import { totalUsage, whyUnread, type UsageIndex, type Workload } from '../facts/index.ts';
import {
  confidence,
  coveredHours,
  MIN_SAMPLES,
  MIN_SPAN_SECONDS,
  p95Of,
  type Amount,
  type Cap,
  type Confidence,
} from '../numbers/index.ts';
import type { Check } from '../types.ts';
import type { ScalingSettings } from './types.ts';

export interface Around {
  readonly view: ClusterView;
  readonly usage: UsageIndex;
  readonly settings: ScalingSettings;
}

/** Everything measured about one workload. */
export interface Measured {
  readonly total: Amount;
  readonly samples: number;
  readonly coveredHours: number;
  readonly confidence: Confidence;
  readonly caps: readonly Cap[];
}

/** What was measured, or why nothing can be said. */
export function measure({ usage }: Around, series: readonly UsageSeries[]): Measured | string {
  const total = totalUsage(series, 'cpu');
  const p95 = p95Of(total);
  const stepSeconds = series[0]?.stepSeconds ?? 0;
  if (p95 === undefined) return `no samples in ${usage.usage.source.name}`;
  if (total.length < MIN_SAMPLES || (total.length - 1) * stepSeconds < MIN_SPAN_SECONDS)
    return `${total.length} samples, ${MIN_SAMPLES} over an hour are needed`;
  const parts = series.map((s) => ({ values: s.cpu, stepSeconds: s.stepSeconds, startMs: s.startMs }));
  const hours = coveredHours(parts, usage.usage.window.endMs, usage.windowHours);
  const caps: Cap[] = usage.usage.partialResponse ? ['partial-response'] : [];
  const trust = confidence({ samples: total.length, coveredHours: hours, windowHours: usage.windowHours, caps });
  return { total: p95, samples: total.length, coveredHours: hours, confidence: trust, caps };
}

/** The most pods that a disruption budget of this workload wants to see; percentages round up, as the API does. */
export function minAvailable(
  view: ClusterView,
  workload: Workload,
  current: number,
): { readonly min: number; readonly checks: readonly Check[] } {
  if (!view.isComplete('PodDisruptionBudget', workload.namespace)) {
    const detail = `disruption budgets: ${whyUnread(view, 'PodDisruptionBudget', workload.namespace)}`;
    return { min: 0, checks: [{ name: 'disruption-budget', status: 'unknown', detail }] };
  }
  const labels = workload.object && templateOf(workload.object)?.metadata?.labels;
  let min = 0;
  const checks: Check[] = [];
  for (const { metadata, spec } of view.inNamespace('PodDisruptionBudget', workload.namespace)) {
    if (!matchesSelector(spec?.selector, labels)) continue;
    const wanted: unknown = spec?.minAvailable;
    const percent = /^(\d+)%$/.exec(String(wanted))?.[1];
    const count = percent === undefined ? Number(wanted ?? 0) : Math.ceil((Number(percent) * current) / 100);
    if (!(count > min)) continue;
    min = count;
    const object = `poddisruptionbudget/${metadata.name ?? ''}`;
    checks.push({ name: 'disruption-budget', status: 'ok', object, detail: `${object} wants ${count} pods` });
  }
  return { min, checks };
}
