/** What an account may not read is not seen: it is neither missing nor healthy, and never needed more than it is given. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import * as http from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { openLiveSource } from '../../src/cluster/index.ts';
import { runCli } from '../support/run-cli.ts';
import { apply, eventually, kubeconfig, kubectl, skipReason } from './support/cluster.ts';

const home = 'f-qa-home';
const faulted = 'f-qa-faulted';
const other = 'f-qa-other';
const folder = mkdtempSync(join(tmpdir(), 'aiops-accounts-'));

interface Role {
  readonly rules: readonly unknown[];
}
const shipped = parse(readFileSync('deploy/k8s/rbac-reader.yaml', 'utf8')) as Role;

const binding = (kind: 'ClusterRole' | 'Role', account: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: `${kind}Binding`,
  metadata: { name: `f-qa-${account}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: `f-qa-${account}` },
  subjects: [{ kind: 'ServiceAccount', name: account, namespace: home }],
});
const role = (kind: 'ClusterRole' | 'Role', account: string) => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind,
  metadata: { name: `f-qa-${account}` },
  rules: shipped.rules,
});
const account = (name: string) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name } });

const pod = (name: string, spec: object, env: readonly object[] = []) => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, labels: { app: name } },
  spec: {
    terminationGracePeriodSeconds: 1,
    ...spec,
    containers: [
      {
        name: 'app',
        image: 'docker.io/library/busybox:latest',
        imagePullPolicy: 'IfNotPresent',
        command: ['sh', '-c', 'trap exit TERM; sleep 3600 & wait'],
        env,
      },
    ],
  },
});

/** Healthy, and with something to wonder about for whoever may not read Secrets, nodes or classes. */
const objects = [
  account('reader'),
  account('local'),
  role('Role', 'local'),
  binding('Role', 'local'),
  { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'keys' }, stringData: { password: 'canary' } },
  pod('web', {}, [{ name: 'PASSWORD', valueFrom: { secretKeyRef: { name: 'keys', key: 'password' } } }]),
];
/** A fault that is known only by what an account of one namespace may not read. */
const faulty = [
  {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'Ingress',
    metadata: { name: 'blog' },
    spec: {
      ingressClassName: 'f-qa-nowhere',
      rules: [
        {
          host: 'blog.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: 'web', port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name: 'web' },
    spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
  },
];
const many = (list: readonly object[]) => list.map((o) => stringify(o)).join('---\n');

interface Data {
  readonly isComplete: boolean;
  readonly findings: readonly { rule: string; severity: string; title: string }[];
  readonly unseen: readonly { kind?: string; reason: string; what: string }[];
}

/** A kubeconfig with the cluster of the suite and another user. */
async function kubeconfigOf(serviceAccount: string): Promise<string> {
  const token = (await kubectl('create', 'token', serviceAccount, '-n', home)).trim();
  const config = parse(readFileSync(kubeconfig ?? '', 'utf8')) as { users: { name: string }[] };
  const path = join(folder, serviceAccount);
  writeFileSync(path, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user: { token } })) }), {
    mode: 0o600,
  });
  return path;
}

async function dataOf(args: readonly string[]): Promise<Data> {
  return JSON.parse((await runCli([...args, '--json'])).stdout) as Data;
}

/** metrics-server is optional. */
const isMetrics = (u: { kind?: string }) => u.kind === 'PodMetrics' || u.kind === 'NodeMetrics';

