/** The built program as people and pipelines run it: a process of its own, on a real cluster. */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { execa, type Options } from 'execa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { apply, eventually, kubeconfig, kubectl, skipReason } from './support/cluster.ts';

const namespace = 'f-qa-cli';
if (skipReason === undefined && !existsSync('dist/main.js')) throw new Error('the program is not built: node build.js');

/** A folder with the names under which people call it. */
const folder = mkdtempSync(join(tmpdir(), 'aiops-cli-'));
const program = join(folder, 'app', 'bin', 'aiops.js');
const env = {
  KUBECONFIG: kubeconfig ?? '',
  PATH: `${folder}${delimiter}${process.env.PATH ?? ''}`,
  HOME: folder,
  TERM: 'dumb',
};

const run = async (command: string, args: readonly string[], options: Options = {}) => {
  const { exitCode, stdout, stderr, signal } = await execa(command, [...args], {
    env,
    extendEnv: false,
    reject: false,
    timeout: 120_000,
    stdin: 'ignore',
    ...options,
  });
  return { code: exitCode, stdout: String(stdout), stderr: String(stderr), signal };
};
const aiops = (...args: readonly string[]) => run(process.execPath, [program, ...args]);
const hasProgram = async (name: string) => (await run('which', [name])).code === 0;

const deployment = (name: string, script: string, probe = '') => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}, labels: {app: ${name}}}
spec:
  replicas: 1
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      terminationGracePeriodSeconds: 1
      containers:
      - name: app
        image: docker.io/library/busybox:latest
        imagePullPolicy: IfNotPresent
        command: [sh, -c, ${JSON.stringify(script)}]
        ${probe}
