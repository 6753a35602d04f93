import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { cut, oneLine, parseTime, printable } from '../../domain/index.ts';
import type { ClusterConfig } from './config.ts';
import { beside, isFields, isSharedFile, type Fields } from './config-files.ts';
import { ConfigFailure } from './errors.ts';
import { lastWords, runGuarded, type GuardContext, type Program } from './exec-guard.ts';

/** What an exec plugin hands out. */
export interface PluginCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  /** ms since the epoch; absent: until it is refused. */
  readonly expiresAt?: number;
}

export interface PluginContext extends GuardContext {
  readonly env: NodeJS.ProcessEnv;
  readonly isTty: boolean;
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Keys of ours are no business of a cloud's login program. */
const OUR_SECRETS = /^(?:AIOPS|ANTHROPIC|CLAUDE|SLACK|GITHUB|GH)_/i;

interface Plugin extends Program {
  /** As written in the kubeconfig. */
  readonly command: string;
  readonly apiVersion: string;
  readonly hint: string;
}

/** Runs the exec plugin of the kubeconfig once. Throws ConfigFailure. */
export async function runExecPlugin(config: ClusterConfig, context: PluginContext): Promise<PluginCredential> {
  const plugin = pluginOf(config, context);
  const failed = (reason: string, cause?: unknown) => failure(plugin, reason, cause);
  const run = await runGuarded(plugin, context, failed);
  if (run.code !== 0) {
    const said = lastWords(run.stderr);
    throw failed(
      `ended with ${run.code === null ? `signal ${run.signal}` : `exit code ${run.code}`}${said && `: ${said}`}`,
    );
  }
  return credentialOf(run.stdout, plugin.apiVersion, failed);
}

function failure(plugin: Pick<Plugin, 'command' | 'hint'>, reason: string, cause?: unknown): ConfigFailure {
  return new ConfigFailure(
    `exec plugin "${oneLine(plugin.command)}" ${reason}${plugin.hint && ` – ${plugin.hint}`}`,
    cause === undefined ? undefined : { cause },
  );
}

function pluginOf(config: ClusterConfig, context: PluginContext): Plugin {
  const exec = config.user.exec as Fields;
  const where = `kubeconfig ${config.userFile}: user "${oneLine(config.user.name)}"`;
  const { command, apiVersion } = exec;
  if (typeof command !== 'string' || command === '') throw new ConfigFailure(`${where}: exec.command is missing`);
  if (typeof apiVersion !== 'string' || !VERSIONS.includes(apiVersion))
    throw new ConfigFailure(
      `${where}: exec.apiVersion is ${oneLine(String(apiVersion))}, which is not supported: it must be ${VERSIONS.join(' or ')}; update the plugin`,
    );
  const hint = typeof exec.installHint === 'string' ? cut(printable(exec.installHint).trim(), 1024) : '';
  const isInteractive = interactive(exec.interactiveMode, context.isTty, () =>
    failure({ command, hint }, 'needs a terminal (interactiveMode: Always) and there is none'),
  );
  const args = Array.isArray(exec.args) ? exec.args.map(String) : [];
  return {
    command,
    file: executable(command, config.userFile, context.env, hint),
    args,
    apiVersion,
    env: pluginEnv(exec, config, context.env, apiVersion, isInteractive),
    isInteractive,
    hint,
  };
}

function interactive(mode: unknown, isTty: boolean, refused: () => Error): boolean {
  if (mode === 'Always' && !isTty) throw refused();
  return mode !== 'Never' && isTty;
}

/** Never found by way of the working directory: a path is relative to its kubeconfig, a bare name is looked up in PATH. */
function executable(command: string, kubeconfig: string, env: NodeJS.ProcessEnv, hint: string): string {
  if (/[/\\]/.test(command)) {
    const file = beside(kubeconfig, command);
    if (!isAbsolute(command) && isSharedFile(kubeconfig))
      throw failure({ command, hint: '' }, `is not run: ${kubeconfig} can be written by other users (chmod go-w)`);
    if (!isExecutable(file)) throw failure({ command, hint }, `cannot be run: ${file} is not an executable file`);
    return file;
  }
  const endings = process.platform === 'win32' ? ['.exe', '.com', ''] : [''];
  for (const folder of (env.PATH ?? '').split(delimiter)) {
    if (!isAbsolute(folder)) continue;
    const found = endings.map((ending) => join(folder, command + ending)).find(isExecutable);
    if (found !== undefined) return found;
  }
  throw failure({ command, hint }, 'was not found on PATH: install it, or add its folder to PATH');
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function pluginEnv(
  exec: Fields,
  config: ClusterConfig,
  own: NodeJS.ProcessEnv,
  apiVersion: string,
  isInteractive: boolean,
): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = {};
  for (const [name, value] of Object.entries(own)) if (!OUR_SECRETS.test(name)) env[name] = value;
  for (const pair of Array.isArray(exec.env) ? (exec.env as unknown[]) : [])
    if (isFields(pair) && typeof pair.name === 'string')
      env[pair.name] = typeof pair.value === 'string' ? pair.value : '';
  const cluster = exec.provideClusterInfo === true ? { cluster: clusterInfo(config) } : {};
  env.KUBERNETES_EXEC_INFO = JSON.stringify({
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: isInteractive, ...cluster },
  });
  return env;
}

function clusterInfo({ cluster, execExtension }: ClusterConfig): Fields {
  const ca = cluster.caData ?? (cluster.caFile && readFileSync(cluster.caFile).toString('base64'));
  return {
    server: cluster.server,
    ...(cluster.tlsServerName && { 'tls-server-name': cluster.tlsServerName }),
    ...(cluster.skipTLSVerify && { 'insecure-skip-tls-verify': true }),
    ...(ca && { 'certificate-authority-data': ca }),
    ...(cluster.proxyUrl && { 'proxy-url': cluster.proxyUrl }),
    ...(execExtension !== undefined && { config: execExtension }),
  };
}

function credentialOf(stdout: string, apiVersion: string, failed: (reason: string) => Error): PluginCredential {
  let answer: unknown;
  try {
    answer = JSON.parse(stdout);
  } catch {
    // What it wrote may be the credential itself: it is not quoted.
    throw failed('did not write an ExecCredential (its output is not JSON)');
  }
  if (!isFields(answer) || answer.kind !== 'ExecCredential')
    throw failed('did not write an ExecCredential (another kind of object)');
  if (answer.apiVersion !== apiVersion)
    throw failed(
      `answered in ${oneLine(String(answer.apiVersion))} and the kubeconfig asks for ${apiVersion}: make both the same`,
    );
  const status = isFields(answer.status) ? answer.status : {};
  const text = (name: string) => {
    const value = status[name];
    return typeof value === 'string' && value !== '' ? value : undefined;
  };
  const token = text('token');
  const cert = text('clientCertificateData');
  const key = text('clientKeyData');
  if (token === undefined && cert === undefined) throw failed('gave neither a token nor a client certificate');
  if ((cert === undefined) !== (key === undefined))
    throw failed('gave a client certificate without its key, or a key alone');
  const expiresAt = parseTime(text('expirationTimestamp'));
  return {
    ...(token !== undefined && { token }),
    ...(cert !== undefined && key !== undefined && { cert, key }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
}
