import {
  conditionOf,
  count,
  listed,
  matchesSelector,
  refOf,
  selectorText,
  type Evidence,
  type LabelSelector,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace, shellWord, shown } from '../../evidence.ts';
import { blocks, partsOf, pendingPods, type PendingPod } from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { base } from './common.ts';

interface Term {
  readonly labelSelector?: LabelSelector;
  readonly namespaces?: readonly string[];
  readonly namespaceSelector?: LabelSelector;
  readonly topologyKey: string;
}

/** Pods on nodes that a term selects; undefined when its namespaces could not be read. */
function selected(view: ClusterView, pod: Pod, term: Term): readonly Pod[] | undefined {
  const namespaces = namespacesOf(view, pod, term);
  if (!namespaces?.every((ns) => view.isComplete('Pod', ns))) return undefined;
  return namespaces
    .flatMap((ns) => view.podsBySelector(ns, term.labelSelector))
    .filter((other) => other.metadata.uid !== pod.metadata.uid && (other.spec?.nodeName ?? '') !== '');
}

function namespacesOf(view: ClusterView, pod: Pod, term: Term): readonly string[] | undefined {
  const named = term.namespaces ?? [];
  if (!term.namespaceSelector) return named.length > 0 ? named : [pod.metadata.namespace ?? ''];
  if (!view.isComplete('Namespace')) return undefined;
  const matching = view.all('Namespace').filter((ns) => matchesSelector(term.namespaceSelector, ns.metadata.labels));
  return [...new Set([...named, ...matching.map((ns) => ns.metadata.name ?? '')])];
}

function podsListed(pod: Pod, term: Term, value: string): Evidence {
  const selector = selectorText(term.labelSelector);
  const where = inNamespace((term.namespaces ?? [])[0] ?? pod.metadata.namespace);
  return shown(refOf(pod), `pods ${selector}`, value, `kubectl get pods${where} -l ${shellWord(selector)} -o wide`);
}

const AFFINITY = '.spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution';
const ANTI_AFFINITY = '.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution';

export const podAffinity: Rule = {
  id: 'scheduling/pod-affinity',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (!blocks(pending, 'pod-affinity')) continue;
      const terms = pending.pod.spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
      for (const [i, term] of terms.entries()) {
        const others = selected(view, pending.pod, term);
        if (others?.length === 0 || terms.length === 1) yield affinityDraft(pending, term, i, others);
      }
    }
  },
};

function affinityDraft(pending: PendingPod, term: Term, i: number, others: readonly Pod[] | undefined): Draft {
  const { workload, pod } = pending;
  const shared = base(pending);
  const selector = selectorText(term.labelSelector);
  const none = others?.length === 0;
  const places = [...new Set((others ?? []).map((other) => other.spec?.nodeName ?? ''))].sort();
  return {
    ...shared,
    causeKey: `${selector}@${term.topologyKey}`,
    title: `${workload.name} must run beside pods ${selector}, ${none ? 'but no node has one' : 'where there is no place for it'}`,
    cause: none
      ? `The required pod affinity allows only a ${term.topologyKey} that already holds a pod with ${selector}, and no such pod is on any node.`
      : `The required pod affinity allows only a ${term.topologyKey} that holds a pod with ${selector}${places.length > 0 ? ` (${listed(places)})` : ''}, and the pod cannot run there.`,
    evidence: [
      ...shared.evidence,
      field(pod, `${AFFINITY}[${i}]`),
      ...(none && (term.namespaces ?? []).length < 2 && !term.namespaceSelector
        ? [podsListed(pod, term, noPods(term))]
        : []),
      ...(others ?? []).slice(0, 2).map((other) => field(other, '.spec.nodeName')),
    ],
    remediation: [
      {
        text: 'See whether the pods that it refers to exist',
        command: `kubectl get pods -A -o wide -l ${shellWord(selector)}`,
      },
      { text: `Start those pods first, or correct the selector in ${workload.kind.toLowerCase()}/${workload.name}` },
    ],
  };
}

function noPods(term: Term): string {
  return (term.namespaces ?? []).length > 1 ? '' : 'No resources found';
}

export const antiAffinity: Rule = {
  id: 'scheduling/anti-affinity',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view))
      if (blocks(pending, 'anti-affinity')) yield antiAffinityDraft(view, pending);
  },
};

function antiAffinityDraft(view: ClusterView, pending: PendingPod): Draft {
  const { pod, workload } = pending;
  const terms = pod.spec?.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? [];
  const blocking = terms
    .map((term, i) => ({ term, i, others: selected(view, pod, term) ?? [] }))
    .find(({ others }) => others.length > 0);
  if (!blocking || partsOf(pending, 'anti-affinity').every(({ text }) => text.includes('existing pods')))
    return refused(pending);
  const { term, i, others } = blocking;
  const shared = base(pending);
  const selector = selectorText(term.labelSelector);
  const own = matchesSelector(term.labelSelector, pod.metadata.labels);
  const domains = domainsOf(pending, term.topologyKey);
  const replicas = replicasOf(view, pending);
  const tooMany = own && replicas !== undefined && domains !== undefined && replicas > domains;
  const blockers = [...new Set(others.map((other) => view.workload(other).name))].sort();
  return {
    ...shared,
    causeKey: `${selector}@${term.topologyKey}`,
    title: tooMany
      ? `${workload.name}: ${count(replicas, 'replica')} need one ${term.topologyKey} each, only ${domains} ${domains === 1 ? 'exists' : 'exist'}`
      : `${workload.name} may not share a ${term.topologyKey} with ${selector}, which is on every one`,
    cause: `The required pod anti-affinity keeps it away from each ${term.topologyKey} that holds a pod with ${selector}; ${domains === undefined ? 'all' : `all of ${domains}`} where it may run hold one already${blockers.length > 0 ? ` (${listed(blockers)})` : ''}.${own && !tooMany ? ' A rolling update needs one more place than there are replicas.' : ''}`,
    evidence: [
      ...shared.evidence,
      field(pod, `${ANTI_AFFINITY}[${i}]`),
      ...others.slice(0, 3).map((other) => field(other, '.spec.nodeName')),
    ],
    remediation: [
      {
        text: 'See where these pods run',
        command: `kubectl get pods${inNamespace(pod.metadata.namespace)} -o wide -l ${shellWord(selector)}`,
      },
      {
        text: 'Use fewer replicas, add nodes, or prefer the separation instead of requiring it (preferredDuringSchedulingIgnoredDuringExecution)',
      },
    ],
  };
}

