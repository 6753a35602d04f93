/**
 * How controllers name their pods. Series of dead pods have nothing but a name, so the workload of a pod of an older
 * revision is told by it.
 * Source: k8s.io/apimachinery/pkg/util/rand (the alphabet), k8s.io/apiserver/pkg/storage/names (five characters, and a
 * base that is cut when it is too long).
 */
const R = '[bcdfghjklmnpqrstvwxz2456789]';

/** Longer names are cut before the random part is added, so that no pattern finds them. */
export const MAX_PATTERN_NAME = 47;

const SUFFIX = {
  Deployment: `-${R}{1,10}-${R}{5}`,
  Rollout: `-${R}{1,10}-${R}{5}`,
  ReplicaSet: `-${R}{5}`,
  DaemonSet: `-${R}{5}`,
  Job: `-${R}{5}`,
  StatefulSet: '-[0-9]+',
  CronJob: `-[0-9]{8,10}-${R}{5}`,
  Pod: '',
} as const;

export type MakerKind = keyof typeof SUFFIX;

export const makerKinds = Object.keys(SUFFIX) as readonly MakerKind[];

export function isMakerKind(kind: string): kind is MakerKind {
  return kind in SUFFIX;
}

/** Kinds of one pattern, in one group: `(a|b)-suffix`. */
export function namePatterns(makers: Iterable<{ readonly kind: MakerKind; readonly name: string }>): string[] {
  const bySuffix = new Map<string, Set<string>>();
  for (const { kind, name } of makers) {
    const names = bySuffix.get(SUFFIX[kind]);
    if (names) names.add(name);
    else bySuffix.set(SUFFIX[kind], new Set([name]));
  }
  return [...bySuffix].map(([suffix, names]) => {
    const all = [...names].sort().map(escapeRegex);
    if (suffix === '') return all.join('|');
    return `${all.length === 1 ? (all[0] ?? '') : `(${all.join('|')})`}${suffix}`;
  });
}

const TAILS: readonly (readonly [RegExp, readonly MakerKind[]])[] = [
  [new RegExp(`^(.+)-[0-9]{8,10}-${R}{5}$`), ['CronJob']],
  [new RegExp(`^(.+)-${R}{1,10}-${R}{5}$`), ['Deployment', 'Rollout']],
  [new RegExp(`^(.+)-${R}{5}$`), ['ReplicaSet', 'DaemonSet', 'Job']],
  [/^(.+)-[0-9]+$/, ['StatefulSet']],
  [/^(.+)$/, ['Pod']],
];

/** Every controller that would give a pod this name. */
export function possibleMakers(pod: string): { readonly kind: MakerKind; readonly name: string }[] {
  return TAILS.flatMap(([tail, kinds]) => {
    const name = tail.exec(pod)?.[1];
    return name === undefined ? [] : kinds.map((kind) => ({ kind, name }));
  });
}

/** For RE2 and JavaScript alike. */
export function escapeRegex(name: string): string {
  return name.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
