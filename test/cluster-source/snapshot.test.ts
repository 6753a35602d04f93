import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openBundle } from '../../src/cluster/bundle/index.ts';
import { ingest } from '../../src/cluster/ingest.ts';
import { emptyView, readAll, readLogs } from '../../src/cluster/read.ts';
import { RecordingError, writeRecording } from '../../src/cluster/snapshot.ts';
import type { LogSlice } from '../../src/cluster/source.ts';
import type { Facts } from '../../src/cluster/view.ts';
import { isKind, kinds, refKey, refOf, type Kind, type KubeObject } from '../../src/domain/index.ts';
import { temporaryFolder } from './archives.ts';

const AT = Date.parse('2025-03-01T12:00:00Z');
const none: Facts = {
  identity: { name: 'prod', recorded: false },
  at: AT,
  objects: [],
  complete: [],
  absent: [],
  unseen: [],
  logs: [],
};

const made = (kind: Kind, raw: object): KubeObject => {
  const object = ingest(kind, structuredClone(raw));
  if (!object) throw new Error('not an object');
  return object;
};

async function recorded(facts: Facts): Promise<string> {
  const path = join(await temporaryFolder(), 'r.tar.gz');
  await writeRecording(facts, path, { force: false });
  return path;
}

const text = fc.string({ unit: 'binary', maxLength: 30 });
const name = fc.stringMatching(/^[a-z0-9]([a-z0-9.-]{0,12}[a-z0-9])?$/);
const oddName = fc.oneof(name, name, fc.constantFrom('..', 'a/b', 'web.previous', '%2e', 'A b'));
const kindName = fc.constantFrom<Kind>('Pod', 'Event', 'Node', 'ConfigMap', 'Deployment', 'Secret', 'PodMetrics');
const object = fc
  .record({
    kind: kindName,
    name: oddName,
    namespace: name,
    labels: fc.dictionary(name, text, { maxKeys: 2 }),
    message: text,
    phase: text,
  })
  .map(({ kind, namespace, labels, message, phase, ...rest }) =>
    made(kind, {
      metadata: { name: rest.name, labels, ...(kind !== 'Node' && { namespace }) },
      message,
      involvedObject: { kind: 'Pod', name: rest.name },
      status: { phase, conditions: [{ type: 'Ready', status: 'True', message }] },
    }),
  );
const complete = fc.record({ kind: kindName, namespace: name }, { requiredKeys: ['kind'] });
const absent = fc.record({ kind: kindName, namespace: name, name: oddName }, { requiredKeys: ['kind', 'name'] });
const unseen = fc.record(
  {
    what: name,
    kind: fc.constantFrom('Pod', 'Ingress', 'Log'),
    namespace: name,
    reason: fc.constantFrom('forbidden' as const, 'absent' as const, 'failed' as const),
    detail: name,
  },
  { requiredKeys: ['what', 'reason', 'detail'] },
);
const log: fc.Arbitrary<LogSlice> = fc.record({
  ref: fc.record({ namespace: name, pod: oddName, container: fc.oneof(name, fc.constant('web.previous')) }),
  previous: fc.boolean(),
  lines: fc.array(fc.stringMatching(/^[ -~]{0,20}$/), { maxLength: 4 }),
  truncated: fc.boolean(),
});
const facts: fc.Arbitrary<Facts> = fc.record({
  identity: fc.record(
    { name: name, server: name, uid: name, version: name, recorded: fc.constant(true) },
    { requiredKeys: ['name', 'recorded'] },
  ),
  at: fc.integer({ min: 1e12, max: 2e12 }),
  objects: fc.uniqueArray(object, { selector: (o) => refKey(refOf(o)), maxLength: 6 }),
  complete: fc.uniqueArray(complete, { selector: (c) => `${c.kind}/${c.namespace ?? ''}`, maxLength: 4 }),
  absent: fc.uniqueArray(absent, { selector: refKey, maxLength: 3 }),
  unseen: fc.array(unseen, { maxLength: 3 }),
  logs: fc.uniqueArray(log, { selector: (l) => JSON.stringify([l.ref, l.previous]), maxLength: 3 }),
});

const sorted = (items: readonly unknown[]) => items.map((item) => JSON.stringify(item)).sort();

