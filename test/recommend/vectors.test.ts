import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatRequest, parseQuantity, promValue } from '../../src/domain/index.ts';
import * as n from '../../src/recommend/numbers/index.ts';
import type { Resource } from '../../src/recommend/index.ts';

interface Vector {
  readonly id: string;
  readonly fn: string;
  readonly in: Record<string, unknown>;
  readonly out: unknown;
}
type Sample = number | null | { readonly v: number; readonly times: number };

const { vectors } = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8')) as {
  vectors: readonly Vector[];
};

const spread = (samples: readonly Sample[]): number[] =>
  samples.flatMap((s) => (s === null ? [NaN] : typeof s === 'number' ? [s] : Array<number>(s.times).fill(s.v)));
const readings = (samples: readonly Sample[], stepSeconds = 300): n.Readings => ({
  values: Float64Array.from(spread(samples)),
  stepSeconds,
  startMs: 0,
});
const text = (resource: Resource, amount: bigint | undefined) =>
  amount === undefined ? undefined : n.amountText(resource, amount);
/** Leaves out what is undefined, as JSON does. */
const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** Reads the inputs of a vector: quantities by resource, the rest as it is. */
function reader(vector: Vector) {
  const { in: given } = vector;
  const kind = (given.kind ?? (vector.fn === 'memory' || vector.fn === 'policy' ? 'memory' : 'cpu')) as Resource;
  const amount = (key: string, from: Record<string, unknown> = given, resource = kind) =>
    n.amountOf(resource, from[key] as string | undefined);
  const amounts = (...keys: readonly string[]) =>
    Object.fromEntries(keys.filter((k) => given[k] !== undefined).map((k) => [k, amount(k)]));
  const needed = (key: string) => amount(key) ?? 0n;
  return { given, kind, amount, amounts, needed, number: (key: string) => given[key] as number };
}

