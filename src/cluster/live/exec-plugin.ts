import { spawn, type ChildProcess } from 'node:child_process';
import { accessSync, constants, readFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { cut, oneLine, parseTime, printable, redactLines } from '../../domain/index.ts';
import { seconds } from '../../platform/index.ts';
import { beside, isFields, isSharedFile, reasonOf, type ClusterConfig, type Fields } from './config.ts';
import { ConfigFailure } from './errors.ts';

/** What an exec plugin hands out. */
export interface PluginCredential {
  readonly token?: string;
  readonly cert?: string;
  readonly key?: string;
  /** ms since the epoch; absent: until it is refused. */
  readonly expiresAt?: number;
}

export interface PluginContext {
  readonly env: NodeJS.ProcessEnv;
  readonly isTty: boolean;
  /** Shows what the plugin says to the person at the terminal. */
  readonly warn: (text: string) => void;
  readonly signal?: AbortSignal;
  readonly timeouts?: PluginTimeouts;
}

export interface PluginTimeouts {
  readonly silentMs: number;
  readonly interactiveMs: number;
  /** Between the polite and the final signal. */
  readonly graceMs: number;
}

const TIMEOUTS: PluginTimeouts = { silentMs: 30_000, interactiveMs: 120_000, graceMs: 30_000 };
const MAX_OUTPUT_BYTES = 1024 * 1024;
/** What a program that was started in the background may still write after the plugin has ended. */
const DRAIN_MS = 500;
const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];
/** Keys of ours are no business of a cloud's login program. */
const OUR_SECRETS = /^(?:AIOPS|ANTHROPIC|CLAUDE|SLACK|GITHUB|GH)_/i;

interface Plugin {
  /** As written in the kubeconfig. */
  readonly command: string;
  readonly file: string;
  readonly args: readonly string[];
  readonly apiVersion: string;
  readonly env: NodeJS.ProcessEnv;
  readonly isInteractive: boolean;
  readonly hint: string;
}

/** Runs the exec plugin of the kubeconfig once. Throws ConfigFailure. */
export async function runExecPlugin(config: ClusterConfig, context: PluginContext): Promise<PluginCredential> {
  const plugin = pluginOf(config, context);
  const run = await runGuarded(plugin, context);
  const failed = (reason: string) => failure(plugin, reason);
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

interface Run {
  readonly code: number | null;
  readonly signal: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The plugin's end, its overrun or its flood of output, whichever comes first. Unless it talks to the terminal it has a
 * process group of its own, so that nothing it started outlives a kill.
 */
function runGuarded(plugin: Plugin, context: PluginContext): Promise<Run> {
  const limits = context.timeouts ?? TIMEOUTS;
  const timeoutMs = plugin.isInteractive ? limits.interactiveMs : limits.silentMs;
  const ownGroup = !plugin.isInteractive && process.platform !== 'win32';
  return new Promise((resolve, reject) => {
    const child = spawn(plugin.file, plugin.args, {
      env: plugin.env,
      stdio: [plugin.isInteractive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      detached: ownGroup,
      windowsHide: true,
    });
    const guard = guardGroup(child, ownGroup, limits.graceMs);
    const timer = setTimeout(() => {
      stop(`gave no answer within ${seconds(timeoutMs)}`);
    }, timeoutMs);
    const onAbort = () => {
      stop(`was stopped: ${reasonOf(context.signal?.reason)}`);
    };
    context.signal?.addEventListener('abort', onAbort);
    const done = () => {
      clearTimeout(timer);
      context.signal?.removeEventListener('abort', onAbort);
    };
    const stop = (reason: string) => {
      done();
      guard.end();
      const said = lastWords(stderr.text());
      reject(failure(plugin, `${reason}${said && `: ${said}`}`));
    };
    const tooMuch = () => {
      stop('wrote more than 1 MiB');
    };
    const stdout = collect(child.stdout, tooMuch);
    const stderr = collect(child.stderr, tooMuch, plugin.isInteractive ? context.warn : undefined);
    child.once('error', (error) => {
      done();
      guard.release();
      reject(failure(plugin, `cannot be run: ${reasonOf(error)}`, error));
    });
    child.once('exit', (code, signal) => {
      done();
      // Its output may be held open by a program that it left behind: do not wait for that one.
      void Promise.race([Promise.all([stdout.ended, stderr.ended]), shortly(DRAIN_MS)]).then(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        resolve({ code, signal: signal ?? '', stdout: stdout.text(), stderr: stderr.text() });
      });
    });
    if (context.signal?.aborted === true) onAbort();
  });
}

function shortly(ms: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms);
  });
}

/** Sees to it that a plugin ends: asked, then killed, and killed at once when we end ourselves. */
function guardGroup(child: ChildProcess, ownGroup: boolean, graceMs: number) {
  const kill = (signal: NodeJS.Signals) => {
    if (child.pid === undefined) return;
    try {
      process.kill(ownGroup ? -child.pid : child.pid, signal);
    } catch {
      // Gone already.
    }
  };
  const killNow = () => {
    kill('SIGKILL');
  };
  // A signal to us does not reach another process group, and ends us without an exit event where nobody handles it.
  const signals = (['SIGINT', 'SIGTERM', 'SIGHUP'] as const).map((name) => {
    const isHandled = process.listenerCount(name) > 0;
    const listener = () => {
      killNow();
      release();
      if (!isHandled) process.kill(process.pid, name);
    };
    return { name, listener };
  });
  process.once('exit', killNow);
  if (ownGroup) for (const { name, listener } of signals) process.on(name, listener);
  let final: NodeJS.Timeout | undefined;
  const release = () => {
    clearTimeout(final);
    process.off('exit', killNow);
    for (const { name, listener } of signals) process.off(name, listener);
  };
  const end = () => {
    kill('SIGINT');
    child.stdout?.destroy();
    child.stderr?.destroy();
    child.unref();
    // Nobody waits for it any longer.
    final = setTimeout(killNow, graceMs).unref();
  };
  child.once('exit', () => {
    // What it started and left behind goes with it, but only where it was made to end.
    if (final) killNow();
    release();
  });
  return { end, release };
}

/** Keeps what a stream says, up to the cap; `show` gets it as it comes, cleaned of control bytes. */
function collect(stream: NodeJS.ReadableStream | null, tooMuch: () => void, show?: (text: string) => void) {
  const decoder = new StringDecoder('utf8');
  let text = '';
  let size = 0;
  let isFull = false;
  const ended = new Promise<void>((resolve) => {
    if (!stream) {
      resolve();
      return;
    }
    stream
      .on('data', (chunk: Buffer) => {
        if (isFull) return;
        size += chunk.length;
        if (size > MAX_OUTPUT_BYTES) {
          isFull = true;
          tooMuch();
          return;
        }
        const piece = decoder.write(chunk);
        text += piece;
        if (piece.trim() !== '') show?.(printable(piece).trimEnd());
      })
      .on('close', resolve)
      .on('error', () => {
        resolve();
      });
  });
  return { ended, text: () => text };
}

/** The last lines of what a program complained about, fit to be shown. */
function lastWords(stderr: string): string {
  const lines = redactLines(stderr.trim().split('\n').slice(-20));
  return oneLine(lines.slice(-3).join(' '), 500);
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
