import type { ClusterView } from '../cluster/index.ts';
import {
  confidences,
  groupBy,
  groupOf,
  parseTime,
  refKey,
  severities,
  type Action,
  type CatalogueId,
  type Evidence,
  type Finding,
  type NonEmpty,
  type ObjectRef,
} from '../domain/index.ts';
import { canCause } from './causes.ts';
import { severityNow } from './severity.ts';

/** An object that suffers from a root cause, and how. */
export interface Affected {
  readonly object: ObjectRef;
  /** Title of its own finding; absent where the object is only named. */
  readonly title?: string;
  readonly rule?: CatalogueId;
}

/** One incident at its root: equal findings of one owner together, its consequences below it. */
export interface FoldedFinding extends Finding {
  /** Same finding, same name, across runs: rule, folded object and cause. */
  readonly fingerprint: string;
  /** The objects on which it was seen, by name; one for most. */
  readonly objects: NonEmpty<ObjectRef>;
  readonly consequences: readonly Affected[];
}

/** Evidence lines of a root and its consequences on the same object, at most. */
const MAX_EVIDENCE = 6;

/** Findings of one rule with one cause below one owner. */
interface Group {
  readonly home: ObjectRef;
  readonly finding: Finding;
  readonly objects: NonEmpty<ObjectRef>;
  readonly since: number;
  readonly causedBy: readonly ObjectRef[];
  readonly affects: readonly ObjectRef[];
  readonly causes: Set<Group>;
  readonly effects: Set<Group>;
}

/** Folds symptoms under their root causes; one entry per root, unranked. */
export function fold(view: ClusterView, findings: readonly Finding[]): readonly FoldedFinding[] {
  const groups = groupByOwner(view, findings);
  link(view, groups);
  return roots(groups).map((root) => foldedAt(root));
}

/** The object that a finding is printed at: the topmost owner of a pod, ReplicaSet or Job; any other object itself. */
function homeOf(view: ClusterView, subject: ObjectRef): ObjectRef {
  const object = view.resolve(subject);
  return object && ['Pod', 'ReplicaSet', 'Job'].includes(object.kind) ? view.workload(object) : subject;
}

function groupByOwner(view: ClusterView, findings: readonly Finding[]): readonly Group[] {
  const homes = new Map(findings.map((f) => [f, homeOf(view, f.subject)]));
  const keyOf = (f: Finding) => [f.rule, refKey(homes.get(f) ?? f.subject), f.container ?? '', f.causeKey].join('|');
  return [...groupBy(findings, keyOf).values()].map((members) => group(view, members, homes));
}

function group(view: ClusterView, members: readonly Finding[], homes: ReadonlyMap<Finding, ObjectRef>): Group {
  const [finding = never()] = members.toSorted(byTelling);
  const home = homes.get(finding) ?? finding.subject;
  const objects = unique(members.map((f) => f.subject)).toSorted((a, b) => (refKey(a) < refKey(b) ? -1 : 1));
  return {
    home,
    finding: { ...finding, severity: severityNow(view, finding, home) },
    objects: nonEmpty(objects, home),
    since: Math.min(...members.map((f) => parseTime(f.since) ?? Infinity)),
    causedBy: unique(members.flatMap((f) => f.causedBy ?? [])),
    affects: unique(members.flatMap((f) => f.affects ?? [])),
    causes: new Set(),
    effects: new Set(),
  };
}

/** The member that tells most speaks for all; by name where they tell the same. */
function byTelling(a: Finding, b: Finding): number {
  return (
    confidences.indexOf(a.confidence) - confidences.indexOf(b.confidence) ||
    b.evidence.length - a.evidence.length ||
    (refKey(a.subject) < refKey(b.subject) ? -1 : 1)
  );
}

function link(view: ClusterView, groups: readonly Group[]): void {
  const at = new Map<string, Set<Group>>();
  for (const g of groups)
    for (const r of [g.home, ...g.objects, ...g.affects]) {
      const key = refKey(r);
      at.set(key, (at.get(key) ?? new Set()).add(g));
    }
  for (const effect of groups) {
    const join = (cause: Group) => {
      if (cause === effect || !canCause(cause.finding.rule, effect.finding.rule)) return;
      effect.causes.add(cause);
      cause.effects.add(effect);
    };
    for (const cause of at.get(refKey(effect.home)) ?? [])
      if (sameContainer(cause, effect) && !isItsOutcome(cause, effect)) join(cause);
    for (const r of effect.causedBy)
      for (const key of new Set([refKey(r), refKey(homeOf(view, r))]))
        for (const cause of at.get(key) ?? []) join(cause);
  }
}

/** Groups that tell how a workload fares as a whole. */
const OUTCOMES = new Set(['workload', 'job', 'hpa', 'pdb']);

/** How a workload fares explains other workloads' pods (a driver that is down), never its own: those explain it. */
function isItsOutcome(cause: Group, effect: Group): boolean {
  return effect.finding.subject.kind === 'Pod' && OUTCOMES.has(groupOf(cause.finding.rule));
}

