import { confidences, groupOf, parseTime, refKey, severities } from '../domain/index.ts';
import type { FoldedFinding } from './fold.ts';

/** Groups that speak of what is written in a spec or missing: these explain what runs, not the other way round. */
const SPEC_GROUPS = new Set([
  'config',
  'image',
  'scheduling',
  'storage',
  'quota',
  'rbac',
  'service',
  'ingress',
  'webhook',
  'node',
  'dns',
  'network',
  'tls',
]);

export interface Ranked {
  readonly findings: readonly FoldedFinding[];
  /** Those that touch the path of the question. */
  readonly onPath: ReadonlySet<FoldedFinding>;
}

/**
 * Severity, then confidence (a hint never outranks a certain cause of its severity), earliest onset, spec before runtime,
 * wider reach, id. `path` is the set of object keys that belong to the question.
 */
export function rank(findings: readonly FoldedFinding[], path: ReadonlySet<string> | undefined): Ranked {
  const ranked = findings.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
      onset(a) - onset(b) ||
      Number(SPEC_GROUPS.has(groupOf(b.rule))) - Number(SPEC_GROUPS.has(groupOf(a.rule))) ||
      b.consequences.length - a.consequences.length ||
      (a.fingerprint < b.fingerprint ? -1 : 1),
  );
  return { findings: ranked, onPath: new Set(path ? ranked.filter((f) => touches(f, path)) : ranked) };
}

function onset(f: FoldedFinding): number {
  return parseTime(f.since) ?? Infinity;
}

function touches(f: FoldedFinding, path: ReadonlySet<string>): boolean {
  return [f.subject, ...f.objects, ...f.consequences.map((c) => c.object)].some((r) => path.has(refKey(r)));
}
