import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  cpuMillicores,
  formatBytes,
  formatMillicores,
  formatQuantity,
  formatRequest,
  memoryBytes,
  parseQuantity,
  promValue,
} from '../../src/domain/index.ts';

describe('quantities', () => {
  it.each([
    ['-5m', -5_000_000n],
    ['+.5', 500_000_000n],
    ['1.', 1_000_000_000n],
    ['3.001n', 4n],
    ['-3.001n', -4n],
    ['1e100', 10n ** 109n],
    ['1e-100', 1n],
    ['1E', 10n ** 27n],
    ['1E3', 10n ** 12n],
    ['16Ei', ((1n << 63n) - 1n) * 10n ** 9n],
    ['9223372036854775807Ki', ((1n << 63n) - 1n) * 10n ** 9n],
    [0.1, 100_000_000n],
    [1e21, 10n ** 30n],
    [`1.${'0'.repeat(62)}`, 1_000_000_000n],
  ])('reads %s', (text, nanos) => {
    expect(parseQuantity(text)).toBe(nanos);
  });

  it.each([
    '',
    '.',
    '-',
    ' 1',
    '1 ',
    '1e',
    '1K',
    '1MB',
    '0x10',
    '1_000',
    '1,5',
    'NaN',
    'Inf',
    '1e3Ki',
    '1e1.5',
    '١',
    '1ki',
    '+-1',
  ])('refuses %j', (text) => {
    expect(parseQuantity(text)).toBeUndefined();
  });

  it('refuses what is too long or too large to be meant, at once', () => {
    expect(parseQuantity('1'.repeat(65))).toBeUndefined();
    expect(parseQuantity('1e101')).toBeUndefined();
    expect(parseQuantity('1e-101')).toBeUndefined();
    expect(parseQuantity('1e999999999999')).toBeUndefined();
    expect(parseQuantity('1e00000000000000000000000000003')).toBe(10n ** 12n);
  });

  it('rounds bytes and millicores up', () => {
    expect(memoryBytes('1.5')).toBe(2);
    expect(cpuMillicores('1.0001')).toBe(1001);
    expect(cpuMillicores('2.007')).toBe(2007);
  });

  it('writes amounts for people and for manifests', () => {
    expect(formatBytes(134_217_728)).toBe('128Mi');
    expect(formatMillicores(2000)).toBe('2');
    expect(formatQuantity('requests.cpu', 1_500_000_000n)).toBe('1500m');
    expect(formatRequest('cpu', 2_000_000_000n)).toBe('2000m');
    expect(formatRequest('cpu', 1n)).toBe('1m');
    expect(formatRequest('memory', 10n ** 9n)).toBe('1Mi');
    expect(formatRequest('memory', (2048n << 20n) * 10n ** 9n)).toBe('2048Mi');
  });

  it('reads back what it writes for a manifest, never less', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 24n }),
        fc.constantFrom('cpu' as const, 'memory' as const),
        (n, kind) => {
          const written = formatRequest(kind, n);
          const back = parseQuantity(written) ?? -1n;
          expect(back).toBeGreaterThanOrEqual(n);
          expect(formatRequest(kind, back)).toBe(written);
        },
      ),
    );
  });
});

describe('samples as Prometheus writes them', () => {
  it.each([
    ['0.08000000000000303', 'cpu', 80_000_000],
    ['0.0000000005', 'cpu', 1],
    ['0.00000000049', 'cpu', 0],
    ['8.5e-05', 'cpu', 85_000],
    ['123456.5', 'memory', 123_457],
    ['123456.49999', 'memory', 123_456],
    ['1.2582912e+08', 'memory', 125_829_120],
    ['-0', 'cpu', 0],
    ['5.', 'memory', 5],
    ['9007199254740991', 'memory', Number.MAX_SAFE_INTEGER],
  ] as const)('takes %s of %s as %d', (text, kind, value) => {
    expect(promValue(text, kind)).toBe(value);
  });

  it.each([
    'NaN',
    '+Inf',
    '-Inf',
    '-1',
    '-0.5',
    '-1e-9',
    '',
    '-',
    '.',
    'e5',
    '1e999',
    '9007199254740992',
    '<html>',
    '0x1',
  ])('takes %j for no sample', (text) => {
    expect(promValue(text, 'memory')).toBeUndefined();
  });

  it('gives the same for a plain text and for its exponent form', () => {
    fc.assert(
      fc.property(fc.nat(), fc.integer({ min: 0, max: 99_999_999 }), (whole, tail) => {
        const fraction = String(tail).padStart(8, '0');
        expect(promValue(`${whole}.${fraction}`, 'cpu')).toBe(promValue(`${whole}${fraction}e-8`, 'cpu'));
      }),
    );
  });
});
