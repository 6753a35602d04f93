import { confidences, groupOf, parseTime, refKey, severities, type ObjectRef } from '../domain/index.ts';
import type { FoldedFinding } from './fold.ts';
import type { Path } from './related.ts';

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

/**
 * Severity, then confidence (a hint never outranks a certain cause of its severity), earliest onset, spec before runtime,
 * wider reach, id.
 */
export function rank(findings: readonly FoldedFinding[]): readonly FoldedFinding[] {
  return findings.toSorted(
    (a, b) =>
      severities.indexOf(a.severity) - severities.indexOf(b.severity) ||
      confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
      onset(a) - onset(b) ||
      Number(SPEC_GROUPS.has(groupOf(b.rule))) - Number(SPEC_GROUPS.has(groupOf(a.rule))) ||
      b.consequences.length - a.consequences.length ||
      (a.fingerprint < b.fingerprint ? -1 : 1),
  );
}

/** Infinity - Infinity is no order: an unknown onset is simply late. */
function onset(f: FoldedFinding): number {
  return parseTime(f.since) ?? Number.MAX_SAFE_INTEGER;
}

/** Every object that a finding speaks of. */
export function refsOf(f: FoldedFinding): readonly ObjectRef[] {
  return [f.subject, ...f.objects, ...f.consequences.map((c) => c.object)];
}

/**
 * True when it concerns the question: its root lies on the path, or it hits the object in question. A neighbour that
 * shares an Ingress with it does neither.
 */
export function touches(f: FoldedFinding, { core, all }: Path): boolean {
  const has = (keys: ReadonlySet<string>) => (r: ObjectRef) => keys.has(refKey(r));
  return [f.subject, ...f.objects].some(has(all)) || f.consequences.some((c) => has(core)(c.object));
}
