import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { count, cut, listed, nearest, oneLine, printable } from '../../src/domain/index.ts';

describe('printable', () => {
  it('makes visible what would move the cursor, colour the screen or hide', () => {
    expect(printable('a\u001b[31mb\u0007\r\u202ec\u200bd\u{e0041}')).toBe(
      'a\\u{1b}[31mb\\u{7}\\u{d}\\u{202e}c\\u{200b}d\\u{e0041}',
    );
  });

  it('leaves ordinary text of any script alone, with newlines and tabs', () => {
    const text = 'Grüße\n\t你好 – ü ✖';
    expect(printable(text)).toBe(text);
  });

  it('never lets a control character through, and changes nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 50 }), (text) => {
        const shown = printable(text);
        expect(shown.replace(/[\n\t]/g, '')).not.toMatch(
          /[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200b-\u200f]/,
        );
        expect(printable(shown)).toBe(shown);
      }),
    );
  });
});

describe('nearest', () => {
  it.each([
    ['checkout-dbs', ['checkout-db', 'checkout'], 'checkout-db'],
    ['pay-setings', ['pay-settings', 'other'], 'pay-settings'],
    ['clam', ['calm', 'pram'], 'calm'],
    ['web', ['api', 'db'], undefined],
    ['web', ['web'], undefined],
    ['ab', ['xy'], undefined],
    ['app-1', ['app-3', 'app-2'], 'app-2'],
  ])('%s among %j is %s', (name, candidates, expected) => {
    expect(nearest(name, candidates)).toBe(expected);
  });
});

describe('short texts', () => {
  it('count and list things as people do', () => {
    expect([count(1, 'pod'), count(0, 'pod'), count(2, 'ingress', 'ingresses')]).toEqual([
      '1 pod',
      '0 pods',
      '2 ingresses',
    ]);
    expect([listed([]), listed(['a']), listed(['a', 'b']), listed(['a', 'b', 'c', 'd'])]).toEqual([
      '',
      'a',
      'a and b',
      'a, b, c and 1 more',
    ]);
  });

  it('are one line, and say what was cut', () => {
    expect(oneLine(' a\n b\t c ')).toBe('a b c');
    expect(oneLine('x'.repeat(400), 10)).toBe('xxxxxxxxx…');
    expect(cut('x'.repeat(12), 10)).toBe('xxxxxxxxxx… cut, 2 bytes omitted');
  });
});
