import { amountText, confidenceText, decimalText, LOW, margin, type Amount, type Fraction } from '../numbers/index.ts';
import type { Note, ResourceRecommendation } from '../types.ts';
import type { Surroundings } from './draft.ts';
import { isChange, type Planned } from './plan.ts';
import { resizeTrial } from './resize.ts';

/** Everything that the lines are made of and that is not in the plan itself. */
export interface Story {
  readonly around: Surroundings;
  readonly item: Omit<ResourceRecommendation, 'rationale'>;
  readonly costReplicas: Fraction;
  readonly delta: { readonly old: Amount; readonly new: Amount };
}

/** How the numbers came about, one line each, so that every one of them can be reckoned again by hand. */
export function rationaleOf(plan: Planned, story: Story): readonly string[] {
  const { item, around } = story;
  const trial = resizeTrial(plan, around.view.identity.version, item.qos);
  return [
    sourceLine(plan, story),
    ...numberLines(plan, story),
    ...backtestLines(item),
    ...trustLines(item),
    ...item.checks.filter((c) => c.detail !== undefined).map((c) => `${c.name} ${c.status}: ${c.detail ?? ''}`),
    `QoS ${item.qos.before}${item.qos.after === item.qos.before ? '' : ` -> ${item.qos.after}`}`,
    ...autoscalerLines(plan, item),
    ...costLines(plan, story),
    ...item.notes.map((n: Note) => n.text),
    ...(item.owner.advice === undefined ? [] : [item.owner.advice]),
    ...helmLine(plan, item),
    ...(item.rollback ? [`rollback: ${item.rollback.command}`] : []),
    ...(trial === undefined ? [] : [trial]),
    ...unseenLines(story),
  ];
}

function sourceLine({ draft }: Planned, { around, item }: Story): string {
  const { source, window } = around.usage.usage;
  const pod = item.usage.pod ?? (item.usage.samples > 0 ? 'all pods pooled' : 'none');
  return (
    `${source.kind} ${source.name}: window ${decimalHours(around.usage.windowHours)} h, step ${window.stepSeconds} s, ` +
    `${item.usage.samples} samples in ${draft.coveredHours} h, deciding pod: ${pod}`
  );
}

function decimalHours(hours: number): string {
  return Number.isInteger(hours) ? String(hours) : hours.toFixed(1);
}

function numberLines({ draft, target }: Planned, { around, item }: Story): readonly string[] {
  const { resource, usage, rule, oom, heap, missing, throttledPercent, today } = draft;
  const text = (amount: Amount) => amountText(resource, amount);
  const lines: string[] = [];
  if (missing)
    lines.push(`insufficient data: ${missing.text}${usage.max === undefined ? '' : `; max ${text(usage.max)}`}`);
  if (rule && usage.status === 'ok') {
    const by = decimalText(margin(around.settings.marginPercent), 2);
    lines.push(`p95 ${text(usage.p95)} x ${by} = request ${text(rule.ruled)}${floorText(draft)}`);
    if (rule.request !== rule.ruled) lines.push(`request ${text(rule.request)} after bounds`);
    if (rule.limit !== undefined) {
      const others = rule.limitTerms.map(([name, amount]) => `${name} ${text(amount)}`).join(', ');
      lines.push(`limit ${text(rule.limit)} by ${rule.limitBy ?? 'request'} (${others})`);
    }
    if (resource === 'cpu')
      lines.push(
        rule.limit === undefined
          ? 'no CPU limit: unused CPU is shared, a limit only throttles'
          : 'the CPU limit keeps its ratio to the request; removing it is the alternative',
      );
  }
  if (oom.seen)
    lines.push(
      `OOM kill of ${oom.pods.join(', ')}${oom.limit === undefined ? '' : ` ${oom.withoutLimit ? 'without a limit, at' : 'under the limit'} ${text(oom.limit)}`}: request not lowered`,
    );
  if (heap.text !== undefined) lines.push(`heap ${heap.text}: limit at least 1.25 x ${text(heap.size ?? 0n)}`);
  if (throttledPercent !== undefined && throttledPercent > 25)
    lines.push(`throttled in ${throttledPercent}% of periods: p95 is what the limit let through`);
  if (item.action === 'keep' || item.action === 'hold')
    lines.push(
      `today's ${today.request === undefined ? 'absence of a request' : `request ${text(today.request)}`} stays`,
    );
  else if (rule && isChange(item) && (target.request !== rule.request || target.limit !== rule.limit))
    lines.push(
      `what is higher today stays: request ${text(target.request ?? 0n)}${target.limit === undefined ? '' : `, limit ${text(target.limit)}`}`,
    );
  return lines;
}

