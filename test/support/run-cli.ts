import { PassThrough } from 'node:stream';
import type { CliContext } from '../../src/cli/context.ts';
import { run } from '../../src/cli/program.ts';

export interface CliResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

export interface CliOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly columns?: number;
  readonly isTTY?: boolean;
  readonly signal?: AbortSignal;
  readonly program?: string;
}

/** Runs one command line in this process, as a user without any configuration. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliResult> {
  const texts = { stdout: '', stderr: '' };
  const stream = (name: 'stdout' | 'stderr') => {
    const s = new PassThrough() as PassThrough & { isTTY?: boolean; columns?: number };
    s.on('data', (chunk: Buffer) => (texts[name] += chunk.toString()));
    if (options.isTTY === true) s.isTTY = true;
    if (options.columns !== undefined) s.columns = options.columns;
    return s;
  };
  const context: CliContext = {
    env: { HOME: '/nonexistent', KUBECONFIG: '/nonexistent/config', PATH: process.env.PATH, ...options.env },
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    isInteractive: false,
    signal: options.signal ?? new AbortController().signal,
    monotonicMs: () => performance.now(),
    program: options.program ?? 'aiops',
  };
  const code = await run(args, context);
  // Streams hand over what was written on the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  return { code, ...texts };
}
