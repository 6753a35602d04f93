import { Chalk, type ChalkInstance } from 'chalk';

/** What a command may touch of the process: given once, at the edge. */
export interface CliContext {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Somebody sits at stdin and can answer what a login program asks. */
  readonly isInteractive: boolean;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** Monotonic milliseconds, for durations. */
  readonly monotonicMs: () => number;
  /** The name under which the program was called: `aiops` or `kubectl aiops`. */
  readonly program: string;
}

export type ColorChoice = 'auto' | 'always' | 'never';

/** Colours for stdout. chalk looks at the terminal only, so NO_COLOR, TERM=dumb and pipes are judged here. */
export function colors(context: CliContext, choice: ColorChoice = 'auto'): ChalkInstance {
  return new Chalk({ level: choice === 'always' || (choice === 'auto' && wantsColor(context)) ? 1 : 0 });
}

function wantsColor({ env, stdout }: CliContext): boolean {
  if (env.NO_COLOR !== undefined && env.NO_COLOR !== '') return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '' && env.FORCE_COLOR !== '0') return true;
  return stdout.isTTY === true && env.TERM !== 'dumb';
}

/** Columns to write to: those of the terminal between 40 and 120, 80 without one. */
export function widthOf({ env, stdout }: CliContext): number {
  const columns = stdout.columns ?? (Number(env.COLUMNS) || 80);
  return Math.min(Math.max(columns, 40), 120);
}