---`;
const lives = 'trap exit TERM; sleep 3600 & wait';

interface Data {
  readonly kind: string;
  readonly findings: readonly { rule: string; title: string; severity: string; resource: { name: string } }[];
  readonly cluster: { readonly recorded: boolean };
}
const dataOf = async (...args: readonly string[]) => JSON.parse((await aiops(...args, '--json')).stdout) as Data;

describe.skipIf(skipReason !== undefined)('the program', () => {
  let sickPod = '';

  beforeAll(async () => {
    // Installed, as it were: building anew meanwhile does not disturb it.
    for (const part of ['bin', 'dist', 'runbooks', 'package.json'])
      cpSync(part, join(folder, 'app', part), { recursive: true });
    symlinkSync(program, join(folder, 'aiops'));
    symlinkSync(program, join(folder, 'kubectl-aiops'));
    await kubectl('create', 'namespace', namespace);
    await eventually(
      () => kubectl('get', 'serviceaccount', 'default', '-n', namespace).catch(() => ''),
      (out) => out !== '',
      30,
    );
    await apply([deployment('fine', lives), deployment('sick', 'exit 3')].join('\n'), namespace);
    await eventually(
      () => dataOf('diagnose', 'deployment/sick', '-n', namespace),
      (d) => d.findings.some((f) => f.severity === 'critical'),
      120,
    );
    sickPod = await kubectl(
      'get',
      'pods',
      '-n',
      namespace,
      '-l',
      'app=sick',
      '-o',
      'jsonpath={.items[0].metadata.name}',
    );
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await kubectl('delete', 'namespace', namespace, '--ignore-not-found', '--wait=false');
  });

  describe('diagnose', () => {
    it('answers about a namespace on stdout, silent on stderr, and ends with 1 for findings', async () => {
      const { code, stdout, stderr } = await aiops('diagnose', '-n', namespace);
      expect(stdout).toMatch(/^Critical$/m);
      expect(stdout).toContain('deployment/sick');
      expect(stderr).toBe('');
      expect(code).toBe(1);
    });

    it('takes a pod as a word, with a slash, and by the beginning of its name, which it says', async () => {
      for (const words of [['pod', sickPod], [`pod/${sickPod}`], [`po/${sickPod}`]]) {
        const { stdout, stderr, code } = await aiops('diagnose', ...words, '-n', namespace);
        expect(stdout).toContain('deployment/sick');
        expect(stderr).toBe('');
        expect(code).toBe(1);
      }
      const { stdout, stderr } = await aiops('diagnose', 'pod', 'sick', '-n', namespace, '-o', 'table');
      expect(stderr).toBe(`looking at pod/${sickPod}`);
      expect(stdout).toMatch(/deployment\/sick/);
    });

    it('narrows to labels and to a kind', async () => {
      const names = async (...args: readonly string[]) =>
        new Set((await dataOf('diagnose', ...args, '-n', namespace)).findings.map((f) => f.resource.name));
      expect(await names('-l', 'app=sick')).toContain('sick');
      expect(await names('-l', 'app=sick')).not.toContain('fine');
      expect(await names('-l', 'app in (fine)')).not.toContain('sick');
      expect(await names('deployments')).toContain('sick');
    });

    it.each([
      [['diagnose', '-n', 'f-qa-clj'], /error: namespace f-qa-clj not found\n +did you mean f-qa-cli\?/],
      [['diagnose', 'pod', 'sock', '-n', namespace], /error: pod sock not found in namespace f-qa-cli/],
      [['diagnose', 'deploy/sicc', '-n', namespace], /did you mean sick\?/],
      [['diagnose', '-l', 'app=nobody', '-n', namespace], /nothing in namespace f-qa-cli that carries these labels/],
      [['diagnose', 'pod', 'x', '-n', 'f-qa-clj'], /error: namespace f-qa-clj not found/],
      [['snapshot', '-n', 'f-qa-clj', '-o', join(folder, 'none.tar.gz')], /error: namespace f-qa-clj not found/],
    ])('%j is an error, not an all-clear', async (args, text) => {
      const { code, stdout, stderr } = await aiops(...args);
      expect(stderr).toMatch(text);
      expect(stdout).toBe('');
      expect(code).toBe(2);
    });

    it('writes JSON that other programs read, also when it warns', async () => {
      const { code, stdout, stderr } = await run(
        process.execPath,
        [program, 'diagnose', '-n', namespace, '-o', 'json'],
        {
          env: { ...env, KUBECONFIG: join(folder, 'gone') },
        },
      );
      expect(code).toBe(2);
      expect(stdout).toBe('');
      expect(stderr).toMatch(/^error: no kubeconfig found/);
      const shared = join(folder, 'shared');
      await execa('sh', ['-c', `cp "$1" "$2" && chmod 666 "$2"`, 'sh', kubeconfig ?? '', shared]);
      const warned = await aiops('diagnose', '-n', namespace, '-o', 'json', '--kubeconfig', shared);
      expect(warned.stderr).toMatch(/^warning: .*can be written by other users/);
      expect(JSON.parse(warned.stdout)).toMatchObject({ kind: 'Diagnosis' });
    });
  });

  describe('a pipe that is closed early', () => {
    it('is no reason for an error message, nor for success where there are findings', async () => {
      const script = `set -o pipefail; aiops diagnose -n ${namespace} -o wide | head -1`;
      const { stdout, stderr, code } = await run('bash', ['-c', script]);
      expect(stdout).toBe('Critical');
      expect(stderr).toBe('');
      expect(code).toBe(1);
      const both = await run('bash', ['-c', `aiops diagnose -n nowhere 2>&1 | true; echo "\${PIPESTATUS[0]}"`]);
      expect(both).toMatchObject({ stdout: '2', stderr: '' });
    });
  });

  describe('as a deploy gate', () => {
    const probe = (seconds: number) =>
      `readinessProbe: {exec: {command: [sh, -c, "test $(cut -d. -f1 /proc/uptime) -gt $(($(cat /tmp/start)+${seconds}))"]}, periodSeconds: 1}`;
    const marksStart = `cut -d. -f1 /proc/uptime >/tmp/start; ${lives}`;

    it('waits for a rollout that is on its way, then opens', async () => {
      await apply(deployment('slow', marksStart, probe(6)), namespace);
      // Right after the change, when nothing is wrong yet and nothing is right either.
      const gate = [
        'diagnose',
        '-l',
        'app=slow',
        '-n',
        namespace,
        '--watch',
        '--interval',
        '1s',
        '--fail-on',
        'critical',
      ];
      const { code, stdout, stderr } = await aiops(...gate, '--timeout', '100s');
      expect(stderr).toMatch(/^waiting: .*deployment\/slow/m);
      expect(stdout).toMatch(/^Summary$/m);
      expect(code).toBe(0);
      const ready = await kubectl(
        'get',
        'deployment',
        'slow',
        '-n',
        namespace,
        '-o',
        'jsonpath={.status.availableReplicas}',
      );
      expect(ready).toBe('1');
    });

    it('stays shut when it never becomes healthy, and says why', async () => {
      await apply(deployment('never', marksStart, probe(36_000)), namespace);
      const { code, stdout, stderr } = await aiops(
        ...['diagnose', 'deployment/never', '-n', namespace, '--watch', '--interval', '1s', '--timeout', '10s'],
      );
      expect(stderr).toMatch(/^gave up after 10s: .*never/m);
      expect(stdout).toMatch(/^Summary$/m);
      expect(code).toBe(1);
    });

    it('answers at once about what is crashing for good when its time is short', async () => {
      const { code, stderr } = await aiops(
        'diagnose',
        'deploy/sick',
        '-n',
        namespace,
        '-w',
        '--timeout',
        '1s',
        '--json',
      );
      expect(stderr).toMatch(/gave up after 1s: \d+ findings?: .*sick/);
      expect(code).toBe(1);
    });
  });

  describe('Ctrl-C', () => {
    it.each([['during a wait', ['--watch', '--interval', '60s'], /waiting: /]])(
      '%s ends it with 130 and nothing on stdout',
      async (_, flags, seen) => {
        const child = spawn(process.execPath, [program, 'diagnose', 'deploy/sick', '-n', namespace, ...flags], { env });
        let stdout = '';
        let stderr = '';
        child.stdout.on('data', (text: Buffer) => (stdout += text.toString()));
        const ended = new Promise<number | null>((done) => child.on('exit', done));
        await new Promise<void>((done) => {
          child.stderr.on('data', (text: Buffer) => {
            stderr += text.toString();
            if (seen.test(stderr)) done();
          });
        });
        child.kill('SIGINT');
        expect(await ended).toBe(130);
        expect(stdout).toBe('');
      },
    );
  });

  describe('snapshot', () => {
    it('brings the same findings elsewhere', async () => {
      const file = join(folder, 'recorded.tar.gz');
      const taken = await aiops('snapshot', '-n', namespace, '-o', file);
      expect(taken).toMatchObject({ code: 0, stdout: '' });
      expect(taken.stderr).toMatch(/recorded \d+ objects and \d+ logs? in /);
      const again = await aiops('snapshot', '-n', namespace, '-o', file);
      expect(again.code).toBe(2);
      expect(again.stderr).toMatch(/exists already; .*--force/);
      const keys = (d: Data) => d.findings.map((f) => `${f.rule} ${f.resource.name} ${f.title}`).sort();
      const recorded = await run(process.execPath, [program, 'diagnose', '--from', file, '--json'], {
        env: { PATH: env.PATH, HOME: folder },
      });
      const data = JSON.parse(recorded.stdout) as Data;
      expect(data.cluster.recorded).toBe(true);
      // Usage changes between two looks.
      const lasting = (all: readonly string[]) => all.filter((k) => !/usage|near-limit/.test(k));
      expect(lasting(keys(data))).toEqual(lasting(keys(await dataOf('diagnose', '-n', namespace))));
      expect(recorded.code).toBe(1);
    });
  });

  describe('config check', () => {
    it('says what works', async () => {
      const { code, stdout, stderr } = await aiops('config', 'check', '-n', namespace);
      expect(stdout).toMatch(/^OK +cluster +.*https?:\/\//m);
      expect(stdout).toMatch(/^OK +read access +\d+ kinds in namespace f-qa-cli$/m);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    });

    it('says when the namespace is not there', async () => {
      const { code, stdout } = await aiops('config', 'check', '-n', 'f-qa-clj');
      expect(stdout).toMatch(/^failed +namespace +namespace f-qa-clj not found$/m);
      expect(code).toBe(1);
    });
  });

  describe('as a plugin of kubectl', () => {
    it('answers to kubectl aiops, and speaks of itself so', async () => {
      const { code, stdout } = await run('kubectl', [
        'aiops',
        'diagnose',
        'deploy/sick',
        '-n',
        namespace,
        '-o',
        'table',
      ]);
      expect(stdout).toMatch(/^Critical +deployment\/sick/m);
      expect(code).toBe(1);
      expect((await run('kubectl', ['aiops', 'diagnose', '--help'])).stdout).toContain(
        'kubectl aiops diagnose pod web-1',
      );
      expect((await run('kubectl', ['plugin', 'list'])).stdout).toContain('kubectl-aiops');
    });
  });

  describe('completion', () => {
    /** What bash would offer after these words, the last of them unfinished. */
    const inBash = async (words: readonly string[]) => {
      const script = `source <(aiops completion bash)
        COMP_WORDS=(aiops "$@"); COMP_CWORD=$(( \${#COMP_WORDS[@]} - 1 )); compopt() { :; }
        _aiops; printf '%s\\n' "\${COMPREPLY[@]}"`;
      return (await run('bash', ['--norc', '-c', script, 'bash', ...words])).stdout.split('\n');
    };

    it('in bash offers commands, flags and names of the cluster', async () => {
      expect(await inBash(['dia'])).toEqual(['diagnose']);
      expect(await inBash(['diagnose', '--name'])).toEqual(['--namespace']);
      expect(await inBash(['diagnose', '-n', 'f-qa-cl'])).toEqual([namespace]);
      expect(await inBash(['diagnose', '--namespace', '=', 'f-qa-cl'])).toEqual([namespace]);
      expect(await inBash(['diagnose', '-n', namespace, 'pod', 'sick'])).toEqual([sickPod]);
      expect(await inBash(['diagnose', '-n', namespace, `deploy/si`])).toEqual(['deploy/sick']);
      expect(await inBash(['diagnose', '-o', 'js'])).toEqual(['json']);
      expect(await inBash(['diagnose', '--from', ''])).toEqual(['']);
    });

    it('in zsh does the same', async ({ skip }) => {
      if (!(await hasProgram('zsh'))) {
        process.stderr.write('\n*** completion of zsh NOT TESTED: no zsh here\n\n');
        skip();
      }
      const script = `source <(aiops completion zsh); compadd() { [[ $1 == -a ]] && print -rl -- "\${(@P)2}"; }
        words=(aiops "$@"); CURRENT=$#words; _aiops`;
      const inZsh = async (...words: readonly string[]) =>
        (await run('zsh', ['-f', '-c', script, 'zsh', ...words])).stdout.split('\n');
      expect(await inZsh('dia')).toEqual(['diagnose']);
      expect(await inZsh('diagnose', '-n', 'f-qa-cl')).toEqual([namespace]);
      expect(await inZsh('diagnose', '--namespace=f-qa-cl')).toEqual([`--namespace=${namespace}`]);
      expect(await inZsh('diagnose', '-n', namespace, 'pod', 'sick')).toEqual([sickPod]);
      expect(await inZsh('diagnose', '-n', 'no-such')).toEqual(['']);
    });

    it('in fish does the same', async ({ skip }) => {
      if (!(await hasProgram('fish'))) {
        process.stderr.write('\n*** completion of fish NOT TESTED: no fish here\n\n');
        skip();
      }
      const inFish = async (line: string) =>
        (await run('fish', ['-N', '-c', `aiops completion fish | source; complete -C "${line}"`])).stdout.split('\n');
      expect(await inFish('aiops dia')).toEqual(['diagnose']);
      expect(await inFish('aiops diagnose -n f-qa-cl')).toEqual([namespace]);
      expect(await inFish(`aiops diagnose -n ${namespace} pod sick`)).toEqual([sickPod]);
      expect(await inFish('aiops diagnose --namespace=f-qa-cl')).toEqual([`--namespace=${namespace}`]);
      expect(await inFish('aiops diagnose -n no-such')).toEqual(['']);
    });
  });
});
