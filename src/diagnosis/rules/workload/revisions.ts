import type { ClusterView } from '../../../cluster/index.ts';
import {
  refOf,
  type Container,
  type Deployment,
  type Evidence,
  type ObjectRef,
  type PodSpec,
  type ReplicaSet,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';

/** A ReplicaSet of a Deployment and the number of its revision. */
export interface Revision {
  readonly set: ReplicaSet;
  readonly number: number;
  readonly ready: number;
}

const REVISION = '.metadata.annotations.deployment\\.kubernetes\\.io/revision';

/** The revisions of a Deployment, the newest first. */
export function revisionsOf(view: ClusterView, deployment: Deployment): readonly Revision[] {
  return view
    .children(refOf(deployment))
    .flatMap((child) => {
      if (child.kind !== 'ReplicaSet') return [];
      const set = child as ReplicaSet;
      const number = Number(set.metadata.annotations?.['deployment.kubernetes.io/revision']);
      return Number.isInteger(number) ? [{ set, number, ready: set.status?.readyReplicas ?? 0 }] : [];
    })
    .sort((a, b) => b.number - a.number);
}

/** The number of a revision and, where it has any, its Ready pods. */
export function revisionEvidence({ set, ready }: Revision): readonly Evidence[] {
  return [field(set, REVISION), ...(ready > 0 ? [field(set, '.status.readyReplicas')] : [])];
}

/** What a newer template changed, e.g. `image of web (example.com/web:1 to example.com/web:2)`; no other values. */
export function differences(from: ReplicaSet, to: ReplicaSet): readonly string[] {
  const [a, b] = [from.spec?.template?.spec, to.spec?.template?.spec];
  return a && b ? [...podDifferences(a, b)] : [];
}

function* podDifferences(a: PodSpec, b: PodSpec): Generator<string> {
  for (const list of ['initContainers', 'containers'] as const) {
    const before = new Map((a[list] ?? []).map((c) => [c.name, c]));
    for (const c of b[list] ?? []) {
      const old = before.get(c.name);
      before.delete(c.name);
      if (!old) yield `new container ${c.name}`;
      else yield* containerDifferences(old, c);
    }
    for (const name of before.keys()) yield `container ${name} removed`;
  }
  for (const key of [
    'volumes',
    'nodeSelector',
    'affinity',
    'tolerations',
    'securityContext',
    'serviceAccountName',
  ] as const)
    if (!same(a[key], b[key])) yield key;
}

function* containerDifferences(a: Container, b: Container): Generator<string> {
  if (a.image !== b.image) yield `image of ${b.name} (${a.image ?? 'none'} to ${b.image ?? 'none'})`;
  for (const key of CONTAINER_FIELDS) if (!same(a[key], b[key])) yield `${key} of ${b.name}`;
}

const CONTAINER_FIELDS = [
  'command',
  'args',
  'env',
  'envFrom',
  'resources',
  'ports',
  'volumeMounts',
  'startupProbe',
  'readinessProbe',
  'livenessProbe',
  'lifecycle',
  'securityContext',
] as const;

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a ?? null) === JSON.stringify(b ?? null);
}

/** The images of both revisions where they differ. */
export function imageEvidence(from: ReplicaSet, to: ReplicaSet): readonly Evidence[] {
  for (const c of to.spec?.template?.spec?.containers ?? []) {
    const old = from.spec?.template?.spec?.containers.find((o) => o.name === c.name);
    const path = `.spec.template.spec.containers[?(@.name=="${c.name}")].image`;
    if (old && old.image !== c.image) return [field(from, path), field(to, path)];
  }
  return [];
}

/** `kubectl rollout undo …` to a revision that is known to work. */
export function undoCommand({ kind, namespace, name }: ObjectRef, toRevision?: number): string {
  const to = toRevision === undefined ? '' : ` --to-revision=${toRevision}`;
  return `kubectl rollout undo ${kind.toLowerCase()}/${name} -n ${namespace ?? ''}${to}`;
}
