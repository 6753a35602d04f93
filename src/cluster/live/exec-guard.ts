import { spawn, type ChildProcess } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';
import { oneLine, printable, redactLines } from '../../domain/index.ts';
import { seconds } from '../../platform/index.ts';
import { reasonOf } from './config-files.ts';

/** A program to run, without a shell. */
export interface Program {
  readonly file: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  /** It may ask the person at the terminal. */
  readonly isInteractive: boolean;
}

export interface GuardContext {
  /** Shows what the program says to the person at the terminal. */
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
export interface Run {
  readonly code: number | null;
  readonly signal: string;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The plugin's end, its overrun or its flood of output, whichever comes first. Unless it talks to the terminal it has a
 * process group of its own, so that nothing it started outlives a kill.
 */
export function runGuarded(
  plugin: Program,
  context: GuardContext,
  failed: (reason: string, cause?: unknown) => Error,
): Promise<Run> {
  const limits = context.timeouts ?? TIMEOUTS;
  const timeoutMs = plugin.isInteractive ? limits.interactiveMs : limits.silentMs;
  const ownGroup = !plugin.isInteractive && process.platform !== 'win32';
  return new Promise((resolve, reject) => {
    // First, since a signal may come while the program is started.
    const guard = guardGroup(ownGroup, limits.graceMs);
    const child = spawn(plugin.file, plugin.args, {
      env: plugin.env,
      stdio: [plugin.isInteractive ? 'inherit' : 'ignore', 'pipe', 'pipe'],
      detached: ownGroup,
      windowsHide: true,
    });
    guard.watch(child);
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
      reject(failed(`${reason}${said && `: ${said}`}`));
    };
    const tooMuch = () => {
      stop('wrote more than 1 MiB');
    };
    const stdout = collect(child.stdout, tooMuch);
    const stderr = collect(child.stderr, tooMuch, plugin.isInteractive ? context.warn : undefined);
    child.once('error', (error) => {
      done();
      guard.release();
      reject(failed(`cannot be run: ${reasonOf(error)}`, error));
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
function guardGroup(ownGroup: boolean, graceMs: number) {
  let child: ChildProcess | undefined;
  const kill = (signal: NodeJS.Signals) => {
    if (child?.pid === undefined) return;
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
    child?.stdout?.destroy();
    child?.stderr?.destroy();
    child?.unref();
    // Nobody waits for it any longer.
    final = setTimeout(killNow, graceMs).unref();
  };
  const watch = (started: ChildProcess) => {
    child = started;
    child.once('exit', () => {
      // What it started and left behind goes with it, but only where it was made to end.
      if (final) killNow();
      release();
    });
  };
  return { watch, end, release };
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
export function lastWords(stderr: string): string {
  const lines = redactLines(stderr.trim().split('\n').slice(-20));
  return oneLine(lines.slice(-3).join(' '), 500);
}
