import { describe, expect, it } from 'vitest';
import {
  formatDuration,
  matchesLabels,
  matchesSelector,
  parseDuration,
  parseTime,
  selectorText,
} from '../../src/domain/index.ts';
import { parseSelector } from '../../src/cli/selector.ts';

describe('time', () => {
  it("takes the API server's ways of saying never for unknown, not for now", () => {
    expect([
      parseTime(undefined),
      parseTime(null),
      parseTime('0001-01-01T00:00:00Z'),
      parseTime('1970-01-01T00:00:00Z'),
      parseTime('soon'),
    ]).toEqual(Array.from({ length: 5 }, () => undefined));
    expect(parseTime('2026-06-01T12:00:00Z')).toBe(Date.UTC(2026, 5, 1, 12));
  });

  it('prints ages as kubectl does', () => {
    expect([0, 119, 150, 600, 3 * 3600 - 1, 47 * 3600, 3 * 86400].map((s) => formatDuration(s * 1000))).toEqual([
      '0s',
      '119s',
      '2m30s',
      '10m',
      '179m',
      '47h',
      '3d',
    ]);
  });

  it('reads durations', () => {
    expect([
      parseDuration('90s'),
      parseDuration('1d12h'),
      parseDuration('500ms'),
      parseDuration('1.5h'),
      parseDuration('5'),
      parseDuration('h'),
    ]).toEqual([90_000, 129_600_000, 500, 5_400_000, undefined, undefined]);
  });
});

describe('selectors', () => {
  const labels = { app: 'web', tier: 'front', version: '3' };

  it('an empty map selects nothing, an empty label selector everything, an absent one nothing', () => {
    expect(matchesLabels({}, labels)).toBe(false);
    expect(matchesSelector({}, labels)).toBe(true);
    expect(matchesSelector(undefined, labels)).toBe(false);
  });

  it.each([
    ['app=web', true],
    ['app==web,tier!=back', true],
    ['app in (web,api)', true],
    ['app notin (web,api)', false],
    ['tier', true],
    ['!tier', false],
    ['app=web,tier=back', false],
  ])('%s is %s', (text, expected) => {
    expect(matchesSelector(parseSelector(text), labels)).toBe(expected);
  });

  it('are written as kubectl -l takes them', () => {
    expect(
      selectorText({
        matchLabels: { app: 'web' },
        matchExpressions: [{ key: 'tier', operator: 'In', values: ['a', 'b'] }],
      }),
    ).toBe('app=web,tier in (a,b)');
    expect(selectorText({ app: 'web', tier: 'x' })).toBe('app=web,tier=x');
  });
});
