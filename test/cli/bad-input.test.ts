/** What people and clusters get wrong: each ends in a message that says what failed, on what, why and what to try. */
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import * as net from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { archiveOf, folderOf, listOf, named, onDisk, tarOf } from '../cluster-source/archives.ts';
import { cleanUp, folder, json, kubeconfig, listen, serve, status } from '../cluster-source/live/support/server.ts';
import * as certs from '../cluster-source/live/support/certificates.ts';
import { runCli, type CliOptions, type CliResult } from '../support/run-cli.ts';

afterEach(cleanUp);

const shop = ['diagnose', '--from', 'samples/shop.tar.gz'];

/** Everything but printable text, newline and our own colours. */
const HOSTILE =
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]|[\u{e0000}-\u{e007f}]/u;
const OWN_COLOURS = /\u001b\[(?:\d{1,2})(?:;\d{1,2})*m/g;

function expectClean({ stdout, stderr }: CliResult, allowed = '') {
  for (const text of [stdout, stderr])
    expect(HOSTILE.exec(text.replace(OWN_COLOURS, '').replaceAll(allowed, ''))?.[0]).toBeUndefined();
}

/** A failed command: nothing on stdout, these words on stderr, 2. */
async function expectError(args: readonly string[], words: readonly (string | RegExp)[], options: CliOptions = {}) {
  const result = await runCli(args, options);
  for (const word of words) expect(result.stderr).toMatch(word);
  expect(result.stderr).toMatch(/^(warning: .*\n)*error: /);
  expect(result.stderr).not.toMatch(/^ +at /m);
  expect(result.stdout).toBe('');
  expect(result.code).toBe(2);
  expectClean(result);
  return result;
}

describe('a name that does not exist', () => {
  it.each([
    [['deployment', 'chekout'], /deployment chekout not found in namespace shop\n +did you mean checkout\?/],
    [['svc/catalg'], /service catalg not found in namespace shop\n +did you mean catalog\?/],
    [['pod', 'zzz'], /pod zzz not found in namespace shop\n +there are /],
    [['statefulset', 'x', '-A'], /statefulset x not found\n +there is uploads/],
    [['hpa', '-n', 'shop'], /there are no horizontalpodautoscalers in namespace shop\n +see what exists: kubectl get/],
    [['-l', 'app=chekout'], /nothing in namespace shop that carries these labels\n.*kubectl get all -n shop --show-l/],
    [['-n', 'shpo'], /namespace shpo not found\n +did you mean shop\?|there (is|are) .*shop/],
  ])('%j is answered with what exists', async (words, text) => {
    await expectError([...shop, ...words], [text]);
  });

  it('is never taken for health by a gate', async () => {
    await expectError([...shop, '-l', 'app=chekout', '--watch', '--timeout', '1s'], ['nothing in namespace shop']);
  });
});

describe('flags that do not go together', () => {
  it.each([
    [['diagnose', 'pod/web', '-l', 'app=web'], 'a name and -l exclude each other'],
    [['diagnose', 'cluster', '-n', 'shop'], 'looks at every namespace'],
    [['diagnose', '--from', 'samples/shop.tar.gz', '--context', 'x'], '--from and --context exclude each other'],
    [['diagnose', '--json', '-o', 'table'], 'exclude each other'],
    [['diagnose', '--since', 'yesterday'], 'not a duration'],
    [['diagnose', '--watch', '--interval', '0s'], 'not a duration'],
  ])('%j are refused before a cluster is asked', async (args, text) => {
    await expectError(args, [text]);
  });
});

describe('the kubeconfig', () => {
  it('is missed with the places that were searched', async () => {
    await expectError(
      ['diagnose'],
      [/no kubeconfig found \(looked for .*\/nonexistent\/config/, '--kubeconfig', '--from'],
    );
    await expectError(['diagnose', '--kubeconfig', 'nowhere'], [/kubeconfig nowhere does not exist: correct the path/]);
  });

  it('that cannot be read is named, and so is the place in it', async () => {
    const path = join(folder(), 'config');
    writeFileSync(path, 'contexts: [');
    const { stderr } = await expectError(['diagnose', '--kubeconfig', path], [path, /line \d/]);
    expect(stderr.match(/at line/g)).toHaveLength(1);
  });

  it('without the context says which there are', async () => {
    await expectError(
      ['diagnose', '--kubeconfig', kubeconfig('https://127.0.0.1:1'), '--context', 'tset'],
      [/context "tset" is not in kubeconfig .*: it has test/],
    );
  });

  it('that holds escape sequences cannot speak to the terminal', async () => {
    const path = kubeconfig('https://127.0.0.1:1', { context: { user: '\u001b[2Ju\u202e' } });
    await expectError(['diagnose', '--kubeconfig', path], [/names the user/]);
  });
});

/** Takes every connection and says nothing. */
const silence = () => net.createServer((socket) => socket.resume());

describe('a server', () => {
  const commands = [['diagnose'], ['diagnose', 'pod', 'web'], ['snapshot', '-o', '/nonexistent/x.tar.gz']];

  it.each(commands)('that is not there is told with its address (%s %s)', async (...args) => {
    const closed = await listen(net.createServer(), 'http');
    await closed.close();
    const path = kubeconfig(closed.url);
    const { stderr } = await expectError(
      [...args, '--kubeconfig', path],
      [/connection refused by http/, /context "test"/],
    );
    expect(stderr).not.toContain('ECONNREFUSED');
  });

  it.each(commands)('that never answers ends with --timeout (%s %s)', async (...args) => {
    const silent = await listen(silence(), 'http');
    await expectError(
      [...args, '--kubeconfig', kubeconfig(silent.url), '--timeout', '700ms'],
      [
        /(list pods|get pod web) in default: the time for this run \(0\.7 s\) is over: check that http.* or allow more with --timeout/,
      ],
    );
  });

  it('that never answers is left at once when interrupted', async () => {
    const silent = await listen(silence(), 'http');
    const interrupt = new AbortController();
    const waiting = runCli(['diagnose', '--kubeconfig', kubeconfig(silent.url)], { signal: interrupt.signal });
    await new Promise((resolve) => setTimeout(resolve, 300));
    interrupt.abort();
    expect(await waiting).toMatchObject({ code: 130, stdout: '' });
    // Nothing is left that would keep the process.
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(silent.sockets.size).toBe(0);
  });

  it.each(commands)('that knows us no longer is told with the user (%s %s)', async (...args) => {
    const server = await serve((_, response) => {
      status(response, 401, 'Unauthorized');
    });
    await expectError([...args, '--kubeconfig', kubeconfig(server.url)], [/401 Unauthorized.*user "u".*log in/]);
  });

  it('that refuses the client certificate is told so', async () => {
    const server = await serve(
      (_, response) => {
        json(response, {});
      },
      { ...certs.server, ca: certs.ca.cert, requestCert: true, rejectUnauthorized: true },
    );
    const path = kubeconfig(server.url, { user: { token: 'none' } });
    await expectError(['diagnose', '--kubeconfig', path], [/client certificate|does not speak TLS|the connection to/]);
  });

  it.each(commands)('that forbids everything is told as such, not as health (%s %s)', async (...args) => {
    const server = await serve((_, response) => {
      status(response, 403, 'User "u" cannot do that', { reason: 'Forbidden' });
    });
    await expectError([...args, '--kubeconfig', kubeconfig(server.url)], [/403 Forbidden: User "u" cannot do that/]);
  });

  it.each(commands)('that is a login page is told as such (%s %s)', async (...args) => {
    const page = '<html><title>Sign in \u001b[31m\u202e</title></html>';
    const server = await serve((_, response) => {
      response.writeHead(200, { 'content-type': 'text/html' }).end(page);
    });
    await expectError([...args, '--kubeconfig', kubeconfig(server.url)], [/not JSON \(text\/html\).*login page/]);
  });

  it('whose words hold escape sequences is quoted harmlessly', async () => {
    const server = await serve((_, response) => {
      status(response, 400, 'bad \u001b]0;owned\u0007 \u202e request');
    });
    await expectError(['diagnose', 'pod', 'x', '--kubeconfig', kubeconfig(server.url)], [/400.*bad \\u\{1b\}/]);
  });

  it('is checked by config check, which says what is wrong and ends with 1', async () => {
    const server = await serve((_, response) => {
      status(response, 401, 'Unauthorized');
    });
    const args = ['config', 'check', '--kubeconfig', kubeconfig(server.url)];
    expect(await runCli(args)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^failed +cluster .*401/m) as string,
    });
    const { checks } = JSON.parse((await runCli([...args, '--json'])).stdout) as { checks: { status: string }[] };
    expect(checks.map((c) => c.status)).toContain('failed');
  });
});

