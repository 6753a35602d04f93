import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openSeriesFile, usageScope } from '../../src/usage/index.ts';
import { rateAt } from '../../src/usage/file/rate.ts';
import { object, viewOf } from '../support/fixtures.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'aiops-series-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function fileOf(text: string) {
  const path = join(folder, 'usage');
  await writeFile(path, text);
  return openSeriesFile(path);
}

const START = Date.parse('2026-06-01T00:00:00Z');
const one = {
  namespace: 'shop',
  workload: 'deployment/web',
  pod: 'web-5b7c9d8f46-x2v4z',
  container: 'app',
  cpu: ['0.1', null, '250m'],
  memory: ['120Mi', 1024, null],
};
const json = (more: object = {}, row: object = {}) =>
  JSON.stringify({
    apiVersion: 'aiops/v1',
    kind: 'UsageSeries',
    start: '2026-06-01T00:00:00Z',
    stepSeconds: 300,
    series: [{ ...one, ...row }],
    ...more,
  });

describe('a JSON file of usage', () => {
  it('is read exactly, gaps included, with the objects that it brings along', async () => {
    const file = await fileOf(json({ objects: [object('Deployment', 'web')] }));
    expect(file.objects).toMatchObject([{ kind: 'Deployment', metadata: { name: 'web' } }]);
    const usage = file.usage();
    expect(usage).toMatchObject({
      source: { kind: 'series-file' },
      queries: 0,
      window: { endMs: START + 601_000, stepSeconds: 300 },
    });
    expect(usage.series).toMatchObject([
      { namespace: 'shop', workload: { kind: 'Deployment', name: 'web' }, startMs: START, stepSeconds: 300 },
    ]);
    expect([...usage.series[0]!.cpu]).toEqual([100_000_000, NaN, 250_000_000]);
    expect([...usage.series[0]!.memory]).toEqual([125829120, 1024, NaN]);
  });

  it.each([
    ['1e3', 1_000_000_000_000],
    ['123456789n', 123456789],
    [0.1, 100_000_000],
  ])('takes %s cores as %d nanocores', async (text, nanocores) => {
    const usage = (await fileOf(json({}, { cpu: [text] }))).usage();
    expect(usage.series[0]!.cpu[0]).toBe(nanocores);
  });

  it('gives only the last window of a longer file', async () => {
    const usage = (await fileOf(json({}, { cpu: Array.from({ length: 100 }, () => '1') }))).usage(undefined, {
      windowSeconds: 3000,
    });
    expect(usage.series[0]).toMatchObject({ startMs: START + 90 * 300_000 });
    expect(usage.series[0]!.cpu).toHaveLength(10);
  });

  it('names the workloads that it says nothing about', async () => {
    const scope = usageScope(viewOf([object('Deployment', 'api')]));
    const usage = (await fileOf(json())).usage(scope);
    expect(usage.series).toEqual([]);
    expect(usage.unread).toMatchObject([{ workload: { kind: 'Deployment', name: 'api' } }]);
  });

  it.each([
    ['{"apiVersion":\n\n"aiops/v1" x}', /line 3: no JSON/],
    [json({ kind: 'Usage' }), /kind/],
    [json({ start: 'yesterday' }), /start: "yesterday" is no time: write it as 2026-06-01T00:00:00Z/],
    [json({ stepSeconds: 0 }), /stepSeconds/],
    [json({}, { workload: 'web' }), /series\.0\.workload: "web" is no workload: write it as deployment\/web/],
    [json({}, { pod: '../x' }), /series\.0\.pod/],
    [json({}, { memory: ['12 Mi'] }), /series\.0\.memory\.0: "12 Mi" is no amount of memory/],
    [json({}, { cpu: ['-1'] }), /series\.0\.cpu\.0: "-1" is no amount of cpu/],
    [json({ series: [one, one] }), /series\.1: shop\/web-5b7c9d8f46-x2v4z\/app stands in the file twice/],
    ['', /the file is empty/],
  ])('says what is wrong and where: %s', async (text, message) => {
    await expect(fileOf(text)).rejects.toMatchObject({
      reason: 'bad-file',
      message: expect.stringMatching(message) as string,
    });
  });

  it('says that a file cannot be read', async () => {
    await expect(openSeriesFile(join(folder, 'missing'))).rejects.toThrow(
      /missing cannot be read \(ENOENT\): correct the path given with --series/,
    );
  });
});

