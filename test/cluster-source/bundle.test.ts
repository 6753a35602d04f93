import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openBundle, type RecordedSource } from '../../src/cluster/bundle/index.ts';
import { emptyView, readAll } from '../../src/cluster/read.ts';
import { ReadFailure } from '../../src/cluster/source.ts';
import { eventTime } from '../../src/cluster/view.ts';
import type { Kind, KindMap, Pod } from '../../src/domain/index.ts';
import { archiveOf, folderOf, listOf, named, onDisk } from './archives.ts';

const fixture = (name: string) => join(import.meta.dirname, 'fixtures', name);
const BOUNDS = { maxLines: 1000, maxBytes: 256 * 1024 };

async function all<K extends Kind>(
  source: RecordedSource,
  kind: K,
  namespace?: string,
): Promise<readonly KindMap[K][]> {
  const pages: KindMap[K][] = [];
  for await (const page of source.list(kind, namespace === undefined ? {} : { namespace })) pages.push(...page);
  return pages;
}

const failureOf = (promise: Promise<unknown>): Promise<ReadFailure> =>
  promise.then(
    () => Promise.reject(new Error('it did not fail')),
    (error: unknown) => {
      expect(error).toBeInstanceOf(ReadFailure);
      return error as ReadFailure;
    },
  );

