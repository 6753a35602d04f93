import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { describe, expect, it } from 'vitest';
import { kindsRead } from '../../src/diagnosis/index.ts';
import { kindInfo } from '../../src/domain/index.ts';

interface Role {
  readonly kind: string;
  readonly rules: readonly { readonly apiGroups: string[]; readonly resources: string[]; readonly verbs: string[] }[];
}

const { kind, rules } = parse(readFileSync('deploy/k8s/rbac-reader.yaml', 'utf8')) as Role;
const granted = new Set(
  rules.flatMap((r) => r.apiGroups.flatMap((g) => r.resources.map((resource) => `${g}/${resource}`))),
);

describe('the role of the reader', () => {
  it('covers every kind that is read, but Secrets', () => {
    expect(kind).toBe('ClusterRole');
    const missing = kindsRead.filter((k) => !granted.has(`${kindInfo(k).group}/${kindInfo(k).resource}`));
    expect(missing).toEqual(['Secret']);
    expect(granted).toContain('/pods/log');
  });

  it('holds no verb that changes anything, no wildcard, no Secrets and no way into a pod', () => {
    for (const { apiGroups, resources, verbs } of rules) {
      expect(verbs.filter((v) => !['get', 'list', 'watch'].includes(v))).toEqual([]);
      expect([...apiGroups, ...resources, ...verbs]).not.toContain('*');
      expect(resources.filter((r) => r === 'secrets' || /exec|\/attach|proxy|portforward|token/.test(r))).toEqual([]);
    }
  });
});
