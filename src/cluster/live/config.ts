import { readFileSync } from 'node:fs';
import { join } from 'node:path';
// The client's own reading of the entries; the rest of its KubeConfig loads every API model.
import {
  newClusters,
  newContexts,
  newUsers,
  type Cluster,
  type User,
} from '@kubernetes/client-node/dist/config_types.js';
import { distance } from 'fastest-levenshtein';
import { listed, oneLine } from '../../domain/index.ts';
import {
  beside,
  exists,
  findFiles,
  isFields,
  isSharedFile,
  merge,
  noConfigText,
  reasonOf,
  type Entry,
  type Fields,
  type FileOptions,
  type Merged,
} from './config-files.ts';
import { ConfigFailure } from './errors.ts';

/** One context of the kubeconfig, with everything that a connection needs. Paths are absolute. */
export interface ClusterConfig {
  readonly context: string;
  readonly namespace: string;
  readonly cluster: Cluster;
  readonly clusterFile: string;
  /** What an exec plugin is told about the cluster beyond the usual. */
  readonly execExtension?: unknown;
  readonly user: User;
  /** The user's entry as written. */
  readonly userFields: Fields;
  readonly userFile: string;
  readonly origin: 'kubeconfig' | 'service-account';
  /** What is good enough to read by, but not to change anything by. */
  readonly doubts: readonly string[];
}

export interface ConfigOptions extends FileOptions {
  readonly context?: string;
  /** Where a pod finds its service account. */
  readonly serviceAccountDir?: string;
}

const SERVICE_ACCOUNT_DIR = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * The context to use, from `--kubeconfig`, else the files of KUBECONFIG merged as kubectl does, else ~/.kube/config, else
 * the service account of the pod. Throws ConfigFailure.
 */
export function loadConfig(options: ConfigOptions): ClusterConfig {
  const found = findFiles(options);
  const merged = merge(found.files);
  if (merged.contexts.size === 0 && options.context === undefined) {
    const inPod = options.kubeconfig === undefined ? serviceAccount(options) : undefined;
    if (inPod) return inPod;
  }
  if (found.files.length === 0) throw new ConfigFailure(noConfigText(found.missing));
  const contextName = options.context ?? merged.currentContext;
  const context = contextNamed(merged, contextName, options.context !== undefined);
  const cluster = entryNamed(merged, 'clusters', String(context.cluster), contextName);
  const user = entryNamed(merged, 'users', context.user ?? '', contextName);
  const readable = clusterOf(cluster);
  return {
    context: contextName,
    namespace: context.namespace ?? 'default',
    cluster: readable,
    clusterFile: cluster.file,
    execExtension: execExtension(cluster.fields),
    user: userOf(user),
    userFields: inner(user, 'user'),
    userFile: user.file,
    origin: 'kubeconfig',
    doubts: [
      ...found.doubts,
      ...[...new Set([cluster.file, user.file])].flatMap(doubtsAboutFile),
      ...doubtsAboutConnection(readable),
    ],
  };
}

/** Names of all contexts, of the same files. Throws ConfigFailure. */
export function contextNames(options: FileOptions): readonly string[] {
  return [...merge(findFiles(options).files).contexts.keys()].map((name) => oneLine(name));
}

function contextNamed(
  merged: Merged,
  name: string,
  isExplicit: boolean,
): Fields & { user?: string; namespace?: string } {
  const known = [...merged.contexts.keys()];
  const where = listed(merged.files);
  const entry = merged.contexts.get(name);
  if (!entry) {
    const choice =
      known.length > 0
        ? `it has ${listed(byNearness(name, known), 10)}`
        : 'it has no context at all: is it the right file?';
    if (!isExplicit && name === '')
      throw new ConfigFailure(
        `kubeconfig ${where} has no current context: choose one with --context or \`kubectl config use-context\`; ${choice}`,
      );
    throw new ConfigFailure(`context "${oneLine(name)}" is not in kubeconfig ${where}: ${choice}`);
  }
  requireStrings(entry, 'context', ['cluster', 'user', 'namespace']);
  const [context] = converted(entry, () => newContexts([entry.fields]));
  return { ...context };
}

/** Most similar first: a person who mistyped one name finds it at the start. */
function byNearness(name: string, candidates: readonly string[]): string[] {
  const far = new Map(candidates.map((c) => [c, distance(name, c) - (c.includes(name) || name.includes(c) ? 100 : 0)]));
  return candidates
    .toSorted((a, b) => (far.get(a) ?? 0) - (far.get(b) ?? 0) || (a < b ? -1 : 1))
    .map((c) => oneLine(c));
}

function entryNamed(merged: Merged, section: 'clusters' | 'users', name: string, context: string): Entry {
  const entry = merged[section].get(name);
  if (entry) return entry;
  // A context without a user is anonymous.
  if (section === 'users' && name === '')
    return { file: merged.files[0] ?? '', name: '', fields: { name: '(none)', user: {} } };
  const what = section === 'clusters' ? 'cluster' : 'user';
  throw new ConfigFailure(
    `context "${oneLine(context)}" of kubeconfig ${listed(merged.files)} names the ${what} "${oneLine(name)}", ` +
      `which is not there: ${merged[section].size > 0 ? `it has ${listed(byNearness(name, [...merged[section].keys()]))}` : `it has no ${section}`}`,
  );
}