describe('a dump of kubectl cluster-info', () => {
  test('gives its objects, with their kinds, as a folder and as an archive', async () => {
    const path = await onDisk(Buffer.alloc(0), 'dump.tgz');
    execFileSync('tar', ['-czf', path, '-C', fixture('.'), 'dump']);
    for (const source of [await openBundle(fixture('dump')), await openBundle(path)]) {
      expect((await all(source, 'Pod', 'shop')).map((p) => `${p.kind} ${p.metadata.name ?? ''}`).sort()).toEqual([
        'Pod unstarted',
        'Pod web-66477cfb57-5vw6s',
        'Pod web-7785d9f5df-4lm6b',
      ]);
      expect(await all(source, 'Node')).toHaveLength(1);
      expect(await all(source, 'DaemonSet', 'shop')).toEqual([]);
      expect(source.identity).toMatchObject({ recorded: true });
      const env = (await source.get('Pod', 'shop', 'web-7785d9f5df-4lm6b'))?.spec?.containers[0]?.env;
      expect(env).toEqual([{ name: 'DATABASE_URL', value: 'postgres://orders-db:5432' }]);
    }
  });

  test('tells what does not exist from what was not recorded', async () => {
    const source = await openBundle(fixture('dump'));
    expect(await source.get('Pod', 'shop', 'gone')).toBeUndefined();
    expect((await failureOf(source.get('ConfigMap', 'shop', 'settings'))).reason).toBe('not-recorded');
    expect((await failureOf(source.get('Pod', 'other', 'web'))).reason).toBe('not-recorded');
    expect((await failureOf(all(source, 'Pod', 'other'))).reason).toBe('not-recorded');
  });

  test('of some namespaces is no list of the whole cluster', async () => {
    const failure = await failureOf(all(await openBundle(fixture('dump')), 'Pod'));
    expect(failure).toMatchObject({ reason: 'not-recorded' });
    expect(failure.message).toBe('the recording holds no complete list of Pod, only of namespace shop');
  });

  test('of some namespaces is whole in those', async () => {
    const source = await openBundle(fixture('dump'));
    const view = await readAll(source, emptyView(source), [{ list: 'Pod' }, { list: 'ConfigMap' }]);
    expect(view.all('Pod')).toHaveLength(3);
    expect(view.find('Pod', 'shop', 'gone').state).toBe('absent');
    expect(view.find('Pod', 'other', 'web').state).toBe('unknown');
    expect(view.unseen.map((u) => u.kind)).toEqual(['Pod', 'ConfigMap']);
  });

  test('of all namespaces is one', async () => {
    const namespaces = ['default', 'kube-node-lease', 'kube-public', 'kube-system', 'shop'];
    const files = Object.fromEntries(namespaces.map((ns) => [`${ns}/pods.json`, listOf('Pod', named('web', ns))]));
    expect(await all(await openBundle(await folderOf(files)), 'Pod')).toHaveLength(5);
  });

  test('is judged at the newest time in it', async () => {
    const source = await openBundle(fixture('dump'));
    const times = (await all(source, 'Event', 'shop')).map((e) => eventTime(e) ?? 0);
    expect(source.now()).toBeGreaterThanOrEqual(Math.max(...times));
    expect(source.now()).toBeLessThan(Math.max(...times) + 10 * 60_000);
  });

  test('a time to come does not move the clock', async () => {
    const event = (lastTimestamp: string) => named(lastTimestamp.slice(0, 4), 'shop', { lastTimestamp });
    const files = { 'shop/events.json': listOf('Event', event('2025-01-01T00:00:00Z'), event('2999-01-01T00:00:00Z')) };
    expect((await openBundle(await folderOf(files))).now()).toBe(Date.parse('2025-01-01T00:00:00Z'));
  });

  test('gives the log of each container', async () => {
    const source = await openBundle(fixture('dump'));
    const ref = { namespace: 'shop', pod: 'web-7785d9f5df-4lm6b', container: 'web' };
    const [web, proxy, again] = await Promise.all([
      source.logs(ref, { previous: false, ...BOUNDS }),
      source.logs({ ...ref, container: 'proxy' }, { previous: false, ...BOUNDS }),
      source.logs(ref, { previous: false, maxLines: 1, maxBytes: 100 }),
    ]);
    expect(web).toEqual({
      ref,
      previous: false,
      lines: ['starting', 'FATAL: cannot reach orders-db:5432'],
      truncated: false,
    });
    expect(proxy.lines).toEqual([]);
    expect(again).toMatchObject({ lines: ['FATAL: cannot reach orders-db:5432'], truncated: true });
  });

  test('has no run of a container that waits, and no previous run at all', async () => {
    const source = await openBundle(fixture('dump'));
    const ref = { namespace: 'shop', pod: 'unstarted', container: 'web' };
    expect(await failureOf(source.logs(ref, { previous: false, ...BOUNDS }))).toMatchObject({ status: 400 });
    const run = { namespace: 'shop', pod: 'web-7785d9f5df-4lm6b', container: 'web' };
    expect(await failureOf(source.logs(run, { previous: true, ...BOUNDS }))).toMatchObject({ status: 400 });
  });

  test('a log that kubectl could not get is unknown, not empty', async () => {
    const running = { status: { containerStatuses: [{ name: 'web', state: { running: {} } }] } };
    const log =
      '==== START logs for container web of pod shop/web ====\nRequest log error: x\n==== END logs for container web of pod shop/web ====\n';
    const source = await openBundle(
      await folderOf({ 'shop/pods.json': listOf('Pod', named('web', 'shop', running)), 'shop/web/logs.txt': log }),
    );
    const ref = { namespace: 'shop', pod: 'web', container: 'web' };
    const failure = await failureOf(source.logs(ref, { previous: false, ...BOUNDS }));
    expect(failure).toMatchObject({ reason: 'not-recorded', status: undefined });
  });

  test('a log without a newline at its end keeps its last line', async () => {
    const log =
      '==== START logs for container web of pod shop/web ====\na\nb==== END logs for container web of pod shop/web ====\n';
    const source = await openBundle(await folderOf({ 'shop/pods.json': listOf('Pod'), 'shop/web/logs.txt': log }));
    const ref = { namespace: 'shop', pod: 'web', container: 'web' };
    expect((await source.logs(ref, { previous: false, ...BOUNDS })).lines).toEqual(['a', 'b']);
  });

  test('may be YAML', async () => {
    const source = await openBundle(fixture('dump-yaml'));
    const json = await openBundle(fixture('dump'));
    const statusOf = (pods: readonly Pod[]) =>
      pods.map((p) => `${p.metadata.name ?? ''} ${p.status?.containerStatuses?.length ?? 0}`).sort();
    expect(statusOf(await all(source, 'Pod', 'shop'))).toEqual(statusOf(await all(json, 'Pod', 'shop')));
    expect(await all(source, 'DaemonSet', 'shop')).toEqual([]);
  });
});

