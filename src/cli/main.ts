import { basename } from 'node:path';
import type { CliContext } from './context.ts';
import { version } from './version.ts';

/** The process: streams, signals and the exit code. Everything else is loaded when it is needed. */
export async function main(): Promise<void> {
  const args = process.argv.slice(2);
  // The most frequent question of scripts must not pay for the command tree.
  if (args.length === 1 && (args[0] === '--version' || args[0] === '-V')) {
    process.stdout.write(`${version}\n`);
    return;
  }
  const { run } = await import('./program.ts');
  const interrupt = new AbortController();
  const stop = () => {
    // The second Ctrl-C does not wait for anybody.
    if (interrupt.signal.aborted) process.exit(130);
    interrupt.abort();
  };
  process.on('SIGINT', stop);
  process.on('SIGTERM', stop);
  // `aiops … | head` closes the pipe early: that is no fault, and no reason to answer 0 where there are findings.
  for (const stream of [process.stdout, process.stderr])
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  process.exitCode = await run(args, contextOf(interrupt.signal));
  process.off('SIGINT', stop);
  process.off('SIGTERM', stop);
  // What was interrupted has a moment to clean up; a wait that nothing else can end does not hold the process.
  if (interrupt.signal.aborted) setTimeout(() => process.exit(), 500).unref();
}

function contextOf(signal: AbortSignal): CliContext {
  const { env, stdout, stderr, argv } = process;
  return {
    env,
    stdout,
    stderr,
    isInteractive: process.stdin.isTTY && stderr.isTTY,
    signal,
    monotonicMs: () => performance.now(),
    program: basename(argv[1] ?? '').startsWith('kubectl-') ? 'kubectl aiops' : 'aiops',
  };
}