describe('a login program', () => {
  it('that hangs is ended with all that it started', async () => {
    const home = folder();
    const command = join(home, 'login');
    writeFileSync(command, `#!/bin/sh\necho $$ >>${home}/pids\nsleep 600 &\necho $! >>${home}/pids\nsleep 600\n`);
    chmodSync(command, 0o755);
    const server = await serve((_, response) => {
      json(response, {});
    });
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    const path = kubeconfig(server.url, { user: { exec } });
    await expectError(
      ['diagnose', '--kubeconfig', path, '--timeout', '1s'],
      [/exec plugin ".*login" was stopped: the time for this run \(1 s\) is over/],
    );
    const pids = readFileSync(join(home, 'pids'), 'utf8').trim().split('\n');
    expect(pids).toHaveLength(2);
    const isAlive = (pid: string) => {
      try {
        return !/^State:\s+Z/m.test(execFileSync('cat', [`/proc/${pid}/status`], { encoding: 'utf8', stdio: 'pipe' }));
      } catch {
        return false;
      }
    };
    const end = performance.now() + 10_000;
    while (pids.some(isAlive) && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(pids.filter(isAlive)).toEqual([]);
    expect(server.seen).toEqual([]);
  });
});

describe('a recording', () => {
  const at = (path: string) => ['diagnose', '--from', path];

  it('that is none says what is expected', async () => {
    await expectError(at('nowhere.tar.gz'), ['nowhere.tar.gz']);
    await expectError(at(await onDisk(Buffer.from('hello'))), [/no archive; expected a folder or .tar.gz/]);
    await expectError(at(await folderOf({ 'a.txt': 'hello' })), [/holds nothing that was recorded from a cluster/]);
    await expectError(at(await onDisk(await archiveOf({ 'a/b.txt': 'hello' }))), [/expected a folder or .tar.gz/]);
  });

  it('that is cut off says so and is no all-clear', async () => {
    const whole = readFileSync('samples/healthy.tar.gz');
    const path = await onDisk(whole.subarray(0, Math.floor(whole.length / 2)));
    const result = await runCli(at(path));
    expect(result.code).toBe(2);
    expect(result.stderr).toMatch(/^warning: .*(end|cut|middle|truncated)/m);
    expect(result.stdout).not.toContain('✔ no fault found');
    expectClean(result);
  });

  it('cannot write or read beside itself', async () => {
    const outside = join(folder(), 'outside');
    const header = { type: 'file' as const };
    const bytes = await tarOf([
      [{ ...header, name: `../../../../..${outside}` }, Buffer.from('x')],
      [{ ...header, name: outside }, Buffer.from('x')],
      [{ name: 'shop/pods.json', type: 'symlink', linkname: '/etc/passwd' }],
    ]);
    const result = await runCli(at(await onDisk(gzipSync(bytes))));
    expect(result.code).toBe(2);
    expect(existsSync(outside)).toBe(false);
    expect(`${result.stdout}${result.stderr}`).not.toContain('root:');
    expectClean(result);
  });

  it('with a log of one line of 100 MB is read within bounds', async () => {
    const pod = crashing('web-1');
    const path = await folderOf({
      'nodes.json': listOf('Node'),
      'shop/pods.json': listOf('Pod', pod),
      'shop/web-1/logs.txt': Buffer.concat([
        Buffer.from('==== START logs for container app of pod shop/web-1 ====\n'),
        Buffer.alloc(100 * 1024 * 1024, 'x'),
        Buffer.from('\n==== END logs for container app of pod shop/web-1 ====\n'),
      ]),
    });
    const before = process.memoryUsage().rss;
    const result = await runCli([...at(path), 'pod', 'web-1', '-n', 'shop', '-o', 'wide']);
    expect(result.stdout).toContain('web-1');
    expect(result.stdout.length).toBeLessThan(50_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(300 * 1024 * 1024);
    expectClean(result);
  });
});

function crashing(name: string, more: { message?: string; annotations?: object } = {}): object {
  const message = more.message ?? 'back-off 5m0s restarting failed container';
  return named(name, 'shop', {
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      ...(more.annotations && { annotations: more.annotations }),
    },
    spec: { nodeName: 'node-1', containers: [{ name: 'app', image: 'example.com/app:1' }] },
    status: {
      phase: 'Running',
      conditions: [{ type: 'Ready', status: 'False', message }],
      containerStatuses: [
        {
          name: 'app',
          image: 'example.com/app:1',
          ready: false,
          restartCount: 7,
          state: { waiting: { reason: 'CrashLoopBackOff', message } },
          lastState: {
            terminated: { exitCode: 1, reason: 'Error', message, finishedAt: new Date().toISOString() },
          },
        },
      ],
    },
  });
}

describe('hostile text of a recorded cluster', () => {
  /** Every control byte, the sequences that terminals obey, what hides or turns text round, and a megabyte. */
  const hostile = [
    ...Array.from({ length: 32 }, (_, i) => String.fromCharCode(i)).filter((c) => c !== '\n'),
    '\u007f\u0080\u009b31m\u009d0;x\u009c',
    '\u001b[2J\u001b[1;1H\u001b[31mred\u001b]0;title\u0007\u001b]8;;http://x\u0007link\u001b]52;c;eA==\u0007\u001bP1$r\u001b\\',
    '\u202eesrever\u2066\u200b\u200f\ufeff\u00ad\u{e0041}\ud800',
    'A'.repeat(1024 * 1024),
  ].join('x');

  const recording = async () =>
    folderOf({
      'nodes.json': listOf('Node'),
      'shop/pods.json': listOf('Pod', crashing('web-1', { message: hostile, annotations: { note: hostile } }), {
        metadata: { name: `evil${hostile}`, namespace: 'shop' },
        spec: { containers: [{ name: hostile, image: hostile }] },
        status: { phase: 'Pending', containerStatuses: [{ name: hostile, state: { waiting: { reason: hostile } } }] },
      }),
      'shop/events.json': listOf('Event', {
        metadata: { name: 'e', namespace: 'shop' },
        type: 'Warning',
        reason: 'FailedMount',
        message: hostile,
        involvedObject: { kind: 'Pod', namespace: 'shop', name: 'web-1', uid: 'uid-web-1' },
        lastTimestamp: new Date().toISOString(),
      }),
      'shop/services.json': listOf('Service', {
        metadata: { name: 'web', namespace: 'shop', annotations: { [hostile]: hostile } },
        spec: { selector: { app: hostile }, ports: [{ port: 80, targetPort: hostile, name: hostile }] },
      }),
      'shop/web-1/logs.txt': `==== START logs for container app of pod shop/web-1 ====\npanic: ${hostile}\nError: ${hostile}\n==== END logs for container app of pod shop/web-1 ====\n`,
    });

  it('reaches no output in a form that a terminal obeys, and no output grows with it', async () => {
    const path = await recording();
    for (const format of [[], ['-o', 'wide'], ['-o', 'table'], ['-o', 'markdown'], ['-o', 'yaml'], ['-o', 'json']])
      for (const words of [[], ['pod', 'web-1', '-n', 'shop']]) {
        const result = await runCli(['diagnose', '--from', path, ...words, ...format], { isTTY: true });
        expect([1, 2]).toContain(result.code);
        expect(result.stdout.length, format.join(' ')).toBeGreaterThan(0);
        expect(result.stdout.length, format.join(' ')).toBeLessThan(400_000);
        // Programs that read YAML or Markdown do not obey a tab.
        expectClean(result, ['markdown', 'yaml'].includes(format[1] ?? '') ? '\t' : '');
      }
  });

  it('keeps JSON valid', async () => {
    const { stdout } = await runCli(['diagnose', '--from', await recording(), '--json']);
    expect(JSON.parse(stdout)).toMatchObject({ kind: 'Diagnosis' });
  });

  it('in the path of a recording or in an unknown flag is shown as escapes', async () => {
    await expectError(['diagnose', '--from', '/nowhere/\u001b[31mx\u202e'], [/\\u\{1b\}/]);
    const result = await runCli(['diagnose', '--\u001b[31m']);
    expect(result.code).toBe(2);
    expectClean(result);
  });
});

describe('what a reading costs the reader', () => {
  it('a server that sends without end is stopped', async () => {
    const endless = http.createServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const chunk = Buffer.alloc(1024 * 1024, ' ');
      const feed = () => {
        while (response.write(chunk));
      };
      response.on('drain', feed);
      feed();
    });
    const server = await listen(endless, 'http');
    await expectError(
      ['diagnose', 'pod', 'web', '--kubeconfig', kubeconfig(server.url), '--timeout', '20s'],
      [/get pod web in default: .*(64 MiB|larger|too large|more than)/],
    );
  });
});
