/** Against a real Prometheus with cAdvisor-shaped series, where the programs are installed. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  fetchPrometheus,
  openSeriesFile,
  prometheusAccess,
  usageScope,
  type PrometheusOptions,
} from '../../src/usage/index.ts';
import { type KubeObject, promValue, type Usage, type UsageSeries } from '../../src/domain/index.ts';
import { object, owned, pod, viewOf } from '../support/fixtures.ts';
import {
  cadvisor,
  hasPrometheus,
  randomPart,
  seeded,
  startPrometheus,
  writeOpenMetrics,
  type FakeSeries,
  type RunningPrometheus,
} from '../support/prometheus.ts';

const isInstalled = hasPrometheus();
if (!isInstalled)
  console.warn(
    'SKIPPED: test/usage/prometheus.real.test.ts needs prometheus and promtool (apt-get install prometheus)',
  );

const DAY = 86_400;
const END = Date.UTC(2026, 5, 8) / 1000;
const FROM = END - 7 * DAY - 3600;
const MI = 1024 * 1024;
const random = seeded(11);

const objects: KubeObject[] = [];
const series: FakeSeries[] = [];

/** Twelve Deployments of two pods each. */
for (let i = 0; i < 12; i++) {
  const deployment = object('Deployment', `svc-${i}`);
  const revision = owned(object('ReplicaSet', `svc-${i}-${randomPart(random, 10)}`), deployment);
  objects.push(deployment, revision);
  for (let n = 0; n < 2; n++) {
    const live = owned(pod(`${revision.metadata.name}-${randomPart(random, 5)}`), revision);
    objects.push(live);
    const noise = seeded(i * 2 + n);
    const base = 0.01 + random() * 0.8;
    const mib = 40 + random() * 600;
    const container = {
      namespace: 'shop',
      pod: live.metadata.name ?? '',
      container: 'web',
      cpu: (t: number) => base * (1 + 0.5 * Math.sin(t / 13_750) + 0.3 * noise()),
      memory: (t: number) => mib * MI * (1 + 0.2 * Math.sin(t / 43_000) + 0.1 * noise()),
    };
    series.push(...cadvisor(container, FROM, END, 60));
  }
}

const steadily = (name: string, more: Partial<Parameters<typeof cadvisor>[0]> = {}) => ({
  namespace: 'shop',
  pod: name,
  container: 'web',
  cpu: () => 0.1,
  memory: () => 100 * MI,
  ...more,
});

// An old revision that ended two days ago, with a hole of three hours, and a counter that begins anew.
const old = `svc-0-${randomPart(random, 9)}-${randomPart(random, 5)}`;
const hole = (t: number) => t > END - 4 * DAY && t < END - 4 * DAY + 3 * 3600;
const begunAnew = END - 3 * DAY;
const usedBefore = 0.1 * (begunAnew - FROM);
for (const s of cadvisor(steadily(old), FROM, END - 2 * DAY, 60)) {
  const isCounter = s.metric.includes('cpu');
  const seen = [...s.points].filter(([t]) => !hole(t));
  series.push({
    ...s,
    points: seen.map(
      ([t, v]) => [t, isCounter && t > begunAnew ? Number((Number(v) - usedBefore).toFixed(6)) : v] as const,
    ),
  });
}

// A peak of one minute that no step of five minutes falls on; scraped by two jobs, and killed for memory.
objects.push(object('StatefulSet', 'db'));
const peak = END - DAY + 120;
for (const job of ['kubelet', 'again'])
  series.push(
    ...[...cadvisor(steadily('db-0', { memory: (t) => (t === peak ? 500 * MI : 100 * MI) }), FROM, END, 60)].map(
      (s) => ({ ...s, labels: { ...s.labels, job } }),
    ),
  );
const pairs = { namespace: 'shop', pod: 'db-0', container: 'web' };
const every = (value: (t: number) => number) =>
  Array.from({ length: (END - FROM) / 60 + 1 }, (_, i) => [FROM + i * 60, value(FROM + i * 60)] as const);
series.push(
  {
    metric: 'kube_pod_container_status_last_terminated_reason',
    labels: { ...pairs, reason: 'OOMKilled' },
    points: every((t) => (t > peak ? 1 : NaN)),
  },
  {
    metric: 'kube_pod_container_resource_limits',
    labels: { ...pairs, resource: 'memory', unit: 'byte' },
    points: every((t) => (t > END - 3 * DAY ? 536870912 : 402653184)),
  },
  { metric: 'container_cpu_cfs_periods_total', labels: pairs, points: every((t) => (t - FROM) * 10) },
  { metric: 'container_cpu_cfs_throttled_periods_total', labels: pairs, points: every((t) => (t - FROM) * 4) },
);

