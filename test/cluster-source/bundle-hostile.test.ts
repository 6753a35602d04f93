import { once, type EventEmitter } from 'node:events';
import { createWriteStream } from 'node:fs';
import { readdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGzip, gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { pack } from 'tar-stream';
import { describe, expect, test } from 'vitest';
import { BundleError, openBundle } from '../../src/cluster/bundle/index.ts';
import { ReadFailure } from '../../src/cluster/source.ts';
import { archiveOf, bytesOf, folderOf, listOf, named, onDisk, tarOf, temporaryFolder } from './archives.ts';

const podsOf = (namespace: string, ...names: readonly string[]) =>
  listOf('Pod', ...names.map((name) => named(name, namespace)));

async function namesOf(path: string, namespace = 'shop'): Promise<{ names: unknown[]; failure?: unknown }> {
  const source = await openBundle(path);
  const names: unknown[] = [];
  try {
    for await (const page of source.list('Pod', { namespace })) names.push(...page.map((p) => p.metadata.name));
    return { names };
  } catch (failure) {
    return { names, failure };
  }
}

describe('what is no recording says what was expected', () => {
  test.each([
    ['an empty file', Buffer.alloc(0), 'is empty'],
    ['text', Buffer.from('hello\n'.repeat(200)), 'is no archive'],
    ['a zip', Buffer.from(`PK\u0003\u0004${'x'.repeat(600)}`), 'is a zip file: unpack it'],
    ['gzip of text', gzipSync('hello\n'.repeat(500)), 'is no tar archive'],
    ['gzip cut off at once', gzipSync('x'.repeat(9999)).subarray(0, 15), 'holds nothing that was recorded'],
  ])('%s', async (_, bytes, why) => {
    const path = await onDisk(bytes);
    const error = await openBundle(path).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BundleError);
    expect((error as BundleError).message).toContain(path);
    expect((error as BundleError).message).toContain(why);
    expect((error as BundleError).message).toContain('expected a folder or .tar.gz of `kubectl cluster-info dump');
  });

  test('an archive and a folder with other things', async () => {
    const files = { 'src/main.go': 'package main', 'package.json': {} };
    await expect(openBundle(await onDisk(await archiveOf(files)))).rejects.toThrow('holds nothing that was recorded');
    await expect(openBundle(await folderOf(files))).rejects.toThrow('holds nothing that was recorded');
  });

  test('a path that is not there', async () => {
    await expect(openBundle('/no/such/recording')).rejects.toThrow(
      'cannot open the recording /no/such/recording: no such',
    );
  });
});

describe('an archive that is cut off', () => {
  const files = { 'd/shop/pods.json': podsOf('shop', 'a', 'b'), 'd/other/pods.json': podsOf('other', 'c') };

  test('gives what was complete, and calls the rest unknown', async () => {
    const tar = await tarOf(Object.entries(files).map(([name, content]) => [{ name }, bytesOf(content)]));
    const path = await onDisk(tar.subarray(0, 512 + 512 + 512 + 60), 'cut.tar');
    expect((await namesOf(path)).names).toEqual(['a', 'b']);
    const { failure } = await namesOf(path, 'other');
    expect(failure).toBeInstanceOf(ReadFailure);
    expect((failure as ReadFailure).message).toContain('cut off');
  });

  test('at any byte neither fails otherwise nor claims to be whole', async () => {
    const filler = Array.from(
      { length: 400 },
      (_, i) => [`d/shop/x-${i}/logs.txt`, `${Math.sin(i)} `.repeat(20)] as const,
    );
    const bytes = await archiveOf({ ...files, ...Object.fromEntries(filler) });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: bytes.length - 9 }), async (length) => {
        const path = await onDisk(bytes.subarray(0, length));
        try {
          const source = await openBundle(path);
          expect(source.recording.unseen.map((u) => u.what)).toContain('the recording');
        } catch (error) {
          expect(error).toBeInstanceOf(BundleError);
        }
      }),
      { numRuns: 40 },
    );
  });

  test('keeps what lies far before the cut', async () => {
    const filler = Array.from(
      { length: 300 },
      (_, i) => [`d/shop/x-${i}/logs.txt`, `${Math.sin(i)} `.repeat(200)] as const,
    );
    const bytes = await archiveOf({ ...files, ...Object.fromEntries(filler) });
    const { names } = await namesOf(await onDisk(bytes.subarray(0, Math.floor(bytes.length / 2))));
    expect(names).toEqual(['a', 'b']);
  });

  test('with damaged bytes in the middle says so', async () => {
    const bytes = Buffer.from(await archiveOf({ ...files, 'd/z/pods.json': podsOf('z', 'd') }));
    bytes.fill(0x55, bytes.length - 60, bytes.length - 20);
    const source = await openBundle(await onDisk(bytes)).catch((error: unknown) => error);
    if (source instanceof BundleError) return;
    expect((source as Awaited<ReturnType<typeof openBundle>>).recording.unseen).not.toEqual([]);
  });
});

