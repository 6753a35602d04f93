import { readFileSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, isAbsolute, join, resolve } from 'node:path';
import { parse } from 'yaml';
import { listed, oneLine } from '../../domain/index.ts';
import { ConfigFailure } from './errors.ts';

/** A field tree as YAML gives it. */
export type Fields = Readonly<Record<string, unknown>>;

const MAX_FILE_BYTES = 4 * 1024 * 1024;

export interface FileOptions {
  readonly kubeconfig?: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface Entry {
  readonly file: string;
  readonly name: string;
  readonly fields: Fields;
}
export type Section = 'clusters' | 'users' | 'contexts';
export interface Merged {
  readonly files: readonly string[];
  readonly currentContext: string;
  readonly clusters: ReadonlyMap<string, Entry>;
  readonly users: ReadonlyMap<string, Entry>;
  readonly contexts: ReadonlyMap<string, Entry>;
}

export interface FoundFiles {
  readonly files: readonly string[];
  readonly missing: readonly string[];
  readonly doubts: readonly string[];
}

export function findFiles({ kubeconfig, env }: FileOptions): FoundFiles {
  if (kubeconfig !== undefined && kubeconfig !== '') {
    if (!exists(kubeconfig))
      throw new ConfigFailure(`kubeconfig ${kubeconfig} does not exist: correct the path given with --kubeconfig`);
    return { files: [resolve(kubeconfig)], missing: [], doubts: [] };
  }
  const named = (env.KUBECONFIG ?? '').split(delimiter).filter((path) => path !== '');
  const files = named.filter(exists).map((path) => resolve(path));
  if (files.length > 0) return { files, missing: [], doubts: [] };
  const usual = join(env.HOME ?? homedir(), '.kube', 'config');
  if (!exists(usual)) return { files: [], missing: [...named, usual], doubts: [] };
  const doubt = `KUBECONFIG names ${listed(named)}, which cannot be found: reading with ${usual} instead`;
  return { files: [usual], missing: named, doubts: named.length > 0 ? [doubt] : [] };
}

export function noConfigText(missing: readonly string[]): string {
  return (
    `no kubeconfig found (looked for ${listed(missing)}): name one with --kubeconfig or KUBECONFIG, ` +
    'let the tool of your cluster write one (e.g. `aws eks update-kubeconfig`, `minikube start`), ' +
    'or look at a recorded cluster with --from'
  );
}

/** As kubectl merges: the first file that sets an entry or the current context wins. */
export function merge(files: readonly string[]): Merged {
  const sections = {
    clusters: new Map<string, Entry>(),
    users: new Map<string, Entry>(),
    contexts: new Map<string, Entry>(),
  };
  let currentContext = '';
  for (const file of files) {
    const content = readConfigFile(file);
    const current = content['current-context'];
    if (currentContext === '' && typeof current === 'string') currentContext = current;
    for (const section of Object.keys(sections) as Section[]) {
      const list = content[section] ?? [];
      if (!Array.isArray(list)) throw new ConfigFailure(`kubeconfig ${file}: ${section} is not a list`);
      for (const [index, fields] of (list as unknown[]).entries()) {
        if (!isFields(fields) || typeof fields.name !== 'string' || fields.name === '')
          throw new ConfigFailure(`kubeconfig ${file}: ${section}[${index}].name is missing`);
        if (!sections[section].has(fields.name))
          sections[section].set(fields.name, { file, name: fields.name, fields });
      }
    }
  }
  return { files, currentContext, ...sections };
}

function readConfigFile(file: string): Fields {
  try {
    if (statSync(file).size > MAX_FILE_BYTES) throw new Error('it is larger than 4 MiB');
    const content: unknown = parse(readFileSync(file, 'utf8'), { maxAliasCount: 50, logLevel: 'error' });
    if (content === null || content === undefined) return {};
    if (!isFields(content)) throw new Error('it is not a mapping of clusters, users and contexts');
    return content;
  } catch (error) {
    throw new ConfigFailure(`kubeconfig ${file} cannot be read: ${reasonOf(error)}`, { cause: error });
  }
}

export function isSharedFile(file: string): boolean {
  return process.platform !== 'win32' && exists(file) && (statSync(file).mode & 0o022) !== 0;
}

/** Paths of a kubeconfig are relative to the file that names them. */
export function beside(file: string, path: string): string {
  return isAbsolute(path) ? path : join(dirname(file), path);
}

export function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function reasonOf(error: unknown): string {
  return oneLine(error instanceof Error ? error.message : String(error));
}

/** True for whatever can be read like a file, a pipe of the shell too; what may not be looked at is left to the reading. */
export function exists(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() === false;
  } catch {
    return true;
  }
}