const run: Record<string, (vector: Vector) => unknown> = {
  parseQuantity: ({ in: { text: written } }) => {
    const nano = parseQuantity(written as string);
    return nano === undefined ? { error: true } : { nano: String(nano) };
  },
  promValue: ({ in: { text: written, kind } }) => {
    const value = promValue(written as string, kind as Resource);
    return value === undefined ? null : String(value);
  },
  formatQuantity: ({ in: { value, kind } }) => formatRequest(kind as Resource, parseQuantity(value as string) ?? -1n),
  quantile: ({ in: { p, samples } }) => {
    const fraction = n.fractionOf(p as string);
    const value = fraction && n.quantile(fraction, n.sortedReadings(spread(samples as Sample[])));
    return value ? n.decimalText(value, 12) : null;
  },
  usageSummary: ({ in: { stepSeconds, samples } }) =>
    strings(n.usageSummary(readings(samples as Sample[], stepSeconds as number))),
  workloadP95: ({ in: { pods, minPodSamples } }) => {
    const series = Object.entries(pods as Record<string, Sample[]>).map(([k, v]) => [k, readings(v)] as const);
    const usage = n.workloadP95(new Map(series), minPodSamples as number);
    if (usage.status !== 'ok') return usage;
    return { p95: String(usage.p95), n: usage.n, basis: usage.pod ?? 'pooled', max: String(usage.max) };
  },
  cpu: (vector) => {
    const { given, needed, amounts } = reader(vector);
    const rule = n.cpuRule({
      p95: needed('p95'),
      max: needed('max'),
      ...amounts('request', 'limit', 'floor'),
      ...(given.throttledPercent !== undefined && { throttledPercent: given.throttledPercent as number }),
      guaranteed: given.qos === 'Guaranteed',
    });
    return plain({ request: text('cpu', rule.request), limit: text('cpu', rule.limit) ?? null, limitBy: rule.limitBy });
  },
  memory: (vector) => {
    const { given, needed, amounts } = reader(vector);
    const rule = n.memoryRule({
      p95: needed('p95'),
      max: needed('max'),
      ...amounts('request', 'limit', 'oomLimit', 'heap', 'floor'),
      oom: given.oom === true,
      guaranteed: given.qos === 'Guaranteed',
    });
    return { request: text('memory', rule.request), limit: text('memory', rule.limit), limitBy: rule.limitBy };
  },
  policy: (vector) => {
    const { needed, amounts } = reader(vector);
    const result = n.policy(needed('rule'), amounts('min', 'max'));
    return { ...result, value: text('memory', result.value) };
  },
  replicas: (vector) => {
    const { given, amount, needed } = reader(vector);
    const current = given.current as number;
    const total = amount('p95Total') ?? needed('p95PerPod') * BigInt(current);
    const keep = ['hpaMin', 'hpaMax', 'pdbMinAvailable', 'maxReplicas'].filter((k) => given[k] !== undefined);
    const result = n.replicasFor({
      current,
      p95Total: total,
      podRequest: needed('podRequest'),
      ...Object.fromEntries(keep.map((k) => [k, given[k] as number])),
    });
    return { ...result, minimum: undefined };
  },
  hpaDesired: (vector) => {
    const { given, number } = reader(vector);
    const list = (key: string) => (given[key] as string[]).map((t) => n.amountOf('cpu', t) ?? 0n);
    return n.hpaDesired({
      usage: list('usage'),
      requests: given.requests ? list('requests') : (n.amountOf('cpu', given.podRequest as string) ?? 0n),
      target: number('target'),
      ...(given.min !== undefined && { min: number('min') }),
      ...(given.max !== undefined && { max: number('max') }),
    });
  },
  hpaExpected: (vector) => {
    const { given, needed, number } = reader(vector);
    return n.hpaExpected({
      p95Total: needed('p95Total'),
      podRequest: needed('podRequest'),
      target: number('target'),
      ...(given.min !== undefined && { min: number('min') }),
      ...(given.max !== undefined && { max: number('max') }),
    });
  },
  hpaRequestChange: (vector) => {
    const { kind, needed, number } = reader(vector);
    const change = n.hpaRequestChange({
      resource: kind,
      target: number('target'),
      oldPodRequest: needed('oldPodRequest'),
      newPodRequest: needed('newPodRequest'),
      p95PerPod: needed('p95PerPod'),
    });
    return { ...change, podRequest: text(kind, change.podRequest) };
  },
  podRequest: (vector) => {
    const { given, kind, amounts } = reader(vector);
    const init = (given.init ?? []) as { request?: string; restartPolicy?: string }[];
    const request = n.podRequest({
      containers: (given.containers as (string | null)[]).map((c) => n.amountOf(kind, c ?? undefined)),
      init: init.map((c) => {
        const own = n.amountOf(kind, c.request);
        return { sidecar: c.restartPolicy === 'Always', ...(own !== undefined && { request: own }) };
      }),
      ...amounts('overhead', 'podLevel'),
    });
    return text(kind, request);
  },
  cost: ({ in: given }) => {
    const pod = (value: unknown): n.PodAmounts => {
      const { cpu, memory } = value as { cpu?: string; memory?: string };
      return { cpu: n.amountOf('cpu', cpu) ?? 0n, memory: n.amountOf('memory', memory) ?? 0n };
    };
    const prices = { ...n.defaultPrices, ...(given.prices as Partial<n.Prices> | undefined) };
    const replicas = { num: BigInt(given.replicas as number), den: 1n };
    return n.money(n.monthlyCost(pod(given.old), pod(given.new), replicas, prices));
  },
  backtest: (vector) => {
    const { given, kind } = reader(vector);
    const part = (key: string) => {
      const { p95, max } = given[key] as { p95: string; max: string };
      return { p95: n.amountOf(kind, p95) ?? 0n, max: n.amountOf(kind, max) ?? 0n };
    };
    const { request, limit, verdict, ...held } = n.backtest({
      resource: kind,
      train: part('train'),
      test: part('test'),
    });
    return plain({
      request: text(kind, request),
      limit: text(kind, limit),
      ...held,
      verdict: verdict === 'held' ? 'pass' : 'fail',
    });
  },
  confidence: ({ in: given }) => n.confidenceText(n.confidence(given as unknown as n.ConfidenceInput)),
  limitRange: (vector) => {
    const { given, kind, needed, amounts } = reader(vector);
    const ratio = given.ratio === undefined ? undefined : n.fractionOf(`${given.ratio as number}`);
    const result = n.limitRange({
      resource: kind,
      request: needed('request'),
      ...amounts('limit', 'observedMax', 'min', 'max'),
      ...(ratio && { ratio }),
    });
    if (result.status === 'blocked') return result;
    return { ...result, request: text(kind, result.request), limit: text(kind, result.limit) };
  },
  quota: (vector) => {
    const { given, kind, needed, number } = reader(vector);
    const result = n.quota({
      used: needed('used'),
      hard: needed('hard'),
      old: needed('old'),
      new: needed('new'),
      replicas: number('replicas'),
      maxSurge: given.maxSurge as number | string,
    });
    return { ...result, peak: text(kind, result.peak) };
  },
  action: (vector) => {
    const { given, kind, amounts } = reader(vector);
    const { action } = n.actionFor({
      resource: kind,
      ...amounts('p95', 'request', 'limit', 'ruleRequest', 'ruleLimit'),
      confidenceHundredths: Math.round(Number(given.confidence ?? 0) * 100),
      backtestFailed: given.backtest === 'fail' || given.backtest === 'failed',
      oom: given.oom === true,
      hpaRegulating: given.hpaRegulating === true,
      vpaInControl: given.vpaInControl === true,
      heapUnknown: given.heapUnknown === true,
    });
    return { action };
  },
  risk: (vector) => {
    const { given, kind, needed, amounts, number } = reader(vector);
    return n.riskOf({
      resource: kind,
      p95: needed('p95'),
      max: needed('max'),
      ...amounts('request', 'limit', 'ruleLimit'),
      ruleRequest: needed('ruleRequest'),
      oom: given.oom === true,
      throttledPercent: (given.throttledPercent ?? 0) as number,
      replicas: number('replicas'),
      fleetRequest: needed('fleetRequest'),
    });
  },
};

function strings(summary: n.UsageSummary): unknown {
  return plain(
    Object.fromEntries(
      Object.entries(summary).map(([k, v]) => [k, typeof v === 'bigint' ? String(v) : (v as unknown)]),
    ),
  );
}

describe('the rules of right-sizing', () => {
  it.each(vectors.map((v) => [v.id, v.fn, v] as const))('%s: %s', (_id, fn, vector) => {
    const check = run[fn];
    if (!check) throw new Error(`no function ${fn}`);
    expect(check(vector)).toEqual(vector.out);
  });
});
