import { promValue } from '../../domain/index.ts';
import { CPU_METRIC, MEMORY_METRIC } from '../prometheus/queries.ts';
import { badFile } from './model.ts';

/** The two series of one container of one pod, raw; times in ms, ascending. */
export interface RawSeries {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Text of a label `workload`, where there is one. */
  readonly workload?: string;
  /** Each counter of cores × seconds on its own: a restarted container has a new one. */
  readonly cpu: { readonly times: number[]; readonly values: number[] }[];
  /** Working sets in bytes; each kind of scrape on its own. */
  readonly memory: { readonly times: number[]; readonly values: number[] }[];
}

const SAMPLE = /^([a-zA-Z_:][a-zA-Z0-9_:]*)\{(.*)\} (\S+) (-?\d+(?:\.\d+)?)(?: #.*)?$/;
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/y;

/**
 * cAdvisor's two metrics in OpenMetrics text with times, as `promtool tsdb dump-openmetrics` writes them; all other
 * metrics are left out. Throws UsageFailure with the line.
 */
export function parseOpenMetrics(
  path: string,
  text: string,
): { readonly raw: readonly RawSeries[]; readonly rejected: number } {
  const containers = new Map<string, RawSeries>();
  const byLabels = new Map<string, { readonly times: number[]; readonly values: number[] } | undefined>();
  let rejected = 0;
  let number = 0;
  for (const line of text.split('\n')) {
    number++;
    if (line === '' || line.startsWith('#')) continue;
    const isCpu = line.startsWith(`${CPU_METRIC}{`);
    if (!isCpu && !line.startsWith(`${MEMORY_METRIC}{`)) continue;
    const where = `line ${number}`;
    const match = SAMPLE.exec(line.trimEnd());
    if (!match) throw badFile(path, where, 'no sample: it must be metric{labels} value time');
    const [, , labelText = '', valueText = '', timeText = ''] = match;
    const key = `${isCpu ? 'c' : 'm'}${labelText}`;
    if (!byLabels.has(key)) byLabels.set(key, seriesFor(containers, labelsOf(path, where, labelText), isCpu));
    const series = byLabels.get(key);
    if (!series) continue;
    const value = isCpu ? Number(valueText) : promValue(valueText, 'memory');
    if (value === undefined || !Number.isFinite(value) || value < 0) {
      rejected++;
      continue;
    }
    const time = Math.round(Number(timeText) * 1000);
    const last = series.times.at(-1);
    if (last !== undefined && time <= last)
      throw badFile(path, where, 'its time is not after that of the sample before: a series must be in order');
    series.times.push(time);
    series.values.push(value);
  }
  return { raw: [...containers.values()], rejected };
}

/** The list that samples with these labels go to; undefined for the pod's own cgroup, the pause container and single cores. */
function seriesFor(
  containers: Map<string, RawSeries>,
  labels: ReadonlyMap<string, string>,
  isCpu: boolean,
): { readonly times: number[]; readonly values: number[] } | undefined {
  const [namespace, pod, container] = [labels.get('namespace'), labels.get('pod'), labels.get('container')];
  if (
    namespace === undefined ||
    pod === undefined ||
    container === undefined ||
    container === '' ||
    container === 'POD'
  )
    return undefined;
  if (isCpu && !['total', '', undefined].includes(labels.get('cpu'))) return undefined;
  const key = `${namespace}/${pod}/${container}`;
  let entry = containers.get(key);
  const workload = labels.get('workload');
  if (!entry)
    containers.set(
      key,
      (entry = { namespace, pod, container, ...(workload !== undefined && { workload }), cpu: [], memory: [] }),
    );
  const series = { times: [], values: [] };
  (isCpu ? entry.cpu : entry.memory).push(series);
  return series;
}

function labelsOf(path: string, where: string, text: string): Map<string, string> {
  const labels = new Map<string, string>();
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const match = LABEL.exec(text);
    if (!match) throw badFile(path, where, 'the labels cannot be read: they must be name="value", separated by commas');
    labels.set(
      match[1] ?? '',
      (match[2] ?? '').replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c)),
    );
  }
  return labels;
}