describe('a support bundle', () => {
  const open = () => openBundle(fixture('support-bundle'));

  test('gives its objects, also those that lie under a wrong name', async () => {
    const source = await open();
    expect(await all(source, 'Pod', 'shop')).toHaveLength(3);
    expect(await all(source, 'ReplicaSet', 'shop')).toHaveLength(2);
    expect(await all(source, 'Node')).toHaveLength(1);
    expect(source.identity.version).toMatch(/^v1\./);
    expect((await all(source, 'ConfigMap', 'shop')).find((c) => c.metadata.name === 'settings')?.data).toEqual({
      'app.properties': '',
    });
  });

  test('gives both runs of a container', async () => {
    const ref = { namespace: 'shop', pod: 'web-7785d9f5df-4lm6b', container: 'web' };
    const source = await open();
    for (const previous of [false, true])
      expect((await source.logs(ref, { previous, ...BOUNDS })).lines).toContain('FATAL: cannot reach orders-db:5432');
  });

  test('says why a list is missing', async () => {
    const failure = await failureOf(all(await open(), 'Ingress', 'shop'));
    expect(failure.reason).toBe('forbidden');
    expect(failure.message).toContain('cannot list resource');
  });

  test('of one namespace does not know the others', async () => {
    expect((await failureOf(all(await open(), 'Namespace'))).reason).toBe('not-recorded');
  });

  test('of all namespaces, with a list for each, is complete', async () => {
    const names = ['default', 'kube-node-lease', 'kube-public', 'kube-system'];
    const files = {
      'b/cluster-resources/namespaces.json': names.map((n) => named(n)),
      ...Object.fromEntries(names.map((n) => [`b/cluster-resources/pods/${n}.json`, []])),
      'b/cluster-resources/services/default.json': [],
    };
    const source = await openBundle(await folderOf(files));
    expect(await all(source, 'Pod')).toEqual([]);
    expect(await all(source, 'Namespace')).toHaveLength(4);
    expect((await failureOf(all(source, 'Service'))).reason).toBe('not-recorded');
  });
});

describe('selectors', () => {
  const event = (uid: string) => named(`e-${uid}`, 'shop', { involvedObject: { uid, kind: 'Pod' } });
  const pod = (name: string, labels: object) => ({ metadata: { name, namespace: 'shop', labels } });

  test.each([
    ['involvedObject.uid=u1', ['e-u1']],
    ['involvedObject.uid!=u1,involvedObject.kind=Pod', ['e-u2']],
    ['metadata.name=e-u2', ['e-u2']],
  ])('field selector %s', async (fieldSelector, expected) => {
    const source = await openBundle(await folderOf({ 'shop/events.json': listOf('Event', event('u1'), event('u2')) }));
    const names: unknown[] = [];
    for await (const page of source.list('Event', { namespace: 'shop', fieldSelector }))
      names.push(...page.map((e) => e.metadata.name));
    expect(names).toEqual(expected);
  });

  test.each([
    ['app=web', ['a', 'b']],
    ['app=web,tier!=front', ['b']],
    ['tier in (front, back)', ['a', 'b']],
    ['app notin (web)', ['c']],
    ['!app', ['c']],
    ['tier', ['a', 'b']],
  ])('label selector %s', async (labelSelector, expected) => {
    const pods = [pod('a', { app: 'web', tier: 'front' }), pod('b', { app: 'web', tier: 'back' }), pod('c', {})];
    const source = await openBundle(await onDisk(await archiveOf({ 'shop/pods.json': listOf('Pod', ...pods) })));
    const names: unknown[] = [];
    for await (const page of source.list('Pod', { namespace: 'shop', labelSelector }))
      names.push(...page.map((p) => p.metadata.name));
    expect(names).toEqual(expected);
  });
});

test('a closed recording answers no more', async () => {
  const source = await openBundle(fixture('dump'));
  source.close();
  expect((await failureOf(source.get('Pod', 'shop', 'web'))).message).toContain('was closed');
});