describe('entries that lead elsewhere', () => {
  test('are ignored, and nothing is written', async () => {
    const pods = bytesOf(podsOf('shop', 'evil'));
    const tar = await tarOf([
      [{ name: '../shop/pods.json' }, pods],
      [{ name: '/shop/pods.json' }, pods],
      [{ name: 'a/../shop/pods.json' }, pods],
      [{ name: 'shop/pods.json', type: 'symlink', linkname: '/etc/passwd' }],
      [{ name: 'shop/pods.json', type: 'link', linkname: 'other/pods.json' }],
      [{ name: 'shop/pods.json', type: 'fifo' }],
      [{ name: 'shop/pods.json', type: 'character-device', devmajor: 1, devminor: 5 }],
      [{ name: './other/pods.json' }, bytesOf(podsOf('other', 'good'))],
    ]);
    const path = await onDisk(tar, 'evil.tar');
    expect((await namesOf(path)).names).toEqual([]);
    expect((await namesOf(path, 'other')).names).toEqual(['good']);
    expect(await readdir(join(path, '..'))).toEqual(['evil.tar']);
  });

  test('links in a folder are not followed', async () => {
    const secret = await folderOf({ 'pods.json': podsOf('shop', 'evil') });
    const root = await folderOf({ 'other/pods.json': podsOf('other', 'good') });
    await symlink(secret, join(root, 'shop'));
    await symlink('/dev/zero', join(root, 'other', 'services.json'));
    expect((await namesOf(root)).names).toEqual([]);
    expect((await namesOf(root, 'other')).names).toEqual(['good']);
  });
});

describe('sizes', () => {
  test('a bomb ends at the limit', async () => {
    const header = await tarOf([[{ name: 'shop/x/logs.txt' }, Buffer.alloc(64 * 1024 * 1024)]]);
    const path = await onDisk(gzipSync(header));
    const error: unknown = await openBundle(path, { totalBytes: 8 * 1024 * 1024 }).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(BundleError);
    expect((error as Error).message).toContain('more than 8 MiB when unpacked');
  });

  test('so does a folder', async () => {
    const root = await folderOf({ 'shop/pods.json': `{"items":[${' '.repeat(2_000_000)}]}` });
    await expect(openBundle(root, { totalBytes: 1024 * 1024 })).rejects.toThrow('more than 1 MiB');
  });

  test('too many entries end at the limit', async () => {
    const tar = await tarOf(Array.from({ length: 300 }, (_, i) => [{ name: `shop/p${i}/x` }]));
    await expect(openBundle(await onDisk(gzipSync(tar)), { entries: 200 })).rejects.toThrow('more than 200 files');
  });

  test('one endless log line takes little memory and is cut', async () => {
    const path = join(await temporaryFolder(), 'log.tar.gz');
    const size = 100 * 1024 * 1024;
    const archive = pack();
    const written = pipeline(archive, createGzip({ level: 1 }), createWriteStream(path));
    archive.entry({ name: 'cluster-resources/pods/shop.json' }, bytesOf(podsOf('shop', 'web')));
    const log = archive.entry({ name: 'cluster-resources/pods/logs/shop/web/web.log', size });
    for (let i = 0; i < size; i += 1024 * 1024)
      if (!log.write(Buffer.alloc(1024 * 1024, 'x'))) await once(log as unknown as EventEmitter, 'drain');
    log.end(Buffer.alloc(0));
    archive.finalize();
    await written;
    const source = await openBundle(path);
    const before = process.memoryUsage().heapUsed;
    const ref = { namespace: 'shop', pod: 'web', container: 'web' };
    const slice = await source.logs(ref, { previous: false, maxLines: 1000, maxBytes: 256 * 1024 });
    expect(slice.lines).toHaveLength(1);
    expect(slice.lines[0]?.length).toBeLessThanOrEqual(2048);
    expect(slice.lines[0]).toMatch(/x… cut, \d+ bytes omitted$/);
    expect(process.memoryUsage().heapUsed - before).toBeLessThan(64 * 1024 * 1024);
  });
});

