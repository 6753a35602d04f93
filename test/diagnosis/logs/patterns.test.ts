import { describe, expect, it } from 'vitest';
import { matchLog, patterns } from '../../../src/diagnosis/logs/index.ts';
import { harmlessLines, realLines } from './real-lines.ts';

const table = Object.entries(realLines).flatMap(([id, lines]) => lines.map((line) => [id, line] as const));

describe('the library of wordings', () => {
  it('has a real line for each wording and no wording twice', () => {
    const ids = patterns.map((p) => p.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Object.keys(realLines).toSorted()).toEqual(ids.toSorted());
  });

  it.each(table)('%s: %s', (id, text) => {
    expect(matchLog(text.split('\n'))?.pattern.id).toBe(id);
  });

  it.each(harmlessLines)('sees no cause in: %s', (line) => {
    expect(matchLog([line])?.pattern.id).toBeUndefined();
  });

  it('repeats nothing without a bound, so that hostile lines cost no more than others', () => {
    for (const { id, find, unless } of patterns)
      for (const source of [find.source, unless?.source ?? '']) {
        const bare = source.replace(/\\./g, '_').replace(/\[[^\]]*\]/g, '_');
        expect(bare, id).not.toMatch(/[*+]|\{\d+,\}/);
      }
  });

  it('gets through hostile lines', () => {
    const pieces = [
      ' ',
      '/',
      'a',
      'A_',
      'a.',
      '1.',
      ':',
      '"',
      '(',
      'lookup a',
      'open /',
      'dial tcp ',
      '://a:1',
      'a-',
      '\t',
    ];
    for (const piece of pieces) {
      const line = piece.repeat(Math.ceil(2048 / piece.length));
      expect(matchLog(Array.from({ length: 128 }, (_, i) => `${line}${String(i)}`))?.rule).toBeUndefined();
    }
  });
});
