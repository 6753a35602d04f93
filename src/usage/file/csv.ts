import { badFile, isName, workloadOf } from './model.ts';
import { quantityReading } from './json.ts';

/** One reading of a text file, with its line. */
export interface Reading {
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  readonly pod: string;
  readonly container: string;
  readonly atMs: number;
  /** Nanocores and bytes; NaN = gap. */
  readonly cpu: number;
  readonly memory: number;
}

const COLUMNS = ['time', 'namespace', 'workload', 'pod', 'container', 'cpu', 'memory'] as const;
type Column = (typeof COLUMNS)[number];

/**
 * `time,namespace,workload,pod,container,cpu,memory` with a header line, columns in any order; time as RFC 3339 or
 * seconds since the epoch, amounts as quantities, an empty field = gap. Throws UsageFailure with the line.
 */
export function* parseCsv(path: string, text: string): Generator<Reading> {
  const lines = text.split(/\r?\n/);
  const header = fields(lines[0] ?? '')?.map((name) => name.trim().toLowerCase()) ?? [];
  const at = new Map(COLUMNS.map((name) => [name, header.indexOf(name)]));
  const missing = COLUMNS.filter((name) => (at.get(name) ?? -1) < 0);
  if (missing.length > 0)
    throw badFile(path, 'line 1', `no column ${missing.join(', ')}: the header must name ${COLUMNS.join(',')}`);
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.trim() === '') continue;
    const where = `line ${i + 1}`;
    const cells = fields(line);
    if (!cells) throw badFile(path, where, 'a quote is not closed');
    if (cells.length !== header.length)
      throw badFile(path, where, `${cells.length} fields, but the header has ${header.length}`);
    const get = (name: Column) => (cells[at.get(name) ?? -1] ?? '').trim();
    const workload = workloadOf(get('workload'));
    if (!workload) throw badFile(path, where, `"${get('workload')}" is no workload: write it as deployment/web`);
    for (const name of ['namespace', 'pod', 'container'] as const)
      if (!isName(get(name))) throw badFile(path, where, `"${get(name)}" is no name of a ${name}`);
    const amount = (name: 'cpu' | 'memory') => {
      if (get(name) === '') return NaN;
      const value = quantityReading(get(name), name);
      if (value === undefined)
        throw badFile(
          path,
          where,
          `"${get(name)}" is no amount of ${name}: write a quantity such as ${name === 'cpu' ? '250m' : '120Mi'}`,
        );
      return value;
    };
    const atMs = timeOf(get('time'));
    if (atMs === undefined)
      throw badFile(path, where, `"${get('time')}" is no time: write 2026-06-01T00:00:00Z or seconds since 1970`);
    yield {
      namespace: get('namespace'),
      workload,
      pod: get('pod'),
      container: get('container'),
      atMs,
      cpu: amount('cpu'),
      memory: amount('memory'),
    };
  }
}

function timeOf(text: string): number | undefined {
  if (/^\d{1,11}(?:\.\d+)?$/.test(text)) return Math.round(Number(text) * 1000);
  if (!/^\d{4}-\d\d-\d\dT/.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : ms;
}

/** The fields of one line; `"` encloses, `""` is a quote. Undefined when a quote is left open. */
function fields(line: string): string[] | undefined {
  if (!line.includes('"')) return line.split(',');
  const result: string[] = [];
  let at = 0;
  for (;;) {
    const quoted = /^\s*"((?:[^"]|"")*)"\s*(?=,|$)/.exec(line.slice(at));
    const plain = quoted ? undefined : /^[^,"]*(?=,|$)/.exec(line.slice(at));
    const found = quoted ?? plain;
    if (!found) return undefined;
    result.push(quoted ? (quoted[1] ?? '').replaceAll('""', '"') : found[0]);
    at += found[0].length;
    if (at >= line.length) return result;
    at++;
  }
}