function floorText({ resource, rule, usage }: Planned['draft']): string {
  if (!rule || usage.status !== 'ok') return '';
  const floor = resource === 'cpu' ? 10_000_000n : 16n << 20n;
  return rule.ruled === floor && usage.p95 * 13n < floor * 10n ? ' (the floor)' : '';
}

function backtestLines({ backtest }: Story['item']): readonly string[] {
  if (backtest.verdict === 'not-tested') return [`backtest not tested: ${backtest.reason ?? ''}`];
  const { minutesAboveRequest: minutes, wouldBeOoms: ooms } = backtest;
  const word = backtest.verdict === 'held' ? 'held' : `FAILED: ${backtest.reason ?? ''}`;
  return [
    `backtest ${word}`,
    ...(minutes ? [`minutes above the request: today ${minutes.current ?? '-'}, proposed ${minutes.proposed}`] : []),
    ...(ooms ? [`times above the memory limit: today ${ooms.current ?? '-'}, proposed ${ooms.proposed}`] : []),
  ];
}

function trustLines(item: Story['item']): readonly string[] {
  if (item.confidence === null) return [];
  const hundredths = Math.round(item.confidence * 100);
  const low = hundredths < LOW ? ' low' : '';
  return [
    `confidence ${confidenceText({ hundredths })}${low}: ${item.confidenceLimitedBy ?? ''}`,
    ...(item.risk === null ? [] : [`risk ${item.risk} (priority ${item.priority ?? '-'})`]),
    `action ${item.action}${item.reasons.length > 0 ? `: ${item.reasons.join(', ')}` : ''}`,
  ];
}

function autoscalerLines({ draft }: Planned, { hpa, vpa, resource }: Story['item']): readonly string[] {
  const lines: string[] = [];
  if (hpa?.note !== null && hpa?.note !== undefined) lines.push(hpa.note);
  else if (draft.regulation.note !== undefined) lines.push(draft.regulation.note);
  if (hpa?.regulating === true)
    lines.push(
      `HPA ${hpa.name} holds ${resource} at ${hpa.target ?? 0}% of the request: a request that followed usage would drift`,
    );
  if (hpa?.change)
    lines.push(
      `HPA ${hpa.name}: ${hpa.change.decision}, target ${hpa.target ?? 0}% -> ${hpa.change.target}%, utilisation ${hpa.change.utilBefore}% -> ${hpa.change.utilAfter}%; its target leaves a margin already, none is added`,
    );
  if (vpa.state === 'found')
    lines.push(
      vpa.inControl
        ? `managed by VPA ${vpa.name}`
        : `VPA ${vpa.name} (${vpa.mode}) recommends ${vpa.target ?? 'nothing yet'}`,
    );
  if (vpa.state === 'unknown') lines.push(`VPA unknown: ${vpa.why}`);
  return lines;
}

function costLines({ draft }: Planned, { item, delta, costReplicas, around }: Story): readonly string[] {
  if (!item.cost) return [];
  const { prices } = around.settings;
  const price =
    draft.resource === 'cpu' ? `${prices.cpuCoreHour} per core-hour` : `${prices.memoryGiBHour} per GiB-hour`;
  const percent =
    delta.old > 0n ? ` (${decimalText({ num: (delta.new - delta.old) * 100n, den: delta.old }, 1)}%)` : '';
  return [
    `effective pod request ${amountText(draft.resource, delta.old)} -> ${amountText(draft.resource, delta.new)}${percent}` +
      ` x ${decimalText(costReplicas, 2)} replicas x 730 h x ${price} = ${item.cost.monthlyDelta} ${item.cost.currency} a month; savings appear when nodes are removed`,
  ];
}

function helmLine({ draft, target }: Planned, { owner, apply, resource, namespace }: Story['item']): readonly string[] {
  if (owner.manager !== 'helm' || !apply) return [];
  const set = [
    ...(target.request === undefined ? [] : [`resources.requests.${resource}=${amountText(resource, target.request)}`]),
    ...(target.limit === undefined ? [] : [`resources.limits.${resource}=${amountText(resource, target.limit)}`]),
  ];
  return [
    `helm upgrade ${owner.name ?? draft.workload.ref.name} CHART -n ${namespace} --reuse-values --set ${set.join(',')} (CHART, and where the chart keeps resources, are yours to fill in)`,
  ];
}

function unseenLines({ around }: Story): readonly string[] {
  const { usage } = around.usage;
  const days = around.usage.windowHours / 24;
  return [
    `cycles over ${days >= 1 ? `${Math.round(days * 10) / 10}d` : `${decimalHours(around.usage.windowHours)}h`} not seen`,
    ...(usage.partialResponse ? ['the source said that its answer may lack series'] : []),
  ];
}