describe('what was written', () => {
  test('is read back as the same facts', async () => {
    await fc.assert(
      fc.asyncProperty(facts, async (f) => {
        const source = await openBundle(await recorded(f));
        const { recording } = source;
        expect({ identity: source.identity, at: source.now() }).toEqual({ identity: f.identity, at: f.at });
        expect(sorted([...recording.objects.values()].flat())).toEqual(sorted(f.objects));
        expect(sorted(recording.complete)).toEqual(sorted(f.complete));
        expect(recording.absent).toEqual(expect.arrayContaining([...f.absent]));
        expect(recording.unseen).toEqual(f.unseen);
        for (const slice of f.logs)
          expect(await source.logs(slice.ref, { previous: slice.previous, maxLines: 1000, maxBytes: 1e6 })).toEqual(
            slice,
          );
      }),
      { numRuns: 60 },
    );
  });

  test('read again the same way gives the same view', async () => {
    const pod = made('Pod', { metadata: { name: 'web', namespace: 'shop', uid: 'u' } });
    const ref = { namespace: 'shop', pod: 'web', container: 'web' };
    const path = await recorded({
      ...none,
      objects: [pod, made('Event', { metadata: { name: 'e', namespace: 'shop' }, involvedObject: { uid: 'u' } })],
      complete: [{ kind: 'Pod', namespace: 'shop' }],
      absent: [{ kind: 'ConfigMap', namespace: 'shop', name: 'gone' }],
      unseen: [{ what: 'secrets in shop', kind: 'Secret', namespace: 'shop', reason: 'forbidden', detail: 'no' }],
      logs: [{ ref, previous: false, lines: ['hello'], truncated: false }],
    });
    const source = await openBundle(path);
    const read = await readAll(source, emptyView(source), [
      { list: 'Pod', namespace: 'shop' },
      { list: 'Event', namespace: 'shop', fieldSelector: 'involvedObject.uid=u' },
      { get: 'ConfigMap', namespace: 'shop', name: 'gone' },
      { list: 'Secret', namespace: 'shop' },
    ]);
    const view = read.extend(await readLogs(source, [{ ref, previous: true }]));
    expect(view.isComplete('Pod', 'shop')).toBe(true);
    expect(view.all('Event')).toHaveLength(1);
    expect(view.find('ConfigMap', 'shop', 'gone').state).toBe('absent');
    expect(view.find('ConfigMap', 'shop', 'other').state).toBe('unknown');
    expect(view.unseen.map((u) => [u.kind, u.reason, u.detail])).toEqual([['Secret', 'forbidden', 'no']]);
    expect(view.logs[0]?.lines).toEqual(['hello']);
  });

  test('cut off at its end, it no longer vouches for kinds without a file', async () => {
    const path = await recorded({
      ...none,
      objects: [made('Pod', { metadata: { name: 'web', namespace: 'shop' } })],
      complete: [{ kind: 'Pod' }, { kind: 'Service' }],
    });
    const whole = await openBundle(path);
    expect(await whole.get('Service', 'shop', 'web')).toBeUndefined();
    const bytes = await readFile(path);
    await writeFile(path, bytes.subarray(0, bytes.length - 8));
    const cut = await openBundle(path);
    await expect(cut.get('Service', 'shop', 'web')).rejects.toThrow('cut off or damaged');
    expect(await cut.get('Pod', 'shop', 'gone')).toBeUndefined();
  });
});

describe('the file', () => {
  test('is the same for the same facts in another order', async () => {
    const [a, b] = [made('Pod', { metadata: { name: 'a' } }), made('Pod', { metadata: { name: 'b' } })];
    const first = await recorded({ ...none, objects: [a, b], complete: [{ kind: 'Pod' }, { kind: 'Node' }] });
    const second = await recorded({ ...none, objects: [b, a, a], complete: [{ kind: 'Node' }, { kind: 'Pod' }] });
    expect(await readFile(first)).toEqual(await readFile(second));
  });

  test('is readable by its owner alone, and nothing else is left', async () => {
    const path = await recorded(none);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, '..'))).toEqual(['r.tar.gz']);
  });

  test('holds a List for each kind that people can read', async () => {
    const path = await recorded({ ...none, objects: [made('Deployment', { metadata: { name: 'web' } })] });
    const tar = gunzipSync(await readFile(path)).toString();
    expect(tar).toContain('aiops-recording/Deployment.json');
    expect(tar).toMatch(/"kind": "List",\n"items": \[\n\{\n {2}"apiVersion": "apps\/v1",\n {2}"kind": "Deployment"/);
  });

  test('is not overwritten unless that is wanted', async () => {
    const path = await recorded(none);
    const before = await readFile(path);
    const more = { ...none, at: AT + 1000 };
    await expect(writeRecording(more, path, { force: false })).rejects.toThrow(
      `${path} exists already; choose another name, or overwrite it with --force`,
    );
    expect(await readFile(path)).toEqual(before);
    await writeRecording(more, path, { force: true });
    expect((await openBundle(path)).now()).toBe(AT + 1000);
  });

  test('that cannot be written leaves nothing behind', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'taken'));
    await expect(writeRecording(none, join(folder, 'taken'), { force: true })).rejects.toThrow(RecordingError);
    await expect(writeRecording(none, join(folder, 'missing', 'r.tar.gz'), { force: false })).rejects.toThrow(
      'cannot write the recording',
    );
    expect(await readdir(folder)).toEqual(['taken']);
  });
});

test('a secret that a message or a log quotes is masked', async () => {
  const secret = 'ghp_0123456789abcdefghijABCDEFGHIJ012345';
  const ref = { namespace: 'shop', pod: 'web', container: 'web' };
  const key = ['-----BEGIN PRIVATE KEY-----', 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASC', '-----END PRIVATE KEY-----'];
  const path = await recorded({
    ...none,
    objects: [
      made('Event', { metadata: { name: 'e' }, message: `push with Authorization: Bearer ${secret} failed` }),
      made('Pod', {
        metadata: { name: 'token-reviewer', annotations: { note: `token=${secret}` } },
        spec: { serviceAccountName: 'secret-reader', containers: [] },
      }),
    ],
    unseen: [{ what: 'x', reason: 'failed', detail: `401 for token ${secret}` }],
    logs: [{ ref, previous: false, lines: [`using ${secret}`, ...key], truncated: false }],
  });
  const tar = gunzipSync(await readFile(path)).toString();
  expect(tar).not.toContain(secret);
  expect(tar).not.toContain('MIIEvQIBADANBg');
  const pod = await (await openBundle(path)).get('Pod', undefined, 'token-reviewer').catch(() => undefined);
  expect(pod?.spec?.serviceAccountName).toBe('secret-reader');
});

test('every kind has its place in a recording', async () => {
  const objects = kinds.map(({ kind }) => made(kind, { metadata: { name: 'x' } }));
  const { recording } = await openBundle(await recorded({ ...none, objects }));
  expect([...recording.objects.keys()].filter(isKind).sort()).toEqual(kinds.map((k) => k.kind).sort());
});
