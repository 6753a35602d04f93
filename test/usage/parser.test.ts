import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { promValue } from '../../src/domain/index.ts';
import { AnswerParser, NotAnAnswer } from '../../src/usage/prometheus/parser.ts';
import { matrix, success, vector } from '../support/fake-prometheus.ts';

interface Kept {
  readonly metric: Readonly<Record<string, string>>;
  readonly points: readonly (readonly [number, number])[];
}

function parse(text: string, unit: 'cpu' | 'memory' = 'cpu', pieces = text.length) {
  const rows: Kept[] = [];
  const parser = new AnswerParser(
    (t) => promValue(t, unit),
    unit === 'cpu' ? 9 : 0,
    ({ metric, count, times, values }) =>
      rows.push({ metric, points: Array.from({ length: count }, (_, i) => [times[i]!, values[i]!] as const) }),
  );
  const bytes = Buffer.from(text);
  for (let at = 0; at < bytes.length; at += pieces) parser.write(bytes.subarray(at, at + pieces));
  return { rows, head: parser.end() };
}

const row = (...values: [number, string][]) => matrix([{ metric: { pod: 'web-1' }, values }]);

describe('reading an answer of Prometheus', () => {
  it('rounds the decimal text half up to whole nanocores, so that noise costs nothing', () => {
    const { rows } = parse(row([1, '0.08000000000000303'], [2, '0.0000000005'], [3, '0.00000000049999'], [4, '7']));
    expect(rows[0]?.points.map(([, v]) => v)).toEqual([80_000_000, 1, 0, 7_000_000_000]);
  });

  it('counts values that are no sample, and keeps the others', () => {
    const { rows, head } = parse(row([1, 'NaN'], [2, '+Inf'], [3, '-1'], [4, '0.5'], [5, 'many'], [6, '-0']));
    expect(rows[0]?.points).toEqual([
      [4000, 500_000_000],
      [6000, 0],
    ]);
    expect(head.rejected).toBe(4);
  });

  it('reads exponents and fractions of seconds', () => {
    const { rows } = parse(row([1700000000.123, '1.2582912e+08'], [1700000300, '134217728']), 'memory');
    expect(rows[0]?.points).toEqual([
      [1700000000123, 125829120],
      [1700000300000, 134217728],
    ]);
  });

  it('reads instant answers, warnings and labels with escapes', () => {
    const { rows, head } = parse(
      vector([{ metric: { pod: 'a"b\\c', note: 'é' }, value: [5, '2'] }], { warnings: ['store \u001b[2J is away'] }),
      'memory',
    );
    expect(rows).toEqual([{ metric: { pod: 'a"b\\c', note: 'é' }, points: [[5000, 2]] }]);
    expect(head).toMatchObject({ status: 'success', resultType: 'vector', warnings: ['store \\u{1b}[2J is away'] });
  });

  it('skips what it does not know, wherever it stands', () => {
    const odd = success(
      {
        resultType: 'matrix',
        stats: { a: [{ metric: { x: 'y' }, values: [[1, '2']] }] },
        result: [{ values: [[1, '2']], histograms: [[1, { count: '3' }]], metric: { pod: 'p' } }],
      },
      { infos: ['x'] },
    );
    expect(parse(odd, 'memory').rows).toEqual([{ metric: { pod: 'p' }, points: [[1000, 2]] }]);
  });

  it.each([
    ['an HTML page', '<html><title>Sign in</title></html>'],
    ['nothing', ''],
    ['half an answer', row([1, '2']).slice(0, -20)],
    ['an array', '[1]'],
    ['two answers', row([1, '2']) + row([1, '2'])],
    ['deep nesting', `{"a":${'['.repeat(100)}`],
  ])('refuses %s', (_, text) => {
    expect(() => parse(text)).toThrow(NotAnAnswer);
  });

  it('does not care where the pieces of an answer end', () => {
    const number = fc.oneof(
      fc.double({ min: 0, max: 1e5, noNaN: true }).map(String),
      fc.bigInt({ min: 0n, max: 10n ** 18n }).map(String),
      fc.constantFrom('NaN', '+Inf', '-3', '1e-07', '0.1234567895', '99999999.9999999995'),
    );
    const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 2_000_000_000 }), number));
    fc.assert(
      fc.property(
        fc.array(values),
        fc.integer({ min: 1, max: 50 }),
        fc.constantFrom('cpu' as const, 'memory' as const),
        (rows, pieces, unit) => {
          const text = matrix(rows.map((v) => ({ metric: { pod: 'x' }, values: v })));
          const expected = rows.map((v) =>
            v.flatMap(([t, s]) => {
              const value = promValue(s, unit);
              return value === undefined ? [] : [[t * 1000, value]];
            }),
          );
          expect(parse(text, unit, pieces).rows.map((r) => r.points)).toEqual(expected);
        },
      ),
    );
  });
});
