import { createReadStream, type Dirent } from 'node:fs';
import { open, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { extract, type Header } from 'tar-stream';
import { BundleError, LimitError, MAX_DEPTH_OF_FOLDERS, megabytes, type Limits } from './limits.ts';

/** One file of a recording. What is not read is skipped; nothing is ever written to disk. */
export interface Entry {
  /** Relative, with `/`, without `.` and `..`. */
  readonly path: string;
  /** Ends in an error when the file is cut off. */
  content(): AsyncIterable<Buffer>;
}

export interface Walk {
  readonly entries: AsyncIterable<Entry>;
  /** Why the end of the recording is missing; undefined when it is whole. Known when the entries have ended. */
  damage(): string | undefined;
}

/** The files of a folder or of a .tar, .tar.gz or .tgz, in the order in which they lie there. */
export async function walk(path: string, limits: Limits): Promise<Walk> {
  const info = await stat(path).catch((cause: unknown) => {
    throw new BundleError(`cannot open the recording ${path}: ${reasonOf(cause)}`, { cause });
  });
  if (info.isDirectory()) return { entries: walkFolder(path, limits), damage: () => undefined };
  if (!info.isFile()) throw new BundleError(`${path} is neither a folder nor a file; ${EXPECTED}`);
  return walkArchive(path, await packingOf(path), limits);
}

/** The library's types know nothing of the bytes that its streams carry. */
type TarEntry = AsyncIterable<Buffer> & { readonly header: Header };

export const EXPECTED =
  'expected a folder or .tar.gz of `kubectl cluster-info dump --output-directory`, a troubleshoot.sh support bundle, or a recording made by aiops';

export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown error';
  const { code } = error as NodeJS.ErrnoException;
  const known: Partial<Record<string, string>> = { ENOENT: 'no such file or folder', EACCES: 'permission denied' };
  return known[code ?? ''] ?? error.message;
}

async function packingOf(path: string): Promise<'gzip' | 'none'> {
  const file = await open(path).catch((cause: unknown) => {
    throw new BundleError(`cannot open the recording ${path}: ${reasonOf(cause)}`, { cause });
  });
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(512), 0, 512, 0);
    if (bytesRead === 0) throw new BundleError(`${path} is empty; ${EXPECTED}`);
    if (buffer[0] === 0x1f && buffer[1] === 0x8b) return 'gzip';
    if (buffer.toString('latin1', 257, 262) === 'ustar') return 'none';
    const isZip = buffer.toString('latin1', 0, 2) === 'PK';
    throw new BundleError(
      `${path} is ${isZip ? 'a zip file: unpack it and give the folder' : `no archive`}; ${EXPECTED}`,
    );
  } finally {
    await file.close();
  }
}

async function* walkFolder(root: string, limits: Limits): AsyncGenerator<Entry> {
  const budget = { entries: 0 };
  let bytes = 0;
  for await (const path of filesBelow(root, '', 0)) {
    if (++budget.entries > limits.entries) throw tooMany(root, limits);
    yield {
      path,
      async *content() {
        for await (const chunk of createReadStream(join(root, path)) as AsyncIterable<Buffer>) {
          bytes += chunk.length;
          if (bytes > limits.totalBytes) throw tooLarge(root, limits);
          yield chunk;
        }
      },
    };
  }
}

/** Plain files only: a link may lead anywhere, a pipe never ends. */
async function* filesBelow(root: string, folder: string, depth: number): AsyncGenerator<string> {
  const found: Dirent[] = [];
  for await (const entry of await opendir(join(root, folder))) found.push(entry);
  found.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of found) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (entry.isFile()) yield path;
    else if (entry.isDirectory() && depth < MAX_DEPTH_OF_FOLDERS) yield* filesBelow(root, path, depth + 1);
  }
}

function walkArchive(path: string, packing: 'gzip' | 'none', limits: Limits): Walk {
  const state: ArchiveState = { path, limits, entries: 0, bytes: 0 };
  return { entries: archiveEntries(state, packing), damage: () => state.damage };
}

interface ArchiveState {
  readonly path: string;
  readonly limits: Limits;
  entries: number;
  bytes: number;
  damage?: string;
  /** An error that is not damage: a limit, or a disk that cannot be read. */
  fatal?: Error;
}

async function* archiveEntries(state: ArchiveState, packing: 'gzip' | 'none'): AsyncGenerator<Entry> {
  const tar = extract();
  const source = Readable.from(unpacked(state, packing), { objectMode: false });
  source.on('error', (error) => {
    tar.destroy(error);
  });
  source.pipe(tar);
  try {
    for await (const entry of tar) {
      if (++state.entries > state.limits.entries) throw tooMany(state.path, state.limits);
      const path = safePath(entry.header);
      if (path !== undefined) yield { path, content: () => contentOf(state, entry as unknown as TarEntry) };
      entry.resume();
    }
  } catch (error) {
    if (state.fatal !== undefined) throw state.fatal;
    if (error instanceof BundleError) throw error;
    if (state.entries === 0)
      throw new BundleError(`${state.path} is no tar archive (${reasonOf(error)}); ${EXPECTED}`, { cause: error });
    state.damage ??= `the archive is cut off or damaged after ${state.entries} files (${reasonOf(error)})`;
  } finally {
    source.destroy();
    tar.destroy();
  }
}

/** What the archive holds, unpacked; an end in the middle is noted, so that what came before it can still be used. */
async function* unpacked(state: ArchiveState, packing: 'gzip' | 'none'): AsyncGenerator<Buffer> {
  const file = createReadStream(state.path, { highWaterMark: 256 * 1024 });
  const bytes = packing === 'gzip' ? file.pipe(createGunzip({ chunkSize: 256 * 1024 })) : file;
  file.on('error', (error) => {
    state.fatal = new BundleError(`cannot read ${state.path}: ${reasonOf(error)}`, { cause: error });
    bytes.destroy(error);
  });
  try {
    for await (const chunk of bytes as AsyncIterable<Buffer>) {
      state.bytes += chunk.length;
      if (state.bytes > state.limits.totalBytes) {
        state.fatal = tooLarge(state.path, state.limits);
        throw state.fatal;
      }
      yield chunk;
    }
  } catch (error) {
    if (state.fatal !== undefined) throw error;
    state.damage = `the gzip data is cut off or damaged (${reasonOf(error)})`;
  } finally {
    file.destroy();
    bytes.destroy();
  }
}

async function* contentOf(state: ArchiveState, entry: TarEntry): AsyncGenerator<Buffer> {
  let left = entry.header.size;
  try {
    for await (const chunk of entry) {
      left -= chunk.length;
      yield chunk;
    }
  } catch (error) {
    throw state.fatal ?? new BundleError('it is cut off', { cause: error });
  }
  if (left > 0) throw state.fatal ?? new BundleError('it is cut off');
}

/** Undefined for what is no plain file, or lies outside of the archive. */
function safePath({ type, name }: Header): string | undefined {
  if (type !== 'file' && type !== 'contiguous-file') return undefined;
  if (name.startsWith('/') || name.includes('\\') || name.includes('\0') || name.length > 1024) return undefined;
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  return parts.length === 0 || parts.includes('..') ? undefined : parts.join('/');
}

function tooLarge(path: string, { totalBytes }: Limits): LimitError {
  return new LimitError(
    `${path} holds more than ${megabytes(totalBytes)} when unpacked, which is the limit; record fewer namespaces, or leave out logs`,
  );
}

function tooMany(path: string, { entries }: Limits): LimitError {
  return new LimitError(`${path} holds more than ${entries} files, which is the limit; record fewer namespaces`);
}
