import { oneLine, printable } from '../domain/index.ts';

/** An error that a person can mend: what failed, on what, why – and what to try. */
export class UserError extends Error {
  override readonly name: string = 'UserError';
  constructor(
    message: string,
    readonly next?: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** Wrong words on the command line. */
export class UsageError extends UserError {
  override readonly name = 'UsageError';
}

/** The chain of messages of an error and its causes, outermost first, without repetitions. */
function chain(error: unknown): readonly string[] {
  const messages: string[] = [];
  for (let at: unknown = error; at instanceof Error && messages.length < 6; at = at.cause) {
    if (!messages.some((m) => m.includes(at.message))) messages.push(at.message);
    // A failed read says it all, in words for people.
    if (at.name === 'ReadFailure') break;
  }
  return messages.length > 0 ? messages : [String(error)];
}

/** What stderr shows of an error; the stack only when asked for. */
export function errorText(error: unknown, env: Readonly<Record<string, string | undefined>>): string {
  const lines = [
    `error: ${chain(error)
      .map((m) => oneLine(m, 1000))
      .join(': ')}`,
  ];
  const next = error instanceof Error && 'next' in error && typeof error.next === 'string' ? error.next : undefined;
  if (next !== undefined) lines.push(`  ${printable(next)}`);
  if (env.AIOPS_DEBUG === '1' && error instanceof Error && error.stack !== undefined)
    lines.push(printable(error.stack));
  return `${lines.join('\n')}\n`;
}
