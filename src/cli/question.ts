import { distance } from 'fastest-levenshtein';
import type { ClusterSource, ClusterView } from '../cluster/index.ts';
import type { Investigation, Question } from '../diagnosis/index.ts';
import { isKind, isReady, kindInfo, listed, nearest, refText, type LabelSelector, type Pod } from '../domain/index.ts';
import { checkName } from './cluster-options.ts';
import { UserError } from './errors.ts';
import type { Subject } from './subject.ts';

/** A question whose name was completed from the cluster, and how it was understood. */
export interface Completed {
  readonly question: Question;
  readonly note: string;
}

/** The question behind the words of a command line. */
export async function questionOf(
  source: ClusterSource,
  subject: Subject,
  namespace: string | undefined,
  labels: LabelSelector | undefined,
): Promise<Question> {
  const selector = labels === undefined ? {} : { selector: labels };
  const scope = namespace === undefined ? {} : { namespace };
  if (subject.kind === 'cluster') return selector;
  if (subject.kind === 'everything') return { ...scope, ...selector };
  if (subject.kind === 'Namespace') {
    const name = subject.name ?? namespace;
    if (name !== undefined) checkName('namespace', name);
    return { ...(name !== undefined && { namespace: name }), ...selector };
  }
  if (subject.name === undefined)
    return { ...(subject.isClusterScoped ? {} : scope), ...selector, targetKind: subject.kind };
  checkName(subject.kind.toLowerCase(), subject.name);
  if (subject.isClusterScoped) return { target: { kind: subject.kind, name: subject.name } };
  const named = { kind: subject.kind, name: subject.name };
  const inNamespace = namespace ?? (await onlyNamespaceOf(source, named));
  return { namespace: inNamespace, target: { ...named, namespace: inNamespace } };
}

type Named = Pick<Exclude<Subject, { kind: 'everything' | 'cluster' }>, 'kind'> & { readonly name: string };

/** A recording has no current namespace, and -A names none: the object's own, when only one has that name. */
async function onlyNamespaceOf(source: ClusterSource, { kind, name }: Named): Promise<string> {
  const found = new Set<string>();
  const names: string[] = [];
  try {
    for await (const page of source.list(kind, {}))
      for (const { metadata } of page) {
        names.push(metadata.name ?? '');
        if (metadata.name === name || (kind === 'Pod' && metadata.name?.startsWith(name) === true))
          found.add(metadata.namespace ?? '');
      }
  } catch (error) {
    // A recording of some namespaces answers with those that it holds.
    if (names.length === 0) throw error;
  }
  const [first] = found;
  if (found.size > 1)
    throw new UserError(`${kind.toLowerCase()} ${name} exists in ${[...found].join(', ')}`, 'say which one with -n');
  if (first === undefined) throw notFound(kind, undefined, name, names);
  return first;
}

/**
 * For reading, the beginning of a pod's name will do; an unhealthy pod is preferred. Undefined unless a pod was asked
 * about that does not exist; throws when nothing is called nearly so.
 */
export async function completedName(
  source: ClusterSource,
  { namespace = '', target }: Question,
  view: ClusterView,
): Promise<Completed | undefined> {
  if (target?.kind !== 'Pod' || view.find('Pod', namespace, target.name).state !== 'absent') return undefined;
  const pods: Pod[] = [];
  for await (const page of source.list('Pod', { namespace })) pods.push(...page);
  const matching = pods.filter((p) => p.metadata.name?.startsWith(target.name) === true);
  const name = (matching.find((p) => !isReady(p)) ?? matching[0])?.metadata.name;
  if (name === undefined) {
    await namespaceMustExist(source, namespace);
    throw notFound(
      'Pod',
      namespace,
      target.name,
      pods.map((p) => p.metadata.name ?? ''),
    );
  }
  const of = matching.length === 1 ? '' : `, one of ${matching.length} whose names begin with ${target.name}`;
  return { question: { namespace, target: { ...target, name } }, note: `looking at pod/${name}${of}` };
}

/** Throws when the namespace is known not to exist; what cannot be told passes. */
export async function namespaceMustExist(source: ClusterSource, namespace: string): Promise<void> {
  const names: string[] = [];
  try {
    if (await source.get('Namespace', undefined, namespace)) return;
    for await (const page of source.list('Namespace', {})) names.push(...page.map((n) => n.metadata.name ?? ''));
  } catch {
    // Who may not see namespaces cannot be told about them.
    return;
  }
  throw notFound('Namespace', undefined, namespace, names);
}

