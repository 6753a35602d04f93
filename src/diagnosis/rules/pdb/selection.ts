import { controllerOf } from '../../../cluster/index.ts';
import {
  ageOf,
  groupBy,
  listed,
  matchesSelector,
  oneLine,
  refKey,
  refOf,
  selectorText,
  templateOf,
  type KubeObject,
  type Pod,
} from '../../../domain/index.ts';
import { field, listCommand, shown } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { isObserved, podsOfBudget, type Budget } from './budgets.ts';

export const overlapping: Rule = {
  id: 'pdb/overlapping',
  severity: 'warning',
  confidence: 'certain',
  needs: ['PodDisruptionBudget', 'Pod'],
  *check({ view }) {
    const podsIn = groupBy(livePods(view), (pod) => pod.metadata.namespace ?? '');
    for (const [namespace, budgets] of groupBy(view.all('PodDisruptionBudget'), (b) => b.metadata.namespace ?? '')) {
      if (budgets.length < 2) continue;
      const covers = coverage(budgets);
      // Pods of one controller have one template: the first of each speaks for all.
      const samples = new Map<string, Pod>();
      for (const pod of podsIn.get(namespace) ?? []) {
        const controller = controllerOf(pod)?.uid ?? refKey(refOf(pod));
        if (!samples.has(controller)) samples.set(controller, pod);
      }
      const told = new Set<string>();
      for (const pod of samples.values()) {
        const covering = covers(pod);
        const [first] = covering;
        if (!first || covering.length < 2) continue;
        const workload = view.workload(pod);
        if (told.has(refKey(workload))) continue;
        told.add(refKey(workload));
        const names = covering.map((b) => b.metadata.name ?? '');
        yield {
          subject: refOf(first),
          causeKey: `${refKey(workload)} ${names.join(' ')}`,
          title: oneLine(
            `Pods of ${workload.name} are covered by ${covering.length} budgets: every eviction fails`,
            90,
          ),
          cause: `Budgets ${listed(names)} select the pods of ${workload.kind} ${workload.name}; the eviction API refuses pods with more than one budget, so drains of their nodes fail.`,
          affects: [...covering.slice(1).map(refOf), workload],
          evidence: [
            ...([field(first, '.spec.selector')] as const),
            ...covering.slice(1, 3).map((b) => field(b, '.spec.selector')),
            field(pod, '.metadata.labels'),
            shown(refOf(pod), 'name', pod.metadata.name ?? '', `kubectl get pods -n ${namespace}`),
            ...covering.slice(0, 3).map((b) => field(b, '.metadata.name')),
          ],
          remediation: [
            {
              text: 'Remove one of the budgets, or narrow its selector',
              command: `kubectl get pdb -n ${namespace} -o wide`,
            },
          ],
        };
      }
    }
  },
};

/** The budgets of a pod; looked up by one label of each, so that a namespace with many budgets stays cheap. */
function coverage(budgets: readonly Budget[]): (pod: Pod) => readonly Budget[] {
  const key = (b: Budget) => Object.entries(b.spec?.selector?.matchLabels ?? {})[0]?.join('=') ?? '';
  const byLabel = groupBy(budgets, key);
  return (pod) => {
    const labels = Object.entries(pod.metadata.labels ?? {}).map((pair) => pair.join('='));
    return ['', ...labels]
      .flatMap((label) => byLabel.get(label) ?? [])
      .filter((b) => matchesSelector(b.spec?.selector, pod.metadata.labels))
      .sort((a, b) => ((a.metadata.name ?? '') < (b.metadata.name ?? '') ? -1 : 1));
  };
}

const TEMPLATE_KINDS = ['Deployment', 'StatefulSet', 'ReplicaSet', 'DaemonSet', 'Job'] as const;

export const selectsNothing: Rule = {
  id: 'pdb/selects-nothing',
  severity: 'info',
  confidence: 'certain',
  needs: ['PodDisruptionBudget', 'Pod', ...TEMPLATE_KINDS],
  *check({ view, now }) {
    for (const budget of view.all('PodDisruptionBudget')) {
      const { namespace } = budget.metadata;
      if (budget.status?.expectedPods !== 0 || !isObserved(budget) || ageOf(budget, now) < grace.newObject) continue;
      if (![...TEMPLATE_KINDS, 'Pod' as const].every((kind) => view.isComplete(kind, namespace))) continue;
      if (podsOfBudget(view, budget).length > 0) continue;
      const workloads = TEMPLATE_KINDS.flatMap((kind): readonly KubeObject[] => view.inNamespace(kind, namespace));
      const labelsOf = (w: KubeObject) => templateOf(w)?.metadata?.labels ?? {};
      if (workloads.some((w) => matchesSelector(budget.spec?.selector, labelsOf(w)))) continue;
      const self = refOf(budget);
      const near = nearMiss(budget, workloads);
      yield {
        subject: self,
        causeKey: selectorText(budget.spec?.selector),
        title: oneLine(`Budget ${self.name} selects no pods (${selectorText(budget.spec?.selector)})`, 90),
        cause:
          `No pod and no pod template of ${namespace ?? ''} has the labels ${selectorText(budget.spec?.selector)}.` +
          (near ? ` ${near.kind} ${near.metadata.name ?? ''} differs in one label and is not protected.` : ''),
        evidence: [
          field(budget, '.spec.selector'),
          field(budget, '.status.expectedPods'),
          field(budget, '.metadata.name'),
          ...(near ? [field(near, '.metadata.name'), field(near, '.spec.template.metadata.labels')] : []),
        ],
        remediation: [
          {
            text: 'Correct the selector, or remove the budget',
            command: listCommand('Pod', namespace) + ' --show-labels',
          },
        ],
      };
    }
  },
};

/** The only workload whose labels differ from the selector in a single pair. */
function nearMiss(budget: Budget, workloads: readonly KubeObject[]): KubeObject | undefined {
  const wanted = Object.entries(budget.spec?.selector?.matchLabels ?? {});
  const near = workloads
    .filter((w) => w.kind !== 'ReplicaSet' || !w.metadata.ownerReferences)
    .filter((w) => {
      const labels = templateOf(w)?.metadata?.labels ?? {};
      const missed = wanted.filter(([key, value]) => labels[key] !== value);
      return missed.length === 1 && missed.every(([key]) => labels[key] !== undefined);
    });
  return near.length === 1 ? near[0] : undefined;
}
