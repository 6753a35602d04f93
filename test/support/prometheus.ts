/** A real Prometheus on loopback, filled from OpenMetrics text by promtool. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { finished } from 'node:stream/promises';

export interface FakeSeries {
  readonly metric: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Seconds since the epoch and value; NaN values are left out, text is written as it is. */
  readonly points: Iterable<readonly [seconds: number, value: number | string]>;
}

export function hasPrometheus(): boolean {
  return ['prometheus', 'promtool'].every((name) => spawnSync(name, ['--version']).status === 0);
}

export interface RunningPrometheus {
  readonly url: string;
  stop(): Promise<void>;
}

/** Makes blocks of the series and serves them; `stop` ends the server and removes its folder. */
export async function startPrometheus(series: Iterable<FakeSeries>): Promise<RunningPrometheus> {
  const folder = await mkdtemp(join(tmpdir(), 'aiops-prometheus-'));
  const text = join(folder, 'series.txt');
  await writeOpenMetrics(text, series);
  const data = join(folder, 'data');
  const made = spawnSync(
    'promtool',
    ['tsdb', 'create-blocks-from', 'openmetrics', '--quiet', '--max-block-duration=1000h', text, data],
    {
      encoding: 'utf8',
    },
  );
  if (made.status !== 0) throw new Error(`promtool: ${made.stderr}`);
  await rm(text);
  const config = join(folder, 'prometheus.yml');
  await writeFile(config, 'global: {}\n');
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = spawn(
    'prometheus',
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      '--storage.tsdb.retention.time=20y',
      `--web.listen-address=127.0.0.1:${port}`,
      '--log.level=error',
    ],
    { stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve) => {
    server.once('exit', () => {
      resolve();
    });
  });
  const stop = async () => {
    server.kill('SIGKILL');
    await ended;
    await rm(folder, { recursive: true, force: true });
  };
  for (let tries = 0; ; tries++) {
    const isReady = await fetch(`${url}/-/ready`).then(
      (r) => r.ok,
      () => false,
    );
    if (isReady) return { url, stop };
    if (tries > 600) {
      await stop();
      throw new Error('prometheus did not get ready');
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

export async function writeOpenMetrics(path: string, series: Iterable<FakeSeries>): Promise<void> {
  const out = createWriteStream(path);
  for (const { metric, labels, points } of series) {
    const name = `${metric}{${Object.entries(labels)
      .map(([k, v]) => `${k}=${JSON.stringify(v)}`)
      .join(',')}}`;
    const lines: string[] = [];
    for (const [seconds, value] of points) if (!Number.isNaN(value)) lines.push(`${name} ${value} ${seconds}\n`);
    if (!out.write(lines.join(''))) await once(out, 'drain');
  }
  out.end('# EOF\n');
  await finished(out);
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        resolve(typeof address === 'object' && address ? address.port : 0);
      });
    });
  });
}

/** A random number generator that gives the same numbers each time: 0 … 1. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The random part of a pod's name. */
export function randomPart(random: () => number, length: number): string {
  return Array.from({ length }, () => ALPHABET[Math.floor(random() * ALPHABET.length)]).join('');
}

export interface FakeContainer {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
  /** Cores and bytes at a moment. */
  readonly cpu: (seconds: number) => number;
  readonly memory: (seconds: number) => number;
}

/** The two series that cAdvisor gives of a container, scraped every `every` seconds within [from, to]. */
export function* cadvisor(c: FakeContainer, from: number, to: number, every: number): Generator<FakeSeries> {
  const labels = {
    namespace: c.namespace,
    pod: c.pod,
    container: c.container,
    id: `/kubepods/${c.pod}/${c.container}`,
    image: 'example.com/app:1',
  };
  const moments = Array.from({ length: Math.floor((to - from) / every) + 1 }, (_, i) => from + i * every);
  let total = 0;
  yield {
    metric: 'container_cpu_usage_seconds_total',
    labels: { ...labels, cpu: 'total' },
    points: moments.map((t) => [t, Number((total += c.cpu(t) * every).toFixed(6))] as const),
  };
  yield {
    metric: 'container_memory_working_set_bytes',
    labels,
    points: moments.map((t) => [t, Math.round(c.memory(t))] as const),
  };
}