describe.skipIf(skipReason !== undefined)('accounts', () => {
  let reader = '';
  let local = '';

  beforeAll(async () => {
    for (const namespace of [home, faulted, other]) {
      await kubectl('create', 'namespace', namespace);
      await eventually(
        () => kubectl('get', 'serviceaccount', 'default', '-n', namespace).catch(() => ''),
        (out) => out !== '',
        30,
      );
    }
    await apply(many([role('ClusterRole', 'reader'), binding('ClusterRole', 'reader')]));
    await apply(many(objects), home);
    await apply(many([role('Role', 'local'), binding('Role', 'local'), ...faulty]), faulted);
    await kubectl('wait', '-n', home, '--for=condition=Ready', 'pod/web', '--timeout=120s');
    reader = await kubeconfigOf('reader');
    local = await kubeconfigOf('local');
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true, force: true });
    await kubectl('delete', 'clusterrolebinding,clusterrole', 'f-qa-reader', '--ignore-not-found');
    await kubectl('delete', 'namespace', home, faulted, other, '--ignore-not-found', '--wait=false');
  });

  describe('with the shipped ClusterRole', () => {
    it('lack nothing but Secrets, in a namespace, a cluster and a pod', async () => {
      for (const words of [['-n', home], ['cluster'], ['pod', 'web', '-n', home], ['pod/web', '-n', home]]) {
        const { unseen, isComplete } = await dataOf(['diagnose', ...words, '--kubeconfig', reader]);
        const lacking = unseen.filter((u) => !isMetrics(u));
        expect(
          lacking.filter((u) => u.kind !== 'Secret' || u.reason !== 'forbidden'),
          words.join(' '),
        ).toEqual([]);
        expect(isComplete, words.join(' ')).toBe(true);
      }
    });

    it('say so in one line, and a healthy namespace is healthy', async () => {
      const { stdout, stderr, code } = await runCli(['diagnose', '-n', home, '--kubeconfig', reader]);
      expect(stdout.match(/^ *not seen: /gm)).toHaveLength(1);
      expect(stdout).toMatch(/not seen: you may not read secrets in f-qa-home/);
      expect(stdout).toContain(`✔ no fault found in namespace ${home}`);
      expect(stderr).toBe('');
      expect(code).toBe(0);
    });

    it('never take a Secret that they may not see for missing', async () => {
      const { findings } = await dataOf(['diagnose', '-n', home, '--kubeconfig', reader]);
      expect(findings.filter((f) => f.severity !== 'info')).toEqual([]);
    });

    it('pass config check', async () => {
      const { stdout, code } = await runCli(['config', 'check', '-n', home, '--kubeconfig', reader]);
      expect(stdout).toMatch(/^OK +read access +\d+ kinds in namespace f-qa-home$/m);
      expect(code).toBe(0);
    });

    it('can change nothing and open nothing', async () => {
      const source = await openLiveSource({ kubeconfig: reader, env: {}, warn: () => undefined, isTty: false });
      const { resourceRules } = await source.rules(home);
      source.close();
      const aboutUs = new Set(['authorization.k8s.io', 'authentication.k8s.io']);
      const given = resourceRules.filter((r) => !r.apiGroups.every((g) => aboutUs.has(g)));
      expect(given.length).toBeGreaterThan(10);
      for (const { verbs, apiGroups, resources } of given) {
        expect(verbs.filter((v) => !['get', 'list', 'watch'].includes(v))).toEqual([]);
        expect([...apiGroups, ...resources]).not.toContain('*');
        expect(resources.filter((r) => /^secrets|\/(exec|attach|portforward|proxy|token)$/.test(r))).toEqual([]);
      }
      const asked = [
        ['get', 'secrets'],
        ['list', 'secrets', '-A'],
        ['create', 'pods'],
        ['delete', 'pods'],
        ['patch', 'deployments.apps'],
        ['create', 'pods', '--subresource=exec'],
        ['get', 'pods', '--subresource=exec'],
        ['create', 'pods', '--subresource=eviction'],
        ['get', 'nodes', '--subresource=proxy'],
        ['create', 'serviceaccounts', '--subresource=token'],
        ['impersonate', 'users'],
        ['escalate', 'clusterroles'],
      ];
      for (const words of asked) {
        const answer = await kubectl('auth', 'can-i', ...words, '-n', home, '--kubeconfig', reader).catch(
          (error: unknown) => (error as { stdout: string }).stdout,
        );
        expect(`${words.join(' ')}: ${answer.trim()}`).toMatch(/: no\b/);
      }
    });
  });

  describe('of one namespace', () => {
    it('see it, and are told what they do not see', async () => {
      const { stdout, code } = await runCli(['diagnose', '-n', home, '--kubeconfig', local]);
      expect(stdout).toMatch(/not seen: you may not read [^]*\bnodes\b/);
      expect(stdout).toMatch(/checked 1 pod/);
      expect(stdout).not.toMatch(/✔ no fault found|^(Critical|Warnings)$/m);
      expect(code).toBe(2);
    });

    it('are told about the pod that they ask for', async () => {
      const data = await dataOf(['diagnose', 'pod', 'web', '-n', home, '--kubeconfig', local]);
      expect(data.findings.filter((f) => f.severity !== 'info')).toEqual([]);
      expect(data.unseen.map((u) => u.kind)).toContain('Node');
    });

    it('find faults in it', async () => {
      await apply(
        many([pod('sick', {}, [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'gone', key: 'x' } } }])]),
        home,
      );
      const { findings } = await eventually(
        () => dataOf(['diagnose', 'pod', 'sick', '-n', home, '--kubeconfig', local]),
        (d) => d.findings.some((f) => f.severity === 'critical'),
        60,
      );
      expect(findings.map((f) => f.rule)).toContain('config/missing-configmap');
      expect((await runCli(['diagnose', '-n', home, '--kubeconfig', local])).code).toBe(1);
      await kubectl('delete', 'pod', 'sick', '-n', home, '--wait=false');
    });

    it('never take what is outside of it for missing', async () => {
      const rules = async (path: string) =>
        (await dataOf(['diagnose', '-n', faulted, '--kubeconfig', path])).findings.map((f) => f.rule);
      // Whoever sees the classes knows; whoever does not, stays silent.
      const known = await eventually(
        () => rules(reader),
        (found) => found.includes('ingress/class-missing'),
        120,
      );
      expect(known).toContain('ingress/class-missing');
      expect((await rules(local)).filter((rule) => /class-missing|not-found/.test(rule))).toEqual([]);
    });

    it.each([
      [['-n', other]],
      [['cluster']],
      [['-A']],
      [['pod', 'web', '-n', other]],
      [['deployment', 'x', '-n', other]],
    ])('are refused beyond it, in words that say what they lack: %j', async (words) => {
      const { stdout, stderr, code } = await runCli(['diagnose', ...words, '--kubeconfig', local]);
      expect(stderr).toMatch(
        /^error: .*403 Forbidden: .*system:serviceaccount:f-qa-home:local" cannot (list|get) resource/,
      );
      expect(stdout).toBe('');
      expect(code).toBe(2);
    });

    it('fail config check of the cluster with a hint', async () => {
      const { stdout, code } = await runCli(['config', 'check', '-A', '--kubeconfig', local]);
      expect(stdout).toMatch(/^failed +read access +may not list pods/m);
      expect(stdout).toContain('deploy/k8s/rbac-reader.yaml');
      expect(code).toBe(1);
    });
  });

  describe('on a cluster without the metrics API', () => {
    let proxy: ChildProcess;
    let front: http.Server;
    let path = '';

    beforeAll(async () => {
      proxy = spawn('kubectl', ['proxy', '--port=0'], {
        env: { PATH: process.env.PATH, KUBECONFIG: kubeconfig },
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      const port = await new Promise<string>((resolve, reject) => {
        proxy.once('error', reject);
        proxy.stdout?.on('data', (text: Buffer) => {
          const [, found] = /127\.0\.0\.1:(\d+)/.exec(text.toString()) ?? [];
          if (found !== undefined) resolve(found);
        });
      });
      front = http.createServer((request, response) => {
        if (request.url?.startsWith('/apis/metrics.k8s.io') === true) {
          response.writeHead(404, { 'content-type': 'text/plain' }).end('404 page not found\n');
          return;
        }
        const { 'accept-encoding': _, host: __, ...headers } = request.headers;
        const onward = http.request(
          { port, host: '127.0.0.1', path: request.url, method: request.method, headers },
          (answer) => {
            response.writeHead(answer.statusCode ?? 502, answer.headers);
            answer.pipe(response);
          },
        );
        onward.on('error', () => response.destroy());
        request.pipe(onward);
      });
      await new Promise<void>((resolve) => {
        front.listen(0, '127.0.0.1', resolve);
      });
      path = join(folder, 'without-metrics');
      const server = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
      const config = {
        'current-context': 'c',
        contexts: [{ name: 'c', context: { cluster: 'c', user: '' } }],
        clusters: [{ name: 'c', cluster: { server } }],
      };
      writeFileSync(path, stringify(config), { mode: 0o600 });
    });

    afterAll(() => {
      front.closeAllConnections();
      front.close();
      proxy.kill();
    });

    it('are told that usage is not judged, and nothing is found for the lack of it', async () => {
      await kubectl('delete', 'pod', 'sick', '-n', home, '--ignore-not-found');
      const { stdout, code } = await runCli(['diagnose', '-n', home, '--kubeconfig', path, '--fail-on', 'critical']);
      expect(stdout).toMatch(/not installed, skipped: .*metrics/);
      expect(stdout).not.toMatch(/^(Critical|Warnings)$/m);
      expect(code).toBe(0);
      const check = await runCli(['config', 'check', '-n', home, '--kubeconfig', path]);
      expect(check.stdout).toMatch(/^missing +metrics/m);
      expect(check.code).toBe(0);
    });
  });
});