function clusterOf(entry: Entry): Cluster {
  requireStrings(entry, 'cluster', [
    'server',
    'certificate-authority',
    'certificate-authority-data',
    'tls-server-name',
    'proxy-url',
  ]);
  const [cluster] = converted(entry, () => newClusters([entry.fields]));
  if (!cluster) throw new ConfigFailure(`kubeconfig ${entry.file}: cluster ${entry.name} is empty`);
  if (!/^https?:\/\//.test(cluster.server) || !URL.canParse(cluster.server))
    throw new ConfigFailure(
      `kubeconfig ${entry.file}: the server of cluster "${oneLine(entry.name)}" is ${oneLine(cluster.server)}, not a http(s) URL`,
    );
  return { ...cluster, ...(cluster.caFile && { caFile: beside(entry.file, cluster.caFile) }) };
}

function userOf(entry: Entry): User {
  const fields = [
    'token',
    'tokenFile',
    'client-certificate',
    'client-certificate-data',
    'client-key',
    'client-key-data',
  ];
  requireStrings(entry, 'user', [...fields, 'username', 'password', 'as', 'as-uid']);
  // The client would read a file at once; token files are read when they are needed, and again when they change.
  const { 'token-file': _unread, ...user } = inner(entry, 'user');
  const [read] = converted(entry, () => newUsers([{ name: entry.name === '' ? '(none)' : entry.name, user }]));
  if (!read) throw new ConfigFailure(`kubeconfig ${entry.file}: user ${entry.name} is empty`);
  const { certFile, keyFile } = read;
  return {
    ...read,
    ...(certFile && { certFile: beside(entry.file, certFile) }),
    ...(keyFile && { keyFile: beside(entry.file, keyFile) }),
  };
}

function converted<T>(entry: Entry, convert: () => T[]): T[] {
  try {
    return convert();
  } catch (error) {
    const reason = reasonOf(error).replace(/^\w+\[0\]\.(\w+\.)?/, '');
    throw new ConfigFailure(`kubeconfig ${entry.file}: "${oneLine(entry.name)}": ${reason}`, { cause: error });
  }
}

/** YAML makes a number of an unquoted token: better told here than by a 401. */
function requireStrings(entry: Entry, part: string, names: readonly string[]): void {
  const fields = inner(entry, part);
  for (const name of names) {
    const value = fields[name];
    if (value === undefined || value === null || typeof value === 'string') continue;
    throw new ConfigFailure(
      `kubeconfig ${entry.file}: ${part}.${name} of "${oneLine(entry.name)}" is not a text: put it in quotes`,
    );
  }
}

function inner(entry: Entry, part: string): Fields {
  const fields = entry.fields[part];
  return isFields(fields) ? fields : {};
}

function execExtension(cluster: Fields): unknown {
  const list = (cluster.cluster as Fields | undefined)?.extensions;
  if (!Array.isArray(list)) return undefined;
  const found = (list as unknown[]).find((e) => isFields(e) && e.name === 'client.authentication.k8s.io/exec');
  return isFields(found) ? found.extension : undefined;
}

function serviceAccount({ env, serviceAccountDir = SERVICE_ACCOUNT_DIR }: ConfigOptions): ClusterConfig | undefined {
  const { KUBERNETES_SERVICE_HOST: host = '', KUBERNETES_SERVICE_PORT: port = '443' } = env;
  const tokenFile = join(serviceAccountDir, 'token');
  if (host === '' || !exists(tokenFile)) return undefined;
  const name = 'in-cluster';
  const namespaceFile = join(serviceAccountDir, 'namespace');
  const caFile = join(serviceAccountDir, 'ca.crt');
  return {
    context: name,
    namespace: exists(namespaceFile) ? readFileSync(namespaceFile, 'utf8').trim() || 'default' : 'default',
    cluster: {
      name,
      server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
      skipTLSVerify: false,
      ...(exists(caFile) && { caFile }),
    },
    clusterFile: serviceAccountDir,
    user: { name: 'service account of this pod' },
    userFields: { tokenFile },
    userFile: tokenFile,
    origin: 'service-account',
    doubts: [],
  };
}

function doubtsAboutConnection({ name, server, skipTLSVerify }: Cluster): string[] {
  if (server.startsWith('http:'))
    return [`${server} is not encrypted: everything that is read can be seen and changed on the way`];
  if (!skipTLSVerify) return [];
  return [
    `insecure-skip-tls-verify is set for cluster "${oneLine(name)}": whoever stands in between can pose as the API server`,
  ];
}

/** A file that others may write could name another server or a program to run. */
function doubtsAboutFile(file: string): string[] {
  return isSharedFile(file) ? [`${file} can be written by other users: run \`chmod go-w ${file}\``] : [];
}
