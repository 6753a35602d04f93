import type { ClusterView } from '../cluster/index.ts';
import { kindInfo, refKey, type Finding, type Kind, type ObjectRef, type Unseen } from '../domain/index.ts';
import { fold, type FoldedFinding } from './fold.ts';
import { related } from './related.ts';
import { rank, refsOf, touches } from './rank.ts';
import type { Rule } from './rule.ts';
import { rules as allRules } from './rules/index.ts';
import { defaultSettings, type Settings } from './settings.ts';

/** What one run concluded: root causes, the most important first, and what could not be judged. */
export interface Diagnosis {
  readonly findings: readonly FoldedFinding[];
  /** Findings that lie off the path of the question, ranked alike. */
  readonly alsoSeen: readonly FoldedFinding[];
  /** What could not be read and which conclusions are therefore missing. */
  readonly unseen: readonly Unseen[];
  /** True when everything that is needed for an all-clear was read; Secrets are excepted, the shipped reader may not read them. */
  readonly isComplete: boolean;
  /** Objects that were looked at, by kind. */
  readonly checked: Readonly<Partial<Record<Kind, number>>>;
  /** Workloads and Services without a finding. */
  readonly healthy: readonly ObjectRef[];
  /** The time at which the facts were judged; ms since the epoch. */
  readonly at: number;
}

export interface DiagnoseOptions {
  readonly settings?: Settings;
  /** The objects that were asked about; absent: everything. */
  readonly targets?: readonly ObjectRef[];
  /** The namespace that was asked about; what was read beyond it counts only where it reaches into it. */
  readonly namespace?: string;
  readonly rules?: readonly Rule[];
}

/** What the rules see in a view, before folding: one entry per object and cause. */
export function recognise(
  view: ClusterView,
  options: DiagnoseOptions = {},
): { findings: readonly Finding[]; unseen: readonly Unseen[] } {
  const context = { view, settings: options.settings ?? defaultSettings, now: view.at };
  const findings: Finding[] = [];
  const unseen: Unseen[] = [];
  for (const rule of options.rules ?? allRules) {
    try {
      for (const draft of rule.check(context))
        findings.push({ rule: rule.id, severity: rule.severity, confidence: rule.confidence, ...draft });
    } catch (error) {
      // One rule that stumbles over an object must not hide what the others see.
      unseen.push({
        what: `rule ${rule.id}`,
        reason: 'failed',
        detail: error instanceof Error ? error.message : String(error),
      });
    }
  }
  return { findings, unseen };
}

/** The whole way from a view to ranked root causes. Pure: the same view gives the same diagnosis in the same order. */
export function diagnose(view: ClusterView, options: DiagnoseOptions = {}): Diagnosis {
  const { findings, unseen } = recognise(view, options);
  const paths = options.targets?.map((target) => related(view, target));
  const { namespace } = options;
  const ranked = rank(fold(view, findings)).filter((f) => namespace === undefined || reaches(f, namespace));
  const isOnPath = (f: FoldedFinding) =>
    paths ? paths.some((path) => touches(f, path)) : namespace === undefined || isWithin(f, namespace);
  const missing = [...view.unseen, ...unseen];
  return {
    findings: ranked.filter(isOnPath),
    alsoSeen: ranked.filter((f) => !isOnPath(f)),
    unseen: missing,
    isComplete: missing.every(isExcepted),
    checked: Object.fromEntries(countKinds(view, namespace)),
    healthy: healthyObjects(view, ranked, namespace).filter(
      (r) => !paths || paths.some((path) => path.core.has(refKey(r))),
    ),
    at: view.at,
  };
}

/** Secrets may not be read by the shipped reader, and what is not installed has no faults. */
function isExcepted(u: Unseen): boolean {
  return (
    u.reason === 'absent' ||
    (u.kind === 'Secret' && u.reason === 'forbidden') ||
    u.kind === 'PodMetrics' ||
    u.kind === 'NodeMetrics'
  );
}

function* countKinds(view: ClusterView, namespace: string | undefined): Generator<[Kind, number]> {
  for (const kind of [
    'Node',
    'Pod',
    'Deployment',
    'StatefulSet',
    'DaemonSet',
    'Job',
    'CronJob',
    'Service',
    'Ingress',
    'PersistentVolumeClaim',
    'HorizontalPodAutoscaler',
  ] as const) {
    const isScoped = namespace !== undefined && kindInfo(kind).namespaced;
    const n = (isScoped ? view.inNamespace(kind, namespace) : view.all(kind)).length;
    if (n > 0) yield [kind, n];
  }
}

function healthyObjects(
  view: ClusterView,
  findings: readonly FoldedFinding[],
  namespace: string | undefined,
): readonly ObjectRef[] {
  const ill = new Set<string>();
  const key = (r: ObjectRef) => `${r.kind}/${r.namespace ?? ''}/${r.name}`;
  for (const f of findings) {
    if (f.severity === 'info') continue;
    for (const r of [f.subject, ...f.objects, ...f.consequences.map((c) => c.object)]) ill.add(key(r));
  }
  return (['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Service', 'Ingress'] as const)
    .flatMap((kind) =>
      view.all(kind).map((o): ObjectRef => ({
        kind,
        ...(o.metadata.namespace !== undefined && { namespace: o.metadata.namespace }),
        name: o.metadata.name ?? '',
      })),
    )
    .filter((r) => (namespace === undefined || r.namespace === namespace) && !ill.has(key(r)));
}

/** It is about the namespace: an object of it is the root or suffers. */
function isWithin(f: FoldedFinding, namespace: string): boolean {
  return refsOf(f).some((r) => r.namespace === namespace || (r.kind === 'Namespace' && r.name === namespace));
}

/** It may matter to the namespace: within it, or about an object that belongs to no namespace. */
function reaches(f: FoldedFinding, namespace: string): boolean {
  return isWithin(f, namespace) || (f.subject.namespace === undefined && f.subject.kind !== 'Namespace');
}
