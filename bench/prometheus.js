// Usage from Prometheus: our fetch of 1,000 containers x 7 d against fetching the same ranges raw, each in a process of its own.
// usage: node bench/prometheus.js [--minute] [--step 300,60] [--containers N] [--runs N] [--check]     needs Debian's prometheus, GNU time
// --minute: scraped each minute instead of each five; --step: of the range queries, seconds
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { build } from 'esbuild';
import { compare, report } from './measure.js';

const option = (name, fallback) =>
  process.argv.includes(name) ? Number(process.argv[process.argv.indexOf(name) + 1]) : fallback;
const containers = option('--containers', 1000);
const every = process.argv.includes('--minute') ? 60 : 300;
const steps = process.argv.includes('--step')
  ? process.argv[process.argv.indexOf('--step') + 1].split(',').map(Number)
  : [300];

const root = new URL('..', import.meta.url).pathname;
const folder = await mkdtemp(join(tmpdir(), 'aiops-bench-'));
await build({
  entryPoints: { usage: `${root}src/usage/index.ts`, support: `${root}test/support/prometheus.ts` },
  outdir: folder,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node20.19',
  banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
});
const { cadvisor, randomPart, seeded, startPrometheus } = await import(join(folder, 'support.mjs'));

const to = Date.UTC(2026, 5, 8) / 1000;
const from = to - 7 * 86_400 - 3600;
const random = seeded(7);

function* week() {
  for (let i = 0; i < containers; i++) {
    const [base, mib] = [0.01 + random() * 0.5, 50 + random() * 900];
    const noise = seeded(i);
    const pod = `svc-${Math.floor(i / 2)}-${randomPart(random, 10)}-${randomPart(random, 5)}`;
    const fake = {
      namespace: `team-${Math.floor(i / 50)}`,
      pod,
      container: 'app',
      cpu: (t) => base * (1 + 0.5 * Math.sin(t / 13_750) + 0.3 * noise()),
      memory: (t) => mib * 1048576 * (1 + 0.2 * Math.sin(t / 43_000) + 0.1 * noise()),
    };
    yield* cadvisor(fake, from, to, every);
  }
}

console.log(`filling: ${containers} containers, one sample each ${every} s`);
const server = await startPrometheus(week());
try {
  let isWithin = true;
  for (const step of steps) {
    const client = (mode) => [
      new URL('prometheus-client.js', import.meta.url).pathname,
      mode,
      join(folder, 'usage.mjs'),
      server.url,
      String(to),
      String(containers),
      String(step),
    ];
    const result = await compare(client('ours'), client('raw'), option('--runs', 3));
    if (result.last.code !== 0) throw new Error(result.last.stderr);
    const isFast = report(`usage of ${containers} containers x 7 d in steps of ${step} s`, result, 2);
    console.log(result.last.stdout.trim());
    const { queries } = JSON.parse(result.last.stdout);
    isWithin &&= isFast && result.ours.peakMiB < 256 && queries <= 40;
  }
  process.exitCode = process.argv.includes('--check') && !isWithin ? 1 : 0;
} finally {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}
