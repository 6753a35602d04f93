import type { ReadProgress } from '../cluster/index.ts';
import type { CliContext } from './context.ts';

export interface ProgressLine {
  readonly update: (progress: ReadProgress) => void;
  readonly done: () => void;
}

/** One line on stderr for reads that take longer than a second; nothing where stderr is not a terminal. */
export function progressLine({ stderr, monotonicMs, env }: CliContext): ProgressLine {
  if (stderr.isTTY !== true || env.TERM === 'dumb' || env.CI !== undefined)
    return { update: () => undefined, done: () => undefined };
  const start = monotonicMs();
  const counts = new Map<string, number>();
  let drawnAt = 0;
  return {
    update: ({ kind, objects }) => {
      counts.set(kind, objects);
      const now = monotonicMs();
      if (now - start < 1000 || now - drawnAt < 100) return;
      drawnAt = now;
      const total = [...counts.values()].reduce((a, b) => a + b, 0);
      stderr.write(`\r\x1b[Kreading ${kind.toLowerCase()}s: ${total} objects`);
    },
    done: () => {
      if (drawnAt > 0) stderr.write('\r\x1b[K');
    },
  };
}
