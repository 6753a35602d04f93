import type { ClusterView } from '../../src/cluster/index.ts';
import type { KubeObject, Usage, UsageSeries } from '../../src/domain/index.ts';
import {
  amountOf,
  defaultSizing,
  recommendResources,
  type Resource,
  type ResourceRecommendation,
  type SizingSettings,
} from '../../src/recommend/index.ts';
import { NOW, object, owned, viewOf, type Fields, type ViewOptions } from '../support/fixtures.ts';

export const STEP = 300;
export const WEEK = 2016;

/** Readings as text: `100m` for all, or a list of [text, times]; null is a gap. */
export type Curve = string | readonly (readonly [string | null, number])[];

function points(resource: Resource, curve: Curve, n: number): Float64Array {
  const parts = typeof curve === 'string' ? [[curve, n] as const] : curve;
  return Float64Array.from(
    parts.flatMap(([text, times]) => Array<number>(times).fill(text === null ? NaN : Number(amountOf(resource, text)))),
  );
}

export interface SeriesOptions extends Partial<Omit<UsageSeries, 'cpu' | 'memory'>> {
  readonly cpu?: Curve;
  readonly memory?: Curve;
  readonly n?: number;
}

/** A week of one container, ending now. */
export function series(options: SeriesOptions = {}): UsageSeries {
  const { cpu = '100m', memory = '120Mi', n = WEEK, ...rest } = options;
  const stepSeconds = rest.stepSeconds ?? STEP;
  const values = { cpu: points('cpu', cpu, n), memory: points('memory', memory, n) };
  const length = Math.max(values.cpu.length, values.memory.length);
  return {
    namespace: 'shop',
    workload: { kind: 'Deployment', name: 'web' },
    pod: 'web-1',
    container: 'web',
    startMs: NOW - (length - 1) * stepSeconds * 1000,
    stepSeconds,
    ...rest,
    ...values,
  };
}

export function usageOf(list: readonly UsageSeries[], fields: Partial<Usage> = {}): Usage {
  return {
    source: { kind: 'series-file', name: 'week.json' },
    window: { startMs: NOW - 7 * 86_400_000, endMs: NOW, stepSeconds: STEP },
    queries: 0,
    series: list,
    replicas: [],
    unread: [],
    partialResponse: false,
    warnings: [],
    ...fields,
  };
}

/** A Deployment `web` with one container and its running pod, and a node with room. */
export function shop(resources: object = {}, fields: Fields = {}, podFields: Fields = {}): KubeObject[] {
  const deployment = object('Deployment', 'web', {
    'spec.template.spec.containers[web].resources': resources,
    ...fields,
  });
  const set = owned(object('ReplicaSet', 'web-5b7c9d8f46'), deployment);
  const pod = owned(object('Pod', 'web-1', { 'spec.containers[web].resources': resources, ...podFields }), set);
  return [deployment, set, pod, object('Node', 'node-1')];
}

export interface AdviceOptions extends ViewOptions {
  readonly settings?: Partial<SizingSettings>;
  readonly usage?: Partial<Usage>;
}

export function advise(
  objects: readonly KubeObject[],
  list: readonly UsageSeries[],
  options: AdviceOptions = {},
): readonly ResourceRecommendation[] {
  const view: ClusterView = viewOf(objects, options);
  return recommendResources(view, usageOf(list, options.usage), { ...defaultSizing, ...options.settings });
}

export function rowOf(
  rows: readonly ResourceRecommendation[],
  resource: Resource,
  container = 'web',
): ResourceRecommendation {
  const found = rows.find((r) => r.resource === resource && r.container === container);
  if (!found) throw new Error(`no row for ${resource} of ${container}`);
  return found;
}

export const memoryOf = (...args: Parameters<typeof advise>) => rowOf(advise(...args), 'memory');
export const cpuOf = (...args: Parameters<typeof advise>) => rowOf(advise(...args), 'cpu');

/** `requests: {cpu, memory}, limits: {cpu, memory}` from short words: `res('cpu 500m', 'memory 1Gi/2Gi')`. */
export function res(...parts: readonly string[]): object {
  const requests: Record<string, string> = {};
  const limits: Record<string, string> = {};
  for (const part of parts) {
    const [name = '', amounts = ''] = part.split(' ');
    const [request = '', limit = ''] = amounts.split('/');
    if (request !== '') requests[name] = request;
    if (limit !== '') limits[name] = limit;
  }
  return { ...(Object.keys(requests).length > 0 && { requests }), ...(Object.keys(limits).length > 0 && { limits }) };
}
