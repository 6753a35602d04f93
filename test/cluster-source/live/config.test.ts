import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig, type ConfigOptions } from '../../../src/cluster/live/config.ts';
import { folder, kubeconfig } from './support/server.ts';

const load = (options: Partial<ConfigOptions>) => loadConfig({ env: { HOME: '/nonexistent' }, ...options });

function file(content: unknown, path = join(folder(), 'config')): string {
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content), { mode: 0o600 });
  return path;
}

function config(names: readonly string[], server: string, current?: string) {
  return {
    ...(current !== undefined && { 'current-context': current }),
    contexts: names.map((name) => ({ name, context: { cluster: name, user: name, namespace: `${name}-ns` } })),
    clusters: names.map((name) => ({ name, cluster: { server } })),
    users: names.map((name) => ({ name, user: { token: `token of ${name}` } })),
  };
}

describe('the kubeconfig', () => {
  it('is the named file before the files of KUBECONFIG before the one at home', () => {
    const home = folder();
    mkdirSync(join(home, '.kube'));
    file(config(['home'], 'https://home:6443', 'home'), join(home, '.kube', 'config'));
    const named = file(config(['named'], 'https://named:6443', 'named'));
    const listed = file(config(['listed'], 'https://listed:6443', 'listed'));
    const env = { HOME: home, KUBECONFIG: listed };
    expect(load({ kubeconfig: named, env }).cluster.server).toBe('https://named:6443');
    expect(load({ env }).cluster.server).toBe('https://listed:6443');
    expect(load({ env: { HOME: home } }).cluster.server).toBe('https://home:6443');
    expect(load({ env: { HOME: home, KUBECONFIG: '' } }).cluster.server).toBe('https://home:6443');
  });

  it('is merged from several files: the first that sets an entry or the current context wins', () => {
    const first = file(config(['a', 'shared'], 'https://first:6443'));
    const second = file(config(['b', 'shared'], 'https://second:6443', 'b'));
    const third = file(config(['c'], 'https://third:6443', 'c'));
    const env = { HOME: '/nonexistent', KUBECONFIG: `/missing:${first}::${second}:${third}` };
    expect(load({ env })).toMatchObject({ context: 'b', namespace: 'b-ns', doubts: [] });
    expect(load({ env, context: 'shared' }).cluster.server).toBe('https://first:6443');
    expect(load({ env, context: 'c' }).cluster.server).toBe('https://third:6443');
  });

  it('at home stands in, with a warning, when none of the named files exists', () => {
    const home = folder();
    mkdirSync(join(home, '.kube'));
    file(config(['home'], 'https://home:6443', 'home'), join(home, '.kube', 'config'));
    const { doubts, context } = load({ env: { HOME: home, KUBECONFIG: '/missing/one:/missing/two' } });
    expect(context).toBe('home');
    expect(doubts).toEqual([
      `KUBECONFIG names /missing/one and /missing/two, which cannot be found: reading with ${home}/.kube/config instead`,
    ]);
  });

  it('that is missing is an error that says where it was looked for and what to do', () => {
    expect(() => load({})).toThrow(
      'no kubeconfig found (looked for /nonexistent/.kube/config): name one with --kubeconfig or KUBECONFIG',
    );
    expect(() => load({ env: { HOME: '/nonexistent', KUBECONFIG: '/missing' } })).toThrow(
      'looked for /missing and /nonexistent/.kube/config',
    );
    expect(() => load({ kubeconfig: '/missing' })).toThrow('kubeconfig /missing does not exist');
  });

  it('has the context that is asked for, or says which there are, the most similar first', () => {
    const path = file(config(['dev-eu', 'prod-us', 'staging'], 'https://x:6443', 'staging'));
    expect(() => load({ kubeconfig: path, context: 'stagin' })).toThrow(
      `context "stagin" is not in kubeconfig ${path}: it has staging, dev-eu and prod-us`,
    );
    expect(() => load({ kubeconfig: path, context: 'prod' })).toThrow('it has prod-us,');
    expect(load({ kubeconfig: path, context: 'prod-us' }).context).toBe('prod-us');
  });

  it('without a current context asks for one', () => {
    expect(() => load({ kubeconfig: file(config(['a', 'b'], 'https://x:6443')) })).toThrow(
      /has no current context: choose one with --context or `kubectl config use-context`; it has a and b/,
    );
    expect(() => load({ kubeconfig: file('') })).toThrow('it has no context at all');
  });

  it('whose context names something that is not there says what is', () => {
    const broken = {
      ...config(['a'], 'https://x:6443', 'a'),
      clusters: [{ name: 'aa', cluster: { server: 'https://x' } }],
    };
    expect(() => load({ kubeconfig: file(broken) })).toThrow('names the cluster "a", which is not there: it has aa');
  });

  it.each([
    ['no YAML', 'a: [', 'cannot be read'],
    ['another shape', '- a', 'not a mapping'],
    ['a list that is none', { clusters: {} }, 'clusters is not a list'],
    ['an entry without a name', { users: [{}] }, 'users[0].name is missing'],
    [
      'a bomb of aliases',
      `a: &a [x,x,x,x,x,x,x,x]\nb: &b [${'*a,'.repeat(9)}]\nc: [${'*b,'.repeat(60)}]`,
      'cannot be read',
    ],
    ['a server that is no URL', config(['a'], 'localhost:6443', 'a'), 'is localhost:6443, not a http(s) URL'],
    ['no server', { ...config(['a'], '', 'a'), clusters: [{ name: 'a', cluster: {} }] }, 'server is missing'],
    [
      'a token that YAML takes for a number',
      { ...config(['a'], 'https://x', 'a'), users: [{ name: 'a', user: { token: 12345 } }] },
      'user.token of "a" is not a text: put it in quotes',
    ],
  ])('with %s is refused with the path and the reason', (_what, content, reason) => {
    const path = file(content);
    expect(() => load({ kubeconfig: path })).toThrow(path);
    expect(() => load({ kubeconfig: path })).toThrow(reason);
  });

  it('is not bothered by broken entries that are not used', () => {
    const content = config(['a'], 'https://x:6443', 'a');
    content.users.push({ name: 'broken', user: { 'token-file': '/missing', token: 5 } as never });
    expect(load({ kubeconfig: file(content) }).user.token).toBe('token of a');
  });

  it('may be read by way of a link, and its paths are relative to the file', () => {
    const home = folder();
    const real = kubeconfig(
      'https://x:6443',
      {
        cluster: { 'certificate-authority-data': undefined, 'certificate-authority': 'pki/ca.crt' },
        user: { 'client-certificate': 'me.crt', 'client-key': '/abs/me.key' },
      },
      join(home, 'real'),
    );
    const { cluster, user } = load({ kubeconfig: real });
    expect([cluster.caFile, user.certFile, user.keyFile]).toEqual([
      join(home, 'pki/ca.crt'),
      join(home, 'me.crt'),
      '/abs/me.key',
    ]);
    symlinkSync(real, join(home, 'link'));
    expect(load({ kubeconfig: join(home, 'link') }).context).toBe('test');
  });

  it('gives a warning for what makes it unsafe', () => {
    const shared = kubeconfig('https://x:6443', { cluster: { 'insecure-skip-tls-verify': true } });
    chmodSync(shared, 0o666);
    expect(load({ kubeconfig: shared }).doubts).toEqual([
      `${shared} can be written by other users: run \`chmod go-w ${shared}\``,
      'insecure-skip-tls-verify is set for cluster "c": whoever stands in between can pose as the API server',
    ]);
    expect(load({ kubeconfig: kubeconfig('http://x:8080') }).doubts).toEqual([
      'http://x:8080 is not encrypted: everything that is read can be seen and changed on the way',
    ]);
  });
});

describe('in a pod', () => {
  it('the service account is used where there is no kubeconfig', () => {
    const account = folder();
    for (const [name, content] of [
      ['token', 'tok'],
      ['namespace', 'tools\n'],
      ['ca.crt', 'CA'],
    ] as const)
      writeFileSync(join(account, name), content);
    const env = { HOME: '/nonexistent', KUBERNETES_SERVICE_HOST: 'fd00::1', KUBERNETES_SERVICE_PORT: '443' };
    const found = load({ env, serviceAccountDir: account });
    expect(found).toMatchObject({ context: 'in-cluster', namespace: 'tools', origin: 'service-account', doubts: [] });
    expect(found.cluster).toMatchObject({ server: 'https://[fd00::1]:443', caFile: join(account, 'ca.crt') });
    const own = kubeconfig('https://x:6443');
    expect(load({ env: { ...env, KUBECONFIG: own }, serviceAccountDir: account }).context).toBe('test');
    expect(() => load({ env: { HOME: '/nonexistent' }, serviceAccountDir: account })).toThrow('no kubeconfig found');
  });
});