/** Throws when what was asked about is not there: nothing found wrong with nothing is no good news. */
export function mustExist({ target, targetKind, selector, namespace }: Question, found: Investigation): void {
  const { view, targets } = found;
  if (namespace !== undefined && view.find('Namespace', undefined, namespace).state === 'absent')
    throw notFound(
      'Namespace',
      undefined,
      namespace,
      view.all('Namespace').map((n) => n.metadata.name ?? ''),
    );
  nothingRead(view, namespace, target ? isKind(target.kind) && kindInfo(target.kind).namespaced : true);
  if (target && isKind(target.kind)) {
    const lookup = view.find(target.kind, target.namespace, target.name);
    if (lookup.state === 'unknown') throw new UserError(`diagnose ${refText(target)}: ${lookup.why}`);
    if (lookup.state === 'absent')
      throw notFound(
        target.kind,
        target.namespace,
        target.name,
        view.inNamespace(target.kind, target.namespace).map((o) => o.metadata.name ?? ''),
      );
  }
  if (targets?.length !== 0) return;
  const where = namespace === undefined ? 'the cluster' : `namespace ${namespace}`;
  const what = targetKind === undefined ? 'nothing' : `no ${kindInfo(targetKind).resource}`;
  const kind = targetKind === undefined ? 'all' : kindInfo(targetKind).resource;
  if (targetKind !== undefined && !view.isComplete(targetKind, namespace))
    throw new UserError(`${kind} of ${where} could not be read: ${whyUnread(found, targetKind)}`);
  throw new UserError(
    `there ${targetKind === undefined ? 'is' : 'are'} ${what} in ${where}${selector ? ' that carries these labels' : ''}`,
    `see what exists: kubectl get ${kind}${namespace === undefined ? ' -A' : ` -n ${namespace}`}${selector ? ' --show-labels' : ''}`,
  );
}

/** Throws when of the objects that live in namespaces nothing could be read at all. */
export function nothingRead(view: ClusterView, namespace: string | undefined, isNamespaced: boolean): void {
  const isOfNamespaces = ({ kind }: { kind: string }) => isKind(kind) && kindInfo(kind).namespaced;
  if (!isNamespaced || view.facts.complete.some(isOfNamespaces) || view.facts.objects.some(isOfNamespaces)) return;
  const why = view.unseen.find((u) => u.kind === 'Pod') ?? view.unseen[0];
  throw new UserError(
    `nothing could be read of ${namespace === undefined ? 'the cluster' : `namespace ${namespace}`}: ${why?.detail ?? 'there was no answer'}`,
    why?.reason === 'forbidden'
      ? 'look at a namespace that this account may read with -n, or bind the ClusterRole of deploy/k8s/rbac-reader.yaml to it'
      : 'aiops config check tells more',
  );
}

function whyUnread({ view }: Investigation, kind: string): string {
  return view.unseen.find((u) => u.kind === kind)?.detail ?? 'they were not read';
}

function notFound(kind: string, namespace: string | undefined, name: string, names: readonly string[]): UserError {
  const near = nearest(name, names) ?? (name.length > 2 ? names.find((n) => n.includes(name)) : undefined);
  const where = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const scope = namespace === undefined ? '' : ` -n ${namespace}`;
  const next =
    near !== undefined
      ? `did you mean ${near}?`
      : names.length > 0
        ? `there ${names.length === 1 ? 'is' : 'are'} ${listed(byNearness(name, names), 6)}`
        : `see what exists: kubectl get ${kindWord(kind)}${scope}`;
  return new UserError(`${kind.toLowerCase()} ${name} not found${where}`, next);
}

function byNearness(name: string, names: readonly string[]): readonly string[] {
  const far = new Map(names.map((n) => [n, distance(name, n)]));
  return [...far.keys()].toSorted((a, b) => (far.get(a) ?? 0) - (far.get(b) ?? 0) || (a < b ? -1 : 1));
}

function kindWord(kind: string): string {
  return isKind(kind) ? kindInfo(kind).resource : kind.toLowerCase();
}