// Scraped each four minutes: five minutes hold one sample only, now and then none.
objects.push(object('StatefulSet', 'slow'));
series.push(...cadvisor(steadily('slow-0', { cpu: () => 0.3 }), FROM + 17, END, 400));

// Runs for three minutes each hour.
objects.push(object('CronJob', 'report'));
for (let h = 0; h < 24; h++) {
  const begin = END - DAY + h * 3600;
  series.push(
    ...cadvisor(
      steadily(`report-${29_000_000 + h}-${randomPart(random, 5)}`, { memory: () => (50 + h) * MI }),
      begin,
      begin + 180,
      15,
    ),
  );
}

// A pod of somebody else, and the pod's own cgroup.
series.push(
  ...cadvisor(steadily('other-7'), FROM, END, 300),
  ...cadvisor(steadily('db-0', { container: '' }), FROM, END, 300),
);

describe.skipIf(!isInstalled)('usage from a real Prometheus', () => {
  let server: RunningPrometheus | undefined;
  const scope = usageScope(viewOf(objects));
  const fetchWith = (more: Partial<PrometheusOptions> = {}) =>
    fetchPrometheus(scope, {
      access: prometheusAccess(server?.url ?? '', {}),
      at: END * 1000 + 5000,
      now: END * 1000,
      ...more,
    });
  let usage: Usage;
  const seriesOf = (podName: string) => usage.series.find((s) => s.pod === podName)!;

  beforeAll(async () => {
    server = await startPrometheus(series);
    usage = await fetchWith();
  }, 180_000);
  afterAll(() => server?.stop());

  const ask = async (query: string, key = (m: Record<string, string>) => `${m.pod}/${m.container}`) => {
    const body = new URLSearchParams({ query, time: String(END + 1) });
    const answer = (await (await fetch(`${server?.url}/api/v1/query`, { method: 'POST', body })).json()) as {
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    return new Map(answer.data.result.map((r) => [key(r.metric), r.value[1]]));
  };

  const C =
    'max by (namespace, pod, container) (rate(container_cpu_usage_seconds_total{namespace="shop",container="web",cpu="total"}[5m]))';
  const M = 'max by (namespace, pod, container) (container_memory_working_set_bytes{namespace="shop",container="web"})';
  const isSteady = (s: UsageSeries) => s.stepSeconds === 300 && s.workload.name !== 'slow';

  it('sees the points that the server’s own statistics see', async () => {
    const [p95, highest, samples, memoryP95, memorySamples] = await Promise.all([
      ask(`quantile_over_time(0.95, (${C})[7d:5m])`),
      ask(`max_over_time((${C})[7d:5m])`),
      ask(`count_over_time((${C})[7d:5m])`),
      ask(`quantile_over_time(0.95, (${M})[7d:5m])`),
      ask(`count_over_time((${M})[7d:5m])`),
    ]);
    const compared = usage.series.filter(isSteady);
    expect(compared).toHaveLength(12 * 2 + 2);
    for (const s of compared) {
      const key = `${s.pod}/${s.container}`;
      const cpu = sorted(s.cpu);
      const memory = sorted(s.memory);
      expect(cpu.length).toBe(Number(samples.get(key)));
      expect(memory.length).toBe(Number(memorySamples.get(key)));
      expect(cpu.at(-1)).toBe(promValue(highest.get(key) ?? '', 'cpu'));
      expect(Math.abs(quantile(cpu, 0.95) - Number(p95.get(key)) * 1e9)).toBeLessThan(1.5);
      expect(Math.abs(quantile(memory, 0.95) - Number(memoryP95.get(key)))).toBeLessThan(1);
    }
  });

  it('has each reading of memory as it was scraped', () => {
    const raw = series.filter(
      (s) =>
        s.metric === 'container_memory_working_set_bytes' && s.labels.pod?.startsWith('svc-') && s.labels.pod !== old,
    );
    expect(raw).toHaveLength(24);
    for (const { labels, points } of raw) {
      const at = new Map([...points].map(([t, v]) => [t, v]));
      const s = seriesOf(labels.pod ?? '');
      expect(s.memory).toHaveLength(2016);
      s.memory.forEach((value, i) => {
        if (value !== at.get(s.startMs / 1000 + i * 300)) throw new Error(`${s.pod} at ${i}: ${value}`);
      });
    }
  });

  it('sums the pods of a workload to the total that the server gives', async () => {
    const total = await ask(
      `quantile_over_time(0.95, (sum by (namespace, workload) (label_replace(${C}, "workload", "$1", "pod", "(svc-3)-.*")))[7d:5m])`,
      (metric) => metric.workload ?? '',
    );
    const pods = usage.series.filter((s) => s.workload.name === 'svc-3');
    const sums = Float64Array.from(pods[0]!.cpu, (_, i) => pods.reduce((sum, s) => sum + (s.cpu[i] ?? NaN), 0));
    expect(Math.abs(quantile(sorted(sums), 0.95) - Number(total.get('svc-3')) * 1e9)).toBeLessThan(3);
  });

  it('keeps a dead pod of an older revision, its hole and the new beginning of its counter', () => {
    const s = seriesOf(old);
    expect(s.workload).toEqual({ kind: 'Deployment', name: 'svc-0' });
    const gaps = s.memory.filter((v) => Number.isNaN(v)).length;
    expect(gaps).toBeGreaterThanOrEqual(34);
    expect(gaps).toBeLessThanOrEqual(36);
    for (const cpu of sorted(s.cpu)) expect(cpu).toBeLessThan(400_000_000);
    expect(s.cpu.filter((v) => v === 100_000_000).length).toBeGreaterThan(1000);
    expect(s.memory.length).toBeLessThan(1500);
  });

  it('sees the peak of one minute, the OOM, the throttling and the limit, and counts two scrapes once', () => {
    expect(seriesOf('db-0')).toMatchObject({
      memoryPeaks: { window: 500 * MI, train: 100 * MI, test: 500 * MI },
      oomSeen: true,
      throttledPercent: 40,
      memoryLimitInForce: 536870912,
    });
    expect(new Set(seriesOf('db-0').cpu)).toEqual(new Set([100_000_000]));
    expect(usage.series.filter((s) => s.pod === 'db-0')).toHaveLength(1);
  });

  it('reads slow scrapes over a wider range', () => {
    const cpu = sorted(seriesOf('slow-0').cpu);
    expect(cpu.length).toBeGreaterThan(1900);
    expect(new Set(cpu.map((v) => Math.round(v / 1e6)))).toEqual(new Set([300]));
    expect(usage.warnings).toContain(
      'CPU of 1 container is averaged over 15m instead of 5m: the scrapes are too far apart',
    );
  });

  it('reads the runs of a CronJob in steps of a minute', () => {
    const runs = usage.series.filter((s) => s.workload.name === 'report');
    expect(runs).toHaveLength(24);
    for (const run of runs) {
      expect(run.stepSeconds).toBe(60);
      expect(sorted(run.memory).length).toBeGreaterThanOrEqual(4);
      expect(sorted(run.cpu).length).toBeGreaterThanOrEqual(3);
    }
    expect(runs.map((r) => r.memoryPeaks?.window)).toContain(73 * MI);
  });

  it('asks little, and gives nobody else’s pods', () => {
    expect(usage.queries).toBeLessThanOrEqual(14);
    expect(usage.series.map((s) => s.pod)).not.toContain('other-7');
    expect(usage.unread).toEqual([]);
    expect(usage.reachSeconds).toBeUndefined();
  });

  it('gives the same when every question is cut into small ones', async () => {
    const { series: halved } = await fetchWith({ tuning: { maxBytes: 3 * MI } });
    expect(halved).toEqual(usage.series);
  });

  it('says how far back the data reaches', async () => {
    const { reachSeconds, warnings } = await fetchWith({ window: { windowSeconds: 21 * DAY, stepSeconds: 300 } });
    expect(Math.abs((reachSeconds ?? 0) - (7 * DAY + 3600))).toBeLessThanOrEqual(300);
    expect(warnings.join()).toContain('the data reaches back 7d of the 21d asked for');
  });

  it('gives from an OpenMetrics file what Prometheus gives', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'aiops-series-'));
    try {
      const path = join(folder, 'series.txt');
      await writeOpenMetrics(
        path,
        series.filter((s) => s.labels.pod === old || s.labels.pod === 'db-0' || s.labels.pod?.startsWith('svc-5-')),
      );
      const file = (await openSeriesFile(path)).usage(scope);
      expect(file.window).toEqual(usage.window);
      expect(file.series.length).toBe(4);
      for (const s of file.series) {
        const there = seriesOf(s.pod);
        expect([s.startMs, s.workload, [...s.memory], s.memoryPeaks]).toEqual([
          there.startMs,
          there.workload,
          [...there.memory],
          there.memoryPeaks,
        ]);
        s.cpu.forEach((value, i) => {
          // The last bits of two ways to add doubles.
          if (!(Math.abs(value - (there.cpu[i] ?? NaN)) <= 1) && !(Number.isNaN(value) && Number.isNaN(there.cpu[i])))
            throw new Error(`${s.pod} at ${i}: ${value}, ${there.cpu[i]}`);
        });
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

function sorted(values: Float64Array): Float64Array {
  return values.filter((v) => !Number.isNaN(v)).sort();
}

/** Linear interpolation, as quantile_over_time has it. */
function quantile(ascending: Float64Array, p: number): number {
  const rank = p * (ascending.length - 1);
  const low = Math.floor(rank);
  const [a, b] = [ascending[low] ?? NaN, ascending[Math.min(low + 1, ascending.length - 1)] ?? NaN];
  return a + (rank - low) * (b - a);
}
