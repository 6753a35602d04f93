import { z } from 'zod';
import { ceilDiv, parseQuantity, parseTime, type KubeObject, type UsageSeries } from '../../domain/index.ts';
import { badFile, isName, workloadOf } from './model.ts';

const reading = z.union([z.string(), z.number(), z.null()]);
const series = z.object({
  namespace: z.string(),
  workload: z.string(),
  pod: z.string(),
  container: z.string(),
  cpu: z.array(reading).default([]),
  memory: z.array(reading).default([]),
});
const object = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });
const file = z.object({
  apiVersion: z.literal('aiops/v1'),
  kind: z.literal('UsageSeries'),
  start: z.string(),
  stepSeconds: z.number().int().min(1).max(86_400),
  objects: z.array(object).optional(),
  series: z.array(series),
});

export interface JsonUsage {
  readonly series: readonly UsageSeries[];
  readonly stepSeconds: number;
  /** Kubernetes objects that stand for reads of the API; undefined when the file holds none. */
  readonly objects?: readonly KubeObject[];
}

/** `{"apiVersion":"aiops/v1","kind":"UsageSeries",…}`; quantities or numbers of cores and bytes, null = gap. Throws UsageFailure. */
export function parseJsonUsage(path: string, text: string): JsonUsage {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw badFile(path, placeOf(text, error), `no JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = file.safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw badFile(path, (issue?.path ?? []).join('.'), issue?.message ?? 'no UsageSeries');
  }
  const { start, stepSeconds, objects, series: rows } = parsed.data;
  const startMs = parseTime(start);
  if (startMs === undefined || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d)$/.test(start))
    throw badFile(path, 'start', `"${start}" is no time: write it as 2026-06-01T00:00:00Z`);
  const seen = new Set<string>();
  const all = rows.map((row, i): UsageSeries => {
    const at = `series.${i}`;
    const workload = workloadOf(row.workload);
    if (!workload)
      throw badFile(path, `${at}.workload`, `"${row.workload}" is no workload: write it as deployment/web`);
    for (const key of ['namespace', 'pod', 'container'] as const)
      if (!isName(row[key])) throw badFile(path, `${at}.${key}`, `${JSON.stringify(row[key])} is no name of a ${key}`);
    const id = `${row.namespace}/${row.pod}/${row.container}`;
    if (seen.has(id)) throw badFile(path, at, `${id} stands in the file twice`);
    seen.add(id);
    const length = Math.max(row.cpu.length, row.memory.length);
    if (length > 1_000_000) throw badFile(path, at, `${length} points are more than a million`);
    return {
      namespace: row.namespace,
      workload,
      pod: row.pod,
      container: row.container,
      startMs,
      stepSeconds,
      cpu: readings(path, `${at}.cpu`, row.cpu, length, 'cpu'),
      memory: readings(path, `${at}.memory`, row.memory, length, 'memory'),
    };
  });
  return { series: all, stepSeconds, ...(objects && { objects }) };
}

function readings(
  path: string,
  at: string,
  list: readonly (string | number | null)[],
  length: number,
  unit: 'cpu' | 'memory',
): Float64Array {
  const result = new Float64Array(length).fill(NaN);
  list.forEach((entry, i) => {
    if (entry === null) return;
    const value = quantityReading(entry, unit);
    if (value === undefined)
      throw badFile(
        path,
        `${at}.${i}`,
        `${JSON.stringify(entry)} is no amount of ${unit}: write a quantity such as ${unit === 'cpu' ? '250m' : '120Mi'}, or null for a gap`,
      );
    result[i] = value;
  });
  return result;
}

/** A quantity as whole nanocores or bytes; undefined when it is none, negative, or beyond what a double holds exactly. */
export function quantityReading(text: string | number, unit: 'cpu' | 'memory'): number | undefined {
  const nanos = parseQuantity(text);
  if (nanos === undefined || nanos < 0n) return undefined;
  const value = unit === 'cpu' ? nanos : ceilDiv(nanos, 1_000_000_000n);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined;
}

/** The line of a syntax error, where Node tells the position. */
function placeOf(text: string, error: unknown): string {
  const [, position] = /position (\d+)/.exec(error instanceof Error ? error.message : '') ?? [];
  return position === undefined ? '' : `line ${text.slice(0, Number(position)).split('\n').length}`;
}
