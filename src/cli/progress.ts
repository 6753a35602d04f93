import type { ReadProgress } from '../cluster/index.ts';
import { kindInfo } from '../domain/index.ts';
import type { CliContext } from './context.ts';

export interface ProgressLine {
  readonly update: (progress: ReadProgress) => void;
  readonly done: () => void;
}

/** Nothing is shown of what is quicker than this. ms */
const QUIET_MS = 1000;

/** One line on stderr for reads that take longer than a second; nothing where stderr is not a terminal. */
export function progressLine({ stderr, monotonicMs, env }: CliContext): ProgressLine {
  if (stderr.isTTY !== true || env.TERM === 'dumb' || env.CI !== undefined)
    return { update: () => undefined, done: () => undefined };
  const start = monotonicMs();
  const counts = new Map<string, number>();
  let latest = '';
  let isDrawn = false;
  const draw = () => {
    const total = [...counts.values()].reduce((a, b) => a + b, 0);
    const objects = total === 0 ? 'the cluster has not answered yet' : `${total} objects`;
    const seconds = Math.round((monotonicMs() - start) / 1000);
    // Short enough for any terminal: a line that wraps cannot be drawn over.
    stderr.write(`\r\x1b[Kreading${latest}: ${objects}, ${seconds}s`);
    isDrawn = true;
  };
  // By the clock and not by what arrives: a server that is silent is when a person wonders.
  const timer = setInterval(() => {
    if (monotonicMs() - start >= QUIET_MS) draw();
  }, 250);
  timer.unref();
  return {
    update: ({ kind, objects }) => {
      counts.set(kind, objects);
      latest = ` ${kindInfo(kind).resource}`;
    },
    done: () => {
      clearInterval(timer);
      if (isDrawn) stderr.write('\r\x1b[K');
      isDrawn = false;
    },
  };
}
