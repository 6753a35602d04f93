/** The live source against a real API server: what it can answer, and what it says when it may not or cannot. */
import { execa } from 'execa';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { openLiveSource, ReadFailure, type LiveSource } from '../../src/cluster/index.ts';
import { kinds, type Kind, type KindMap } from '../../src/domain/index.ts';
import { apply, eventually, kubeconfig, kubectl, skipReason } from './support/cluster.ts';

const namespace = 'f-live-source';
const manifest = `
apiVersion: v1
kind: Secret
metadata: { name: keys }
stringData: { password: canary-of-the-secret }
---
apiVersion: v1
kind: Secret
metadata: { name: lease-of-the-token }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: reader }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: reader }
rules: [{ apiGroups: [""], resources: [pods], verbs: [get, list] }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: reader }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: reader }
subjects: [{ kind: ServiceAccount, name: reader }]
---
apiVersion: v1
kind: Pod
metadata: { name: talks }
spec:
  terminationGracePeriodSeconds: 1
  containers:
    - name: app
      image: docker.io/library/busybox:latest
      imagePullPolicy: Never
      command: [sh, -c, "trap exit TERM; for i in $(seq 300); do echo line $i; done; echo DB_PASSWORD=canary-of-the-log; sleep 3600 & wait"]
---
apiVersion: v1
kind: Pod
metadata: { name: waits }
spec:
  containers: [{ name: app, image: docker.io/library/busybox:latest, imagePullPolicy: Never, envFrom: [{ configMapRef: { name: missing } }] }]
`;

const sources: LiveSource[] = [];
const env = { PATH: process.env.PATH, HOME: '/nonexistent' };

async function open(path = kubeconfig ?? ''): Promise<LiveSource> {
  const source = await openLiveSource({ kubeconfig: path, env, warn: () => undefined, isTty: false });
  sources.push(source);
  return source;
}

/** The kubeconfig of the cluster with another user in it. */
function kubeconfigOf(user: object): string {
  const config = parse(readFileSync(kubeconfig ?? '', 'utf8')) as { users: { name: string; user: object }[] };
  const path = join(mkdtempSync(join(tmpdir(), 'aiops-cluster-')), 'config');
  writeFileSync(path, stringify({ ...config, users: config.users.map(({ name }) => ({ name, user })) }), {
    mode: 0o600,
  });
  return path;
}

async function all<K extends Kind>(source: LiveSource, kind: K, within?: string): Promise<KindMap[K][]> {
  const found: KindMap[K][] = [];
  for await (const page of source.list(kind, within === undefined ? {} : { namespace: within })) found.push(...page);
  return found;
}

async function failureOf(promise: Promise<unknown>): Promise<ReadFailure> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof ReadFailure) return error;
  throw new Error('no ReadFailure', { cause: error });
}

