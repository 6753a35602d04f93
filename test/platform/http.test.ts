import { describe, expect, it } from 'vitest';
import { retryAfterMs, retrying, sleep, type Attempt, type RetryPolicy } from '../../src/platform/index.ts';

/** A clock that only sleeping moves. */
function policy(more: Partial<RetryPolicy> = {}): RetryPolicy & { readonly waits: number[] } {
  let now = 0;
  const waits: number[] = [];
  return {
    tries: 4,
    firstWaitMs: 100,
    until: 10_000,
    clock: () => now,
    sleep: (ms) => {
      waits.push(ms);
      now += ms;
      return Promise.resolve();
    },
    random: () => 1,
    waits,
    ...more,
  };
}

const always =
  <T>(attempt: Attempt<T>) =>
  () =>
    Promise.resolve(attempt);

describe('trying again', () => {
  it('waits twice as long each time, half of it by chance', async () => {
    const longest = policy();
    expect(await retrying(longest, always({ again: 'busy' }))).toBe('busy');
    expect(longest.waits).toEqual([100, 200, 400]);
    const shortest = policy({ random: () => 0 });
    await retrying(shortest, always({ again: 'busy' }));
    expect(shortest.waits).toEqual([50, 100, 200]);
  });

  it('ends with the first success', async () => {
    const attempts: Attempt<string>[] = [{ again: new Error('reset') }, { done: 'answer' }];
    const used = policy();
    expect(await retrying(used, () => Promise.resolve(attempts.shift() ?? { done: 'one too many' }))).toBe('answer');
    expect(used.waits).toHaveLength(1);
  });

  it('throws the last error when there is no answer', async () => {
    await expect(retrying(policy(), always({ again: new Error('reset') }))).rejects.toThrow('reset');
  });

  it('waits at least as long as it was asked to, not all at the same moment', async () => {
    const asked = policy({ tries: 2 });
    await retrying(asked, always({ again: 'busy', waitMs: 2000 }));
    expect(asked.waits).toEqual([2200]);
    const least = policy({ tries: 2, random: () => 0 });
    await retrying(least, always({ again: 'busy', waitMs: 2000 }));
    expect(least.waits).toEqual([2000]);
  });

  it('does not begin a wait that ends too late', async () => {
    const hurried = policy({ until: 1000 });
    expect(await retrying(hurried, always({ again: 'busy', waitMs: 3_600_000 }))).toBe('busy');
    expect(hurried.waits).toEqual([]);
  });
});

describe('Retry-After', () => {
  const now = Date.UTC(2030, 0, 1);
  it.each([
    ['2', 2000],
    [' 0 ', 0],
    ['Tue, 01 Jan 2030 00:00:05 GMT', 5000],
    ['Mon, 31 Dec 2029 23:59:00 GMT', 0],
    ['soon', undefined],
    ['-1e99', undefined],
    [undefined, undefined],
  ])('%j is %j ms', (header, ms) => {
    expect(retryAfterMs(header, now)).toBe(ms);
  });
});

describe('sleeping', () => {
  it('ends with the reason of its signal', async () => {
    const controller = new AbortController();
    const sleeping = sleep(3_600_000, controller.signal);
    controller.abort(new Error('closed'));
    await expect(sleeping).rejects.toThrow('closed');
    await expect(sleep(0, controller.signal)).rejects.toThrow('closed');
    await expect(sleep(0)).resolves.toBeUndefined();
  });
});
