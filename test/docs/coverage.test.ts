import { describe, expect, it } from 'vitest';
import { coverageMarkdown, rules } from '../../src/diagnosis/index.ts';
import { expectGolden } from '../support/golden.ts';

describe('docs/coverage.md', () => {
  it('says what the rules say', () => {
    expectGolden('docs/coverage.md', coverageMarkdown(rules));
  });

  it('counts every id once', () => {
    const ids = rules.map((r) => r.id);
    expect(new Set(ids).size).toBe(ids.length);
  });
});