describe('lists that are not as they should be', () => {
  const broken: readonly (readonly [string, string | Buffer, readonly string[]])[] = [
    ['ends in the middle of an object', '{"items":[{"metadata":{"name":"a","namespace":"shop"}},{"metadata":', ['a']],
    ['holds no JSON', '<html>', []],
    ['holds something else', '{"items":"x"}', []],
    ['holds an object without a name', '{"items":[{"metadata":{"name":"a","namespace":"shop"}},{"spec":{}}]}', ['a']],
    ['is nested a million times', '['.repeat(1_000_000), []],
    [
      'holds an object that is nested too deeply',
      `{"items":[{"metadata":{"name":"b"},"x":${'['.repeat(99)}${']'.repeat(99)}},{"metadata":{"name":"a","namespace":"shop"}}]}`,
      ['a'],
    ],
    ['holds objects of another namespace', '{"items":[{"metadata":{"name":"a","namespace":"other"}}]}', []],
  ];
  test.each(broken)('a file that %s is no complete list', async (_, text, names) => {
    const found = await namesOf(await folderOf({ 'shop/pods.json': text, 'x/pods.json': podsOf('x') }));
    expect(found.names).toEqual(names);
    expect(found.failure).toBeInstanceOf(ReadFailure);
    expect((found.failure as ReadFailure).message).toContain('shop/pods.json');
  });

  test('text between chunks, escapes and words in strings do not confuse', async () => {
    const tricky = 'x"}]{[\\ "items": [ \\" é '.repeat(20_000);
    const item = named('a', 'shop', { metadata: { name: 'a', namespace: 'shop', annotations: { tricky } } });
    const text = JSON.stringify({
      metadata: { note: '"items":[' },
      items: [item, named('b', 'shop')],
      kind: 'PodList',
    });
    const found = await namesOf(await folderOf({ 'shop/pods.json': `\ufeff${text}` }));
    expect(found).toEqual({ names: ['a', 'b'] });
  });

  test('for any list the items are those that a parser finds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.jsonValue({ maxDepth: 3 }), { maxLength: 5 }), async (values) => {
        const { readItems } = await import('../../src/cluster/bundle/items.ts');
        const objects = values.filter((v) => typeof v === 'object' && v !== null && !Array.isArray(v));
        const bytes = Buffer.from(JSON.stringify({ a: { items: [1] }, items: objects, z: [values] }));
        const found: unknown[] = [];
        const pieces = Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, i * 7 + 7));
        const read = await readItems(
          (async function* () {
            yield* await Promise.resolve(pieces);
          })(),
          (item) => found.push(item),
        );
        expect(found).toEqual(JSON.parse(JSON.stringify(objects)));
        expect(read).toMatchObject({ isList: true });
        expect(read.problem).toBeUndefined();
      }),
    );
  });

  test('invalid UTF-8 becomes visible', async () => {
    const text = Buffer.from(JSON.stringify(podsOf('shop', 'abc')));
    const at = text.indexOf('abc');
    text[at + 1] = 0xff;
    expect((await namesOf(await folderOf({ 'shop/pods.json': text }))).names).toEqual(['a\ufffdc']);
  });

  test('a path that comes twice counts once, with its last content', async () => {
    const tar = await tarOf([
      [{ name: 'shop/pods.json' }, bytesOf(podsOf('shop', 'old'))],
      [{ name: './shop/pods.json' }, bytesOf(podsOf('shop', 'new'))],
    ]);
    expect(await namesOf(await onDisk(tar, 'twice.tar'))).toEqual({ names: ['new'] });
  });

  test('YAML with aliases is refused', async () => {
    const text = 'a: &a [x, x]\nb: &b [*a, *a]\nitems: [*b, *b]\n';
    const { failure } = await namesOf(await folderOf({ 'shop/pods.yaml': text, 'x/pods.json': podsOf('x') }));
    expect((failure as ReadFailure).message).toContain('it is no YAML');
  });
});

test('a secret in a log is masked, control bytes become visible', async () => {
  const root = await folderOf({
    'cluster-resources/pods/shop.json': [],
    'cluster-resources/pods/logs/shop/web/web.log': 'password=hunter2hunter2\r\nred \u001b[31m\u0000\n',
  });
  const ref = { namespace: 'shop', pod: 'web', container: 'web' };
  const { lines } = await (await openBundle(root)).logs(ref, { previous: false, maxLines: 9, maxBytes: 9999 });
  expect(lines[0]).not.toContain('hunter2');
  expect(lines[1]).toBe('red \\u{1b}[31m\\u{0}');
});