describe('a CSV file of usage', () => {
  const header = 'time,namespace,workload,pod,container,cpu,memory';
  const row = (minute: number, cpu: string, memory: string) =>
    `2026-06-01T00:${String(minute).padStart(2, '0')}:00Z,shop,deployment/web,web-1,app,${cpu},${memory}`;

  it('takes the last reading of each step, and the highest of all as peak', async () => {
    const usage = (
      await fileOf([header, row(1, '100m', '500Mi'), row(4, '200m', '100Mi'), row(15, '', '120Mi'), ''].join('\n'))
    ).usage();
    expect(usage.series).toMatchObject([
      { startMs: START + 300_000, stepSeconds: 300, memoryPeaks: { window: 524288000 } },
    ]);
    expect([...usage.series[0]!.cpu]).toEqual([200_000_000, NaN, NaN]);
    expect([...usage.series[0]!.memory]).toEqual([104857600, NaN, 125829120]);
  });

  it('takes columns in any order, quotes, and seconds since 1970', async () => {
    const text = `container,pod,workload,namespace,memory,cpu,time\r\n"app",web-1,"deployment/web",shop,1e3,"0.5",${START / 1000}\r\n`;
    const usage = (await fileOf(text)).usage();
    expect(usage.series).toMatchObject([{ pod: 'web-1', startMs: START }]);
    expect([...usage.series[0]!.cpu]).toEqual([500_000_000]);
    expect([...usage.series[0]!.memory]).toEqual([1000]);
  });

  it.each([
    ['time,namespace,pod', /line 1: no column workload, container, cpu, memory/],
    [`${header}\n${row(1, '100m', '1Mi')}\n${row(2, '1 core', '1Mi')}`, /line 3: "1 core" is no amount of cpu/],
    [`${header}\n1,2`, /line 2: 2 fields, but the header has 7/],
    [`${header}\nnow,shop,deployment/web,web-1,app,1,1`, /line 2: "now" is no time/],
    [`${header}\n"1,shop,deployment/web,web-1,app,1,1`, /line 2: a quote is not closed/],
  ])('names the line of an error', async (text, message) => {
    await expect(fileOf(text)).rejects.toThrow(message);
  });
});

describe('an OpenMetrics file of usage', () => {
  const at = (minute: number) => START / 1000 + minute * 60;
  const labels = 'namespace="shop",pod="web-5b7c9d8f46-x2v4z",container="app"';
  const text = (extra = '') =>
    [
      '# TYPE container_memory_working_set_bytes gauge',
      ...[0, 1, 2, 3, 4, 5].map((m) => `container_memory_working_set_bytes{${labels}} ${m === 2 ? 9e6 : 1e6} ${at(m)}`),
      ...[0, 1, 2, 3, 4, 5].map((m) => `container_cpu_usage_seconds_total{${labels},cpu="total"} ${m * 30} ${at(m)}`),
      `container_cpu_usage_seconds_total{${labels},cpu="cpu00"} 5 ${at(5)}`,
      `container_memory_working_set_bytes{namespace="shop",pod="web-5b7c9d8f46-x2v4z",container=""} 7e9 ${at(5)}`,
      'something_else 5',
      extra,
      '# EOF',
    ].join('\n');
  const scope = usageScope(viewOf([object('Deployment', 'web')]));

  it('is read as Prometheus would read it, joined by the names of pods', async () => {
    const usage = (await fileOf(text())).usage(scope);
    expect(usage.series).toMatchObject([
      { workload: { kind: 'Deployment', name: 'web' }, container: 'app', memoryPeaks: { window: 9e6 } },
    ]);
    expect(usage.series[0]!.cpu.at(-1)).toBe(500_000_000);
    expect([...usage.series[0]!.memory]).toEqual([1e6, 1e6]);
  });

  it('does not guess whose pod it is', async () => {
    const file = await fileOf(text());
    expect(() => file.usage()).toThrow(/whose pod it is cannot be told: give the cluster with --from/);
    const named = await fileOf(text().replaceAll('container="app"', 'container="app",workload="deployment/web"'));
    expect(named.usage().series[0]?.workload).toEqual({ kind: 'Deployment', name: 'web' });
  });

  it('leaves out what is no sample and says so', async () => {
    const usage = (await fileOf(text(`container_memory_working_set_bytes{${labels}} NaN ${at(6)}`))).usage(scope);
    expect(usage.warnings).toEqual(['1 reading was NaN, infinite or negative and left out']);
  });

  it.each([
    [`container_memory_working_set_bytes{${labels}} 5`, /line 17: no sample/],
    [`container_memory_working_set_bytes{namespace=shop} 5 ${at(6)}`, /line 17: the labels cannot be read/],
    [`container_memory_working_set_bytes{${labels}} 5 ${at(3)}`, /line 17: its time is not after/],
  ])('names the line of an error', async (line, message) => {
    await expect(fileOf(text(line))).rejects.toThrow(message);
  });

  it('counts on through a counter that begins anew', () => {
    const series = { times: [0, 60_000, 120_000, 180_000, 240_000, 300_000], values: [100, 130, 160, 5, 35, 65] };
    // 60 before the reset, 65 after it, over five minutes.
    expect(rateAt(series, 0, 6, 300_000, 300_000)).toBeCloseTo(125 / 300, 12);
    expect(rateAt(series, 0, 1, 300_000, 300_000)).toBeUndefined();
  });
});
