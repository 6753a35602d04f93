import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack, type Header } from 'tar-stream';
import { afterAll } from 'vitest';

const made: string[] = [];
afterAll(() => Promise.all(made.map((folder) => rm(folder, { recursive: true, force: true }))));

/** An empty folder that is removed after the tests of the file. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'recording-'));
  made.push(folder);
  return folder;
}

export type Files = Readonly<Record<string, string | Buffer | object>>;
type TarEntry = readonly [header: Partial<Header> & { name: string }, content?: Buffer];

export async function tarOf(entries: readonly TarEntry[]): Promise<Buffer> {
  const archive = pack();
  const parts: Buffer[] = [];
  archive.on('data', (part) => parts.push(part as Buffer));
  const ended = new Promise((resolve) =>
    archive.on('end', () => {
      resolve(undefined);
    }),
  );
  for (const [header, content] of entries) archive.entry(header, content ?? Buffer.alloc(0));
  archive.finalize();
  await ended;
  return Buffer.concat(parts);
}

export function bytesOf(content: string | Buffer | object): Buffer {
  if (Buffer.isBuffer(content)) return content;
  return Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));
}

/** A .tar.gz of these files. */
export async function archiveOf(files: Files): Promise<Buffer> {
  return gzipSync(await tarOf(Object.entries(files).map(([name, content]) => [{ name }, bytesOf(content)])));
}

export async function onDisk(bytes: Buffer, name = 'recording.tar.gz'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, bytes);
  return path;
}

export async function folderOf(files: Files): Promise<string> {
  const root = await temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), bytesOf(content));
  }
  return root;
}

/** A list as the API server sends it: the items say neither kind nor version. */
export function listOf(kind: string, ...items: readonly object[]): object {
  return { kind: `${kind}List`, apiVersion: 'v1', metadata: {}, items: items.length === 0 ? null : items };
}

export function named(name: string, namespace?: string, more: object = {}): object {
  return { metadata: { name, ...(namespace !== undefined && { namespace }) }, ...more };
}