describe.skipIf(skipReason !== undefined)('a live source', () => {
  beforeAll(async () => {
    await kubectl('create', 'namespace', namespace);
    await eventually(
      () => kubectl('get', 'serviceaccount', 'default', '-n', namespace).catch(() => ''),
      (out) => out !== '',
      30,
    );
    await apply(manifest, namespace);
    await kubectl('wait', '-n', namespace, '--for=condition=Ready', 'pod/talks', '--timeout=120s');
  });
  afterAll(async () => {
    for (const source of sources) source.close();
    await kubectl('delete', 'namespace', namespace, '--wait=false');
  });

  it('lists every kind that the cluster has, with the names that kubectl sees', async () => {
    const source = await open();
    for (const { kind, group } of kinds) {
      // metrics-server is optional.
      if (group !== 'metrics.k8s.io') await expect(all(source, kind), kind).resolves.toBeInstanceOf(Array);
    }
    const pods = (await all(source, 'Pod', namespace)).map((pod) => pod.metadata.name);
    const seen = await kubectl('get', 'pods', '-n', namespace, '-o', 'jsonpath={.items[*].metadata.name}');
    expect(pods).toEqual(seen.split(' '));
  });

  it('never gets the data of a Secret', async () => {
    const source = await open();
    const secrets = await all(source, 'Secret', namespace);
    expect(secrets.map((s) => s.metadata.name)).toContain('keys');
    const one = await source.get('Secret', namespace, 'keys');
    expect(one?.metadata.name).toBe('keys');
    expect(JSON.stringify([secrets, one])).not.toMatch(/canary|Y2FuYXJ5/);
  });

  it('says that an object is not there', async () => {
    const source = await open();
    expect(await source.get('Pod', namespace, 'nobody')).toBeUndefined();
    expect(await source.get('Secret', namespace, 'nobody')).toBeUndefined();
    expect(await source.get('Node', undefined, 'nobody')).toBeUndefined();
  });

  it('knows which cluster it is, and its clock', async () => {
    const source = await open();
    const { uid, version } = await source.identify();
    expect(uid).toBe(await kubectl('get', 'namespace', 'kube-system', '-o', 'jsonpath={.metadata.uid}'));
    expect(version).toMatch(/^v1\.\d+/);
    expect(Math.abs(source.now() - Date.now())).toBeLessThan(60_000);
  });

  it('reads the end of a log, without its secrets', async () => {
    const source = await open();
    const ref = { namespace, pod: 'talks', container: 'app' };
    const { lines, truncated } = await source.logs(ref, { previous: false, maxLines: 3, maxBytes: 10_000 });
    expect(lines.slice(0, 2)).toEqual(['line 299', 'line 300']);
    expect(lines[2]).toMatch(/^DB_PASSWORD=‹redacted/);
    expect(truncated).toBe(true);
  });

  it('tells a log that is not there by the status 400', async () => {
    const source = await open();
    const options = { previous: false, maxLines: 3, maxBytes: 1000 };
    const waiting = { namespace, pod: 'waits', container: 'app' };
    expect(await failureOf(source.logs(waiting, options))).toMatchObject({ status: 400 });
    const running = { namespace, pod: 'talks', container: 'app' };
    const previous = await failureOf(source.logs(running, { ...options, previous: true }));
    expect(previous).toMatchObject({ status: 400 });
    expect(previous.message).toContain('previous terminated container');
  });

  it('is told what it may not read, in the words of the server', async () => {
    const token = (await kubectl('create', 'token', 'reader', '-n', namespace)).trim();
    const source = await open(kubeconfigOf({ token }));
    expect(await all(source, 'Pod', namespace)).toHaveLength(2);
    for (const within of [undefined, 'kube-system']) {
      const forbidden = await failureOf(all(source, 'Pod', within));
      expect(forbidden).toMatchObject({ reason: 'forbidden', status: 403 });
      expect(forbidden.message).toContain(
        `User "system:serviceaccount:${namespace}:reader" cannot list resource "pods"`,
      );
    }
    expect(await source.can('list', '', 'pods', undefined, namespace)).toBe(true);
    expect(await source.can('create', '', 'pods', 'exec', namespace)).toBe(false);
    const { resourceRules, incomplete } = await source.rules(namespace);
    expect(incomplete).toBe(false);
    expect(resourceRules).toContainEqual({
      apiGroups: [''],
      resources: ['pods'],
      verbs: ['get', 'list'],
      resourceNames: [],
    });
  });

  it('renews a credential that the server no longer takes, once, and goes on', async () => {
    const bound = ['create', 'token', 'reader', '-n', namespace, '--bound-object-kind', 'Secret'];
    const first = (await kubectl(...bound, '--bound-object-name', 'lease-of-the-token')).trim();
    const second = (await kubectl('create', 'token', 'reader', '-n', namespace)).trim();
    const folder = mkdtempSync(join(tmpdir(), 'aiops-cluster-'));
    const command = join(folder, 'login');
    const answer = (token: string) =>
      JSON.stringify({ apiVersion: 'client.authentication.k8s.io/v1', kind: 'ExecCredential', status: { token } });
    writeFileSync(join(folder, '1'), answer(first));
    writeFileSync(join(folder, '2'), answer(second));
    writeFileSync(command, `#!/bin/sh\ncd "$(dirname "$0")"\necho run >>runs\ncat "$(wc -l <runs | tr -d ' ')"\n`);
    chmodSync(command, 0o755);
    const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
    const source = await open(kubeconfigOf({ exec }));
    const runs = () => readFileSync(join(folder, 'runs'), 'utf8').trim().split('\n').length;
    expect(await all(source, 'Pod', namespace)).toHaveLength(2);
    await kubectl('delete', 'secret', 'lease-of-the-token', '-n', namespace);
    // The server remembers for some seconds that a token was good.
    await eventually(
      () => all(source, 'Pod', namespace).then(() => runs()),
      (n) => n === 2,
      60,
    );
    expect(runs()).toBe(2);
    expect(await all(source, 'Pod', namespace)).toHaveLength(2);
    expect(runs()).toBe(2);
  });

  it('says how a log-in that has ended can be helped', async () => {
    const source = await open(kubeconfigOf({ token: 'not-a-token' }));
    const { message, status } = await failureOf(all(source, 'Pod', namespace));
    expect(status).toBe(401);
    expect(message).toMatch(/401 Unauthorized: Unauthorized – the credentials of user ".*" of .* were not accepted/);
  });

  it('does what kubectl does with a merged kubeconfig', async () => {
    const other = kubeconfigOf({ token: 'not-a-token' });
    const path = `/missing:${kubeconfig ?? ''}:${other}`;
    const source = await openLiveSource({ env: { ...env, KUBECONFIG: path }, warn: () => undefined, isTty: false });
    sources.push(source);
    const { stdout } = await execa('kubectl', ['config', 'current-context'], { env: { KUBECONFIG: path } });
    expect(source.identity.name).toBe(stdout.trim());
    expect(await all(source, 'Pod', namespace)).toHaveLength(2);
  });
});
