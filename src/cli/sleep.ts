import { setTimeout as wait } from 'node:timers/promises';

/** Waits; ends early with an AbortError when the signal says so. */
export async function sleep(ms: number, signal: AbortSignal): Promise<void> {
  await wait(ms, undefined, { signal });
}