/** Two containers of one pod have separate causes. */
function sameContainer(a: Group, b: Group): boolean {
  return (
    a.finding.container === undefined ||
    b.finding.container === undefined ||
    a.finding.container === b.finding.container
  );
}

/** Groups without a cause; in a ring, which has none, the earliest onset. */
function roots(groups: readonly Group[]): readonly Group[] {
  const found = groups.filter((g) => g.causes.size === 0);
  const reached = new Set(found.flatMap((g) => [...below(g)]));
  for (;;) {
    const ring = groups
      .filter((g) => !reached.has(g))
      .toSorted((a, b) => order(a.since, b.since) || (keyOf(a) < keyOf(b) ? -1 : 1));
    const [first] = ring;
    if (!first) return found;
    found.push(first);
    for (const g of below(first)) reached.add(g);
  }
}

/** Infinity, an unknown onset, is late and equal to itself. */
function order(a: number, b: number): number {
  return a === b ? 0 : a < b ? -1 : 1;
}

function keyOf(g: Group): string {
  return `${g.finding.rule}|${refKey(g.home)}|${g.finding.container ?? ''}|${g.finding.causeKey}`;
}

/** A group and everything that follows from it, nearest first. */
function below(root: Group): ReadonlySet<Group> {
  const seen = new Set([root]);
  for (const g of seen) for (const effect of g.effects) seen.add(effect);
  return seen;
}

function foldedAt(root: Group): FoldedFinding {
  const effects = [...below(root)].slice(1);
  const { finding, home, objects } = root;
  const onset = Math.min(root.since, ...effects.filter((e) => isSameObject(e, root)).map((e) => e.since));
  const { affects: _, causedBy: __, ...rest } = finding;
  return {
    ...rest,
    fingerprint: `${finding.rule}:${refKey(home)}:${finding.causeKey}`,
    subject: home,
    severity: worst([finding, ...effects.map((e) => e.finding)]),
    ...(Number.isFinite(onset) && { since: new Date(onset).toISOString() }),
    ...fixOf(root, effects),
    objects,
    evidence: evidenceOf(root, effects),
    consequences: consequencesOf(root, effects),
  };
}

/** The root's own fix, else that of a symptom of the same object: a rollback mends a bad release whatever broke it. */
function fixOf(root: Group, effects: readonly Group[]): { readonly fix?: Action } {
  const fix = root.finding.fix ?? effects.find((e) => isSameObject(e, root) && e.finding.fix)?.finding.fix;
  return fix ? { fix } : {};
}

function isSameObject(a: Group, b: Group): boolean {
  return refKey(a.home) === refKey(b.home);
}

function worst(findings: readonly Finding[]): Finding['severity'] {
  return severities.find((s) => findings.some((f) => f.severity === s)) ?? 'info';
}

/** The root's own lines, then those of symptoms on the same object that show something else. */
function evidenceOf(root: Group, effects: readonly Group[]): NonEmpty<Evidence> {
  const lines: [Evidence, ...Evidence[]] = [...root.finding.evidence];
  const seen = new Set(lines.map((e) => `${e.command}|${e.value}`));
  for (const line of effects.filter((e) => isSameObject(e, root)).flatMap((e) => e.finding.evidence)) {
    const key = `${line.command}|${line.value}`;
    if (lines.length >= MAX_EVIDENCE || seen.has(key)) continue;
    seen.add(key);
    lines.push(line);
  }
  return lines;
}

/** Every other object that suffers, each once; of several symptoms on one object the worst speaks, `is down` before its causes. */
function consequencesOf(root: Group, effects: readonly Group[]): readonly Affected[] {
  const own = new Set([refKey(root.home), ...root.objects.map(refKey)]);
  const affected = new Map<string, Affected>();
  const ordered = effects.toSorted(
    (a, b) =>
      severities.indexOf(a.finding.severity) - severities.indexOf(b.finding.severity) ||
      loudness(b.finding.rule) - loudness(a.finding.rule),
  );
  for (const e of ordered) {
    const key = refKey(e.home);
    // A symptom of the same pods is not another victim; what follows for their owner as a whole is.
    if (affected.has(key) || (own.has(key) && e.finding.subject.kind === root.finding.subject.kind)) continue;
    affected.set(key, { object: e.home, title: e.finding.title, rule: e.finding.rule });
  }
  for (const r of [...root.affects, ...effects.flatMap((e) => e.affects)])
    if (!affected.has(refKey(r)) && !own.has(refKey(r))) affected.set(refKey(r), { object: r });
  return [...affected.values()];
}

/** Of several symptoms of a workload these say most to a person. */
function loudness(rule: CatalogueId): number {
  return rule === 'workload/unavailable' ? 2 : rule === 'workload/bad-release' ? 1 : 0;
}

function unique(refs: readonly ObjectRef[]): readonly ObjectRef[] {
  return [...new Map(refs.map((r) => [refKey(r), r])).values()];
}

function nonEmpty<T>(items: readonly T[], otherwise: T): NonEmpty<T> {
  const [first = otherwise, ...rest] = items;
  return [first, ...rest];
}

function never(): never {
  throw new Error('a group has at least one finding');
}