/** The rule stands on the other pods, not on this one. */
function refused(pending: PendingPod): Draft {
  const { workload } = pending;
  return {
    ...base(pending),
    causeKey: 'existing',
    title: `${workload.name} is kept off every node by the anti-affinity of pods that run there`,
    cause: 'Pods on the nodes have a required pod anti-affinity whose selector matches the labels of this pod.',
    remediation: [
      {
        text: 'Find pods with a required anti-affinity',
        command:
          "kubectl get pods -A -o custom-columns='NS:.metadata.namespace,NAME:.metadata.name,ANTI:.spec.affinity.podAntiAffinity.requiredDuringSchedulingIgnoredDuringExecution[*].labelSelector'",
      },
      { text: 'Narrow that selector, or add a node' },
    ],
  };
}

function domainsOf({ placement }: PendingPod, topologyKey: string): number | undefined {
  if (!placement) return undefined;
  return new Set(placement.open.flatMap(({ node }) => node.metadata.labels?.[topologyKey] ?? [])).size;
}

function replicasOf(view: ClusterView, { workload }: PendingPod): number | undefined {
  const object = view.resolve(workload) as { spec?: { replicas?: number } } | undefined;
  return object?.spec?.replicas;
}

export const topologySpread: Rule = {
  id: 'scheduling/topology-spread',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (!blocks(pending, 'topology-spread')) continue;
      const constraints = (pending.pod.spec?.topologySpreadConstraints ?? []).map((c, i) => ({ ...c, i }));
      const hard = constraints.filter((c) => c.whenUnsatisfiable === 'DoNotSchedule');
      const open = pending.placement?.open;
      const unlabelled = hard.find((c) =>
        open?.every(({ node }) => node.metadata.labels?.[c.topologyKey] === undefined),
      );
      const constraint = unlabelled ?? hard[0];
      if (!constraint) continue;
      const { topologyKey, maxSkew, i } = constraint;
      const { pod, workload } = pending;
      const shared = base(pending);
      const perDomain = unlabelled || !open ? [] : counts(view, pod, constraint, open);
      yield {
        ...shared,
        causeKey: topologyKey,
        title: `${workload.name} cannot keep its spread over ${topologyKey}${unlabelled ? ', which no node has as a label' : ''}`,
        cause: unlabelled
          ? `The constraint counts pods per ${topologyKey}; none of ${count(open?.length ?? 0, 'node')} where the pod may run has that label, so none is allowed.`
          : `One more pod on any node where there is place would make the difference between ${topologyKey} domains larger than maxSkew ${maxSkew}${perDomain.length > 0 ? ` (${perDomain.join(', ')})` : ''}. Pods of an older revision count too, unless matchLabelKeys has pod-template-hash.`,
        evidence: [
          ...shared.evidence,
          field(pod, `.spec.topologySpreadConstraints[${i}]`),
          ...(open ?? []).slice(0, 2).map(({ node }) => field(node, '.metadata.labels')),
        ],
        remediation: [
          { text: 'See the domains of the nodes', command: `kubectl get nodes -L ${shellWord(topologyKey)}` },
          unlabelled
            ? { text: `Label the nodes with ${topologyKey}, or use a key that they have` }
            : { text: 'Make room in the emptiest domain, raise maxSkew, or use whenUnsatisfiable: ScheduleAnyway' },
        ],
      };
    }
  },
};

/** `zone-a 3`, for each domain of the nodes where the pod may run. */
function counts(
  view: ClusterView,
  pod: Pod,
  { topologyKey, labelSelector }: { readonly topologyKey: string; readonly labelSelector?: LabelSelector },
  open: readonly {
    readonly name: string;
    readonly node: { readonly metadata: { readonly labels?: Readonly<Record<string, string>> } };
  }[],
): readonly string[] {
  const domainOf = new Map(open.map(({ name, node }) => [name, node.metadata.labels?.[topologyKey]]));
  const totals = new Map<string, number>();
  for (const domain of domainOf.values()) if (domain !== undefined) totals.set(domain, 0);
  for (const other of view.podsBySelector(pod.metadata.namespace, labelSelector)) {
    const domain = domainOf.get(other.spec?.nodeName ?? '');
    if (domain !== undefined && conditionOf(other, 'PodScheduled')?.status !== 'False')
      totals.set(domain, (totals.get(domain) ?? 0) + 1);
  }
  return [...totals].sort(([a], [b]) => (a < b ? -1 : 1)).map(([domain, n]) => `${domain} has ${n}`);
}
