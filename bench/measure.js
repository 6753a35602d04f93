// Runs programs as a user would and compares them: medians of interleaved runs, so that a busy machine hits both alike.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const aiops = fileURLToPath(new URL('../bin/aiops.js', import.meta.url));

/** Wall time in ms, peak memory in MiB (of the process itself, read from /proc while it runs) and what it printed. */
export function once(args, env = process.env) {
  return new Promise((resolve, reject) => {
    const start = performance.now();
    const child = spawn('/usr/bin/time', ['-f', '%M', process.execPath, ...args], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const out = [];
    const err = [];
    child.stdout.on('data', (c) => out.push(c));
    child.stderr.on('data', (c) => err.push(c));
    child.on('error', reject);
    child.on('close', (code) => {
      const lines = Buffer.concat(err).toString().trim().split('\n');
      resolve({
        ms: performance.now() - start,
        peakMiB: Number(lines.at(-1)) / 1024,
        code,
        stdout: Buffer.concat(out).toString(),
        stderr: lines.slice(0, -1).join('\n'),
      });
    });
  });
}

/** Medians of `runs` interleaved runs of two programs. */
export async function compare(ours, theirs, runs) {
  const a = [];
  const b = [];
  for (let i = 0; i < runs; i++) {
    a.push(await once(ours));
    b.push(await once(theirs));
  }
  return { ours: median(a), theirs: median(b), last: a.at(-1) };
}

function median(results) {
  const middle = (key) => results.map((r) => r[key]).sort((x, y) => x - y)[Math.floor(results.length / 2)];
  return { ms: middle('ms'), peakMiB: middle('peakMiB') };
}

/** One line a comparison; `limit` is the budget for the ratio. */
export function report(what, { ours, theirs }, limit) {
  const ratio = ours.ms / theirs.ms;
  const line = `${what}: ${ours.ms.toFixed(0)} ms, ${ours.peakMiB.toFixed(0)} MiB – ${ratio.toFixed(2)} x the yardstick (${theirs.ms.toFixed(0)} ms, ${theirs.peakMiB.toFixed(0)} MiB), budget ${limit} x`;
  console.log(line);
  return ratio <= limit;
}
