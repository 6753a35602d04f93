import { build } from 'esbuild';
import { spawn } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { cleanUp, folder, json, kubeconfig, podList, serve } from './support/server.ts';

/** A whole process of its own: what is left of it, and of what it started, when it ends. */
const place = folder();
const program = join(place, 'program.mjs');

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

beforeAll(async () => {
  const source = `
    import { openLive } from './src/cluster/live/index.ts';
    const source = await openLive({ env: process.env, warn: () => {}, isTty: false,
      pluginTimeouts: { silentMs: Number(process.env.SILENT_MS), interactiveMs: 1, graceMs: 60000 } });
    try { for await (const page of source.list('Pod', {})) console.log(page.length); }
    catch (error) { console.log(error.message); }
    if (process.env.CLOSE) source.close();
  `;
  await build({
    stdin: { contents: source, resolveDir: process.cwd(), loader: 'ts' },
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    banner: { js: "import { createRequire as __cr } from 'node:module'; const require = __cr(import.meta.url);" },
  });
});
afterEach(cleanUp);

function run(config: string, env: NodeJS.ProcessEnv = {}) {
  const child = spawn(process.execPath, [program], {
    env: { PATH: process.env.PATH, HOME: place, KUBECONFIG: config, SILENT_MS: '60000', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = new Promise<{ output: string; code: number | null; signal: string | null }>((resolve) => {
    child.on('close', (code, signal) => {
      resolve({ output, code, signal });
    });
  });
  return { child, ended };
}

const isGone = (pid: number) => {
  try {
    process.kill(pid, 0);
    return /^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return true;
  }
};

async function until<T>(look: () => T | undefined): Promise<T> {
  for (;;) {
    const found = look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A login program that hears no polite word. Its process ids are in the file `pids`. */
function stubborn(): { config: string; pids: () => Promise<number[]> } {
  const home = folder();
  const command = join(home, 'login');
  const script = `#!/bin/sh\ntrap '' INT TERM\n(trap '' INT TERM; sleep 60; sleep 60) &\necho $$ $! >${home}/pids\nsleep 60; sleep 60\n`;
  writeFileSync(command, script);
  chmodSync(command, 0o755);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  return {
    config: kubeconfig('https://127.0.0.1:1', { user: { exec } }),
    pids: () =>
      until(() => {
        try {
          const text = readFileSync(join(home, 'pids'), 'utf8');
          return text.endsWith('\n') ? text.trim().split(' ').map(Number) : undefined;
        } catch {
          return undefined;
        }
      }),
  };
}

describe('a process that reads a cluster', () => {
  it.each([{ CLOSE: '1' }, {}])('ends by itself when it has read, closed or not: %j', async (env) => {
    const server = await serve((_request, response) => {
      json(response, podList(['a', 'b']));
    });
    expect(await run(kubeconfig(server.url), env).ended).toEqual({ output: '2\n', code: 0, signal: null });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'ends on %s and takes its login program with it',
    async (signal) => {
      const { config, pids } = stubborn();
      const { child, ended } = run(config);
      const started = await pids();
      child.kill(signal);
      expect((await ended).signal).toBe(signal);
      await until(() => (started.every(isGone) ? true : undefined));
    },
  );

  it('does not wait for a login program that it has given up, and leaves nothing of it behind', async () => {
    const { config, pids } = stubborn();
    const { ended } = run(config, { SILENT_MS: '1000' });
    const started = await pids();
    expect((await ended).output).toContain('gave no answer within 1 s');
    await until(() => (started.every(isGone) ? true : undefined));
  });
});
