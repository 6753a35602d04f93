import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { LiveOptions } from '../../../src/cluster/live/index.ts';
import * as certs from './support/certificates.ts';
import {
  cleanUp,
  connect,
  failure,
  folder,
  json,
  kubeconfig,
  names,
  podList,
  serve,
  status,
} from './support/server.ts';

afterEach(cleanUp);

const V1 = 'client.authentication.k8s.io/v1';
const credential = (status: object, apiVersion = V1) => JSON.stringify({ apiVersion, kind: 'ExecCredential', status });

/** A plugin that is a shell script; what it writes down it writes beside itself. */
function plugin(script: string, name = 'plugin'): string {
  const path = join(folder(), name);
  writeFileSync(path, `#!/bin/sh\ncd "$(dirname "$0")"\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const execUser = (command: string, more: object = {}) => ({
  user: { exec: { apiVersion: V1, command, interactiveMode: 'Never', ...more } },
});

const prints = (token: string, more: object = {}) => `echo run >>runs; echo '${credential({ token, ...more })}'`;
/** Another token each time. */
const numbered = `n=$(cat runs 2>/dev/null | wc -l); echo run >>runs; echo '${credential({ token: 'token-N' })}' | sed "s/N/$n/"`;
const runs = (path: string) =>
  readFileSync(join(dirname(path), 'runs'), 'utf8')
    .trim()
    .split('\n').length;
const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    // A zombie whose parent has not asked for its end is dead enough.
    return !execFileSync('ps', ['-o', 'stat=', '-p', String(pid)])
      .toString()
      .startsWith('Z');
  } catch {
    return false;
  }
};

/** Until it is so; a test that waits in vain ends by its own limit. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setTimeout(resolve, 10));
}

const pods = () =>
  serve((_request, response) => {
    json(response, podList(['web']));
  });

/** What reading brings when the plugin is never used for anything. */
async function failureWith(parts: object, options: Partial<LiveOptions> = {}): Promise<string> {
  return (await failure(names(await connect('https://127.0.0.1:1', parts, options)))).message;
}

describe('an exec plugin', () => {
  it('gives the token, is run once for many reads, and not before the first', async () => {
    const path = plugin(prints('from-plugin'));
    const server = await pods();
    const source = await connect(server.url, execUser(path));
    expect(() => runs(path)).toThrow();
    await Promise.all([names(source), names(source), names(source)]);
    await names(source);
    expect(runs(path)).toBe(1);
    expect(server.seen[0]?.headers.authorization).toBe('Bearer from-plugin');
  });

  it('gives a client certificate', async () => {
    const seen: string[] = [];
    const server = await serve(
      (_request, response) => {
        seen.push(String((response.socket as import('node:tls').TLSSocket).getPeerCertificate().subject.CN));
        json(response, podList(['web']));
      },
      { ...certs.server, ca: certs.ca.cert, requestCert: true, rejectUnauthorized: true },
    );
    const path = plugin('cat answer');
    const status = { clientCertificateData: certs.client.cert, clientKeyData: certs.client.key };
    writeFileSync(join(dirname(path), 'answer'), credential(status));
    await names(await connect(server.url, execUser(path)));
    expect(seen).toEqual(['client']);
  });

  it('is run again when its credential has expired', async () => {
    const path = plugin(prints('short', { expirationTimestamp: new Date(Date.now() + 1000).toISOString() }));
    const source = await connect((await pods()).url, execUser(path));
    await names(source);
    await names(source);
    expect(runs(path)).toBe(2);
  });

  it('is kept while its credential is valid', async () => {
    const path = plugin(prints('long', { expirationTimestamp: new Date(Date.now() + 3_600_000).toISOString() }));
    const source = await connect((await pods()).url, execUser(path));
    await names(source);
    await names(source);
    expect(runs(path)).toBe(1);
  });

  it('is run once more when the server refuses a token that was good, for all reads together', async () => {
    const path = plugin(numbered);
    let good = 'Bearer token-0';
    const server = await serve((request, response) => {
      if (request.headers.authorization === good) json(response, podList(['web']));
      else status(response, 401, 'Unauthorized');
    });
    const source = await connect(server.url, execUser(path));
    await names(source);
    good = 'Bearer token-1';
    expect(await Promise.all(Array.from({ length: 12 }, () => names(source)))).toEqual(Array(12).fill(['web']));
    expect(runs(path)).toBe(2);
  });

  it('is not run for ever when the server refuses whatever it gives', async () => {
    const path = plugin(numbered);
    const server = await serve((_request, response) => {
      status(response, 401, 'Unauthorized');
    });
    const source = await connect(server.url, execUser(path));
    const error = await failure(names(source));
    expect(error).toMatchObject({ status: 401 });
    for (let i = 0; i < 5; i++) await failure(names(source));
    expect(runs(path)).toBe(2);
  });

  it('knows its arguments and variables, is told about the cluster, and gets no key of ours', async () => {
    const path = plugin(`echo "$@" >args; env >env; ${prints('t')}`);
    const server = await pods();
    const env = {
      HOME: '/nonexistent',
      PATH: process.env.PATH,
      KEPT: 'kept',
      AIOPS_HOME: 'canary',
      ANTHROPIC_API_KEY: 'canary',
      CLAUDE_API_KEY: 'canary',
      SLACK_BOT_TOKEN: 'canary',
      GITHUB_TOKEN: 'canary',
      GH_TOKEN: 'canary',
    };
    const exec = {
      args: ['--region', 'eu $(id)'],
      env: [{ name: 'PROFILE', value: 'dev' }],
      provideClusterInfo: true,
    };
    const extensions = [{ name: 'client.authentication.k8s.io/exec', extension: { audience: 'x' } }];
    const parts = { ...execUser(path, exec), cluster: { extensions } };
    await names(await connect(server.url, parts, { env }));
    const wrote = (name: string) => readFileSync(join(dirname(path), name), 'utf8');
    expect(wrote('args')).toBe('--region eu $(id)\n');
    expect(wrote('env')).toContain('KEPT=kept');
    expect(wrote('env')).toContain('PROFILE=dev');
    expect(wrote('env')).not.toContain('canary');
    const info: unknown = JSON.parse(/KUBERNETES_EXEC_INFO=(.*)/.exec(wrote('env'))?.[1] ?? '');
    expect(info).toMatchObject({
      apiVersion: V1,
      kind: 'ExecCredential',
      spec: { interactive: false, cluster: { server: server.url, config: { audience: 'x' } } },
    });
  });

  it('is found on PATH or beside its kubeconfig, never in the working directory', async () => {
    const path = plugin(prints('t'), 'aiops-login');
    const server = await pods();
    const env = { HOME: '/nonexistent', PATH: `/usr/bin:/bin:${dirname(path)}` };
    expect(await names(await connect(server.url, execUser('aiops-login'), { env }))).toEqual(['web']);

    const relative = { HOME: '/nonexistent', PATH: `.:bin:` };
    expect(
      await failureWith(execUser('aiops-login', { installHint: 'brew install\u001b[2J login' }), { env: relative }),
    ).toBe(
      'list pods in all namespaces: exec plugin "aiops-login" was not found on PATH: install it, or add its folder to PATH – brew install\\u{1b}[2J login',
    );

    const home = folder();
    mkdirSync(join(home, 'bin'));
    writeFileSync(join(home, 'bin', 'aiops-login'), readFileSync(path), { mode: 0o755 });
    const config = kubeconfig(server.url, execUser('./bin/aiops-login'), join(home, 'config'));
    expect(await names(await connect(server.url, {}, { kubeconfig: config }))).toEqual(['web']);
    chmodSync(config, 0o666);
    const refused = await failure(names(await connect(server.url, {}, { kubeconfig: config })));
    expect(refused.message).toContain('is not run');
  });

  it('that fails is told with its last words, without secrets and control bytes', async () => {
    const path = plugin(`echo "start" >&2; printf 'session expired \\033[2J token=abcdef0123456789\\n' >&2; exit 3`);
    const message = await failureWith(execUser(path, { installHint: 'run login first' }));
    expect(message).toMatch(
      /exec plugin ".*plugin" ended with exit code 3: start session expired \\u\{1b\}\[2J token=‹redacted [0-9a-f]{4}› – run login first$/,
    );
  });

  it.each([
    ['no JSON', 'echo my-secret-token', 'its output is not JSON'],
    ['another object', `echo '{"kind":"Pod"}'`, 'another kind of object'],
    [
      'another version',
      `echo '${credential({ token: 't' }, `${V1}beta1`)}'`,
      `answered in ${V1}beta1 and the kubeconfig asks for ${V1}`,
    ],
    ['nothing in it', `echo '${credential({})}'`, 'neither a token nor a client certificate'],
    ['a certificate without a key', `echo '${credential({ clientCertificateData: 'x' })}'`, 'without its key'],
    ['too much', 'head -c 2000000 /dev/zero; sleep 60', 'wrote more than 1 MiB'],
  ])('that gives %s is told so', async (_what, script, reason) => {
    const message = await failureWith(execUser(plugin(script)));
    expect(message).toContain(reason);
    expect(message).not.toContain('my-secret-token');
  });

  it('of an unknown version, and one that needs a terminal where there is none, are not run', async () => {
    expect(await failureWith(execUser('/bin/true', { apiVersion: 'client.authentication.k8s.io/v1alpha1' }))).toContain(
      'exec.apiVersion is client.authentication.k8s.io/v1alpha1, which is not supported',
    );
    expect(await failureWith(execUser('/bin/true', { interactiveMode: 'Always' }))).toContain('needs a terminal');
  });

  const timeouts = { silentMs: 300, interactiveMs: 300, graceMs: 200 };

  it('that hangs is ended with everything it started, also what ignores a polite word', async () => {
    const path = plugin(
      `trap '' INT; sh -c 'trap "" INT; echo $$ >child; sleep 60' & echo $$ >own; echo waiting >&2; sleep 60; sleep 60`,
    );
    const message = await failureWith(execUser(path), { pluginTimeouts: timeouts });
    expect(message).toContain('gave no answer within 0.3 s: waiting');
    const pids = ['own', 'child'].map((name) => Number(readFileSync(join(dirname(path), name), 'utf8')));
    await until(() => !pids.some(isAlive));
  });

  it('that leaves a program behind which holds its output is not waited for', async () => {
    const path = plugin(`sleep 5 & ${prints('t')}`);
    const started = performance.now();
    expect(await names(await connect((await pods()).url, execUser(path)))).toEqual(['web']);
    expect(performance.now() - started).toBeLessThan(4500);
  });

  it('is ended when the source is closed', async () => {
    const path = plugin('echo $$ >own; sleep 60');
    const pluginTimeouts = { ...timeouts, silentMs: 60_000 };
    const source = await connect('https://127.0.0.1:1', execUser(path), { pluginTimeouts });
    const reading = failure(names(source));
    const own = join(dirname(path), 'own');
    await until(() => {
      try {
        return readFileSync(own, 'utf8').endsWith('\n');
      } catch {
        return false;
      }
    });
    source.close();
    expect((await reading).message).toContain('was closed');
    await until(() => !isAlive(Number(readFileSync(own, 'utf8'))));
  });

  it('that has failed is not run again by the reads that follow at once', async () => {
    const path = plugin('echo run >>runs; exit 1');
    const source = await connect('https://127.0.0.1:1', execUser(path));
    await Promise.all([failure(names(source)), failure(names(source))]);
    await failure(names(source));
    expect(runs(path)).toBe(1);
  });

  it('may talk to the person at the terminal', async () => {
    const path = plugin(
      `printf 'open https://login.example.com \\033[31m\\n' >&2; echo "$KUBERNETES_EXEC_INFO" >info; ${prints('t')}`,
    );
    const said: string[] = [];
    const options = { isTty: true, warn: (text: string) => void said.push(text) };
    const source = await connect((await pods()).url, execUser(path, { interactiveMode: 'IfAvailable' }), options);
    expect(await names(source)).toEqual(['web']);
    expect(said).toEqual(['open https://login.example.com \\u{1b}[31m']);
    expect(readFileSync(join(dirname(path), 'info'), 'utf8')).toContain('"interactive":true');
  });
});
