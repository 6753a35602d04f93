import { describe, expect, it } from 'vitest';
import { jsonPath, jsonPathText, keyStep } from '../../src/domain/index.ts';

const pod = {
  metadata: { labels: { 'app.kubernetes.io/name': 'web' } },
  spec: { containers: [{ name: 'app', ports: [80, 81] }, { name: 'proxy' }] },
};

describe('jsonPath', () => {
  it.each([
    ['.spec.containers[0].name', 'app'],
    ['.spec.containers[?(@.name=="proxy")].name', 'proxy'],
    ['.spec.containers[?(@.name=="app")].ports[1]', 81],
    [`.metadata.labels${keyStep('app.kubernetes.io/name')}`, 'web'],
    [".metadata.labels['app.kubernetes.io/name']", 'web'],
    ['.spec.nothing.below', undefined],
    ['.spec.containers[?(@.name=="none")].name', undefined],
  ])('%s', (path, value) => {
    expect(jsonPath(pod, path)).toEqual(value);
  });

  it('refuses what is no path', () => {
    expect(() => jsonPath(pod, 'spec..x[')).toThrow('not a JSON path');
  });
});

describe('jsonPathText', () => {
  it('writes as kubectl does: text bare, nothing for null, maps with sorted keys, & < > escaped', () => {
    expect(jsonPathText('a & b')).toBe('a & b');
    expect(jsonPathText(null)).toBe('');
    expect(jsonPathText({ b: 1, a: { d: 2, c: 3 } })).toBe('{"a":{"c":3,"d":2},"b":1}');
    expect(jsonPathText(['a & b <c>'])).toBe('["a \\u0026 b \\u003cc\\u003e"]');
  });
});
