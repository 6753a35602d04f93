import {
  ageOf,
  conditionAge,
  conditionOf,
  count,
  keyStep,
  listed,
  matchesLabels,
  oneLine,
  selectorText,
  type Action,
  type Deployment,
  type KubeObject,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { endpoints, field, inNamespace, shellWord } from '../../evidence.ts';
import type { Draft, Rule, RuleContext } from '../../rule.ts';
import { backends, endpointsIn, hasSelector, isHeadless, type Backend } from './backends.ts';
import { usesOf } from './uses.ts';
import { labelledWorkloads, labelPath, missOf, readyPodsOf, type LabelledWorkload, type Miss } from './workloads.ts';

type Labels = Readonly<Record<string, string>>;

interface Unmatched {
  readonly backend: Backend;
  readonly selector: Labels;
  /** The workload that was most likely meant. */
  readonly miss: Miss | undefined;
  /** Workloads that would be taken if they had pods: why they have none is a finding of theirs. */
  readonly idle: readonly LabelledWorkload[];
}

/** Services whose selector takes no pod. One whose workload only has no pods counts where something routes to it. */
function* unmatched({ view, now }: RuleContext): Generator<Unmatched> {
  for (const backend of backends(view).values()) {
    const { service, ref, pods, hasLeavingPods, slices } = backend;
    const selector = service.spec?.selector;
    if (!selector || !hasSelector(service) || pods.length > 0 || hasLeavingPods) continue;
    if (!slices || slices.some((slice) => endpointsIn(slice).length > 0)) continue;
    if (!podsAreKnown(view, ref.namespace) || ageOf(service, now) < grace.newObject) continue;
    const workloads = labelledWorkloads(view, ref.namespace);
    const idle = workloads.filter((w) => matchesLabels(selector, w.labels));
    if (idle.length > 0) {
      const isRouted = usesOf(view, ref).some((use) => ROUTERS.has(use.by.kind));
      if (isRouted && idle.every((w) => staysWithoutPods(w.object, now)))
        yield { backend, selector, miss: undefined, idle };
      continue;
    }
    const miss = nearMiss(view, backend, selector, workloads);
    // A headless Service is a name; charts bring some for components that a cluster may not have.
    if (!miss && isHeadless(service) && usesOf(view, ref).length === 0 && !governs(view, backend)) continue;
    yield { backend, selector, miss, idle };
  }
}

const ROUTERS = new Set(['Ingress', 'ValidatingWebhookConfiguration', 'MutatingWebhookConfiguration', 'APIService']);

/** Scaled to zero, or unable to make its pods; not a moment between two pods, a schedule or a platform that wakes it. */
export function staysWithoutPods(workload: KubeObject, now: number): boolean {
  if (workload.kind === 'Job' || workload.kind === 'CronJob') return false;
  if (Object.keys(workload.metadata.labels ?? {}).some((key) => /(knative\.dev|keda\.sh)\//.test(key))) return false;
  if ((workload as Deployment).spec?.replicas === 0) return true;
  const available = conditionOf(workload, 'Available');
  if (available) return available.status === 'False' && (conditionAge(available, now) ?? 0) > grace.notReady;
  return ageOf(workload, now) > grace.creating;
}

/** A workload that was not read may be the one that matches. */
function podsAreKnown(view: ClusterView, namespace: string | undefined): boolean {
  return (['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'] as const).every((kind) =>
    view.isComplete(kind, namespace),
  );
}

function governs(view: ClusterView, { ref }: Backend): boolean {
  return view.inNamespace('StatefulSet', ref.namespace).some((s) => s.spec?.serviceName === ref.name);
}

/**
 * The one workload that the selector most likely means. A workload that another Service takes is meant only when the
 * spelling is near: the other colour of a pair may run elsewhere.
 */
function nearMiss(
  view: ClusterView,
  { ref }: Backend,
  selector: Labels,
  workloads: readonly LabelledWorkload[],
): Miss | undefined {
  const misses = workloads.flatMap((w) => missOf(selector, ref.name, w) ?? []);
  const close = misses.filter((m) => m.isClose);
  const [only, ...others] = close.length > 0 ? close : misses.filter((m) => !isServed(view, m.workload));
  return others.length === 0 ? only : undefined;
}

function isServed(view: ClusterView, workload: LabelledWorkload): boolean {
  return view
    .inNamespace('Service', workload.ref.namespace)
    .some((service) => matchesLabels(service.spec?.selector, workload.labels));
}

const pair = (key: string, value: string): string => `${key}=${value}`;

export const selectorMatchesNothing: Rule = {
  id: 'service/selector-matches-nothing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Service', 'EndpointSlice', 'Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet'],
  *check(context) {
    for (const { backend, selector, miss, idle } of unmatched(context)) {
      const { service, ref } = backend;
      const wanted = selectorText(selector);
      const uses = usesOf(context.view, ref);
      yield {
        subject: ref,
        causeKey: wanted,
        title: oneLine(`Service ${ref.name} has no endpoints: its selector matches no pod`, 90),
        cause:
          idle.length > 0
            ? `No pod carries ${wanted}, because ${listed(idle.map((w) => w.ref.name))} has none; requests to the Service have no target.`
            : `No pod and no template in ${ref.namespace ?? ''} carries ${wanted}, so requests to the Service have no target.${
                miss ? ` The nearest is ${miss.workload.ref.name} with ${pair(miss.actualKey, miss.actual)}.` : ''
              }`,
        causedBy: [...(miss ? [ref] : []), ...idle.map((w) => w.ref)],
        evidence: [
          field(service, '.spec.selector'),
          ...(backend.slices?.length ? [endpoints(ref, '<unset>')] : []),
          ...idle.slice(0, 2).map((w) => field(w.object, '.spec.replicas')),
          ...(miss ? [field(miss.workload.object, labelPath(miss.workload.object, miss.actualKey))] : []),
          ...uses.slice(0, 1).map((use) => use.evidence),
        ],
        remediation: [
          {
            text: 'See which labels the pods carry',
            command: `kubectl get pods${inNamespace(ref.namespace)} --show-labels`,
          },
          { text: 'Correct the selector of the Service or the labels of the pods' },
        ],
      };
    }
  },
};

export const selectorNearMiss: Rule = {
  id: 'service/selector-near-miss',
  severity: 'critical',
  confidence: 'likely',
  needs: selectorMatchesNothing.needs,
  *check(context) {
    for (const { backend, selector, miss } of unmatched(context)) {
      if (miss) yield nearMissDraft(context.view, backend, selector, miss);
    }
  },
};

function nearMissDraft(view: ClusterView, { service, ref }: Backend, selector: Labels, miss: Miss): Draft {
  const { workload, key, wanted, actualKey, actual } = miss;
  const ready = readyPodsOf(view, workload).length;
  const why = miss.isClose ? 'the two are nearly alike' : 'every other pair of the selector fits';
  return {
    subject: ref,
    causeKey: pair(key, wanted),
    title: oneLine(
      `Service ${ref.name} selects ${pair(key, wanted)}, pods of ${workload.ref.name} have ${pair(actualKey, actual)}`,
      90,
    ),
    cause: `Most likely ${pair(key, wanted)} in the selector should be ${pair(actualKey, actual)}, because ${why}; ${count(
      ready,
      'Ready pod',
    )} of ${workload.ref.name} would match then. Until it does, the Service has no endpoint.`,
    affects: usesOf(view, ref).map((use) => use.by),
    evidence: [
      field(service, `.spec.selector${keyStep(key)}`),
      field(workload.object, labelPath(workload.object, actualKey)),
    ],
    remediation: [
      {
        text: `Let the Service select ${pair(actualKey, actual)}`,
        command: `kubectl patch service ${ref.name}${inNamespace(ref.namespace)} -p ${shellWord(patch(miss))}`,
      },
      { text: `Or give the pods the label ${pair(key, wanted)}, where other things rely on it` },
    ],
    fix: fixOf({ service, selector, miss }),
  };
}

function patch({ key, actualKey, actual }: Miss): string {
  const selector = { ...(key !== actualKey && { [key]: null }), [actualKey]: actual };
  return JSON.stringify({ spec: { selector } });
}

function fixOf({ service, selector, miss }: { service: KubeObject; selector: Labels; miss: Miss }): Action {
  const { key, actualKey, actual } = miss;
  const { name = '', namespace } = service.metadata;
  const target = { kind: 'Service', ...(namespace !== undefined && { namespace }), name };
  if (key === actualKey) return { verb: 'set-selector', target, path: `.spec.selector${keyStep(key)}`, value: actual };
  const kept = Object.entries(selector).filter(([k]) => k !== key);
  return {
    verb: 'set-selector',
    target,
    path: '.spec.selector',
    value: { ...Object.fromEntries(kept), [actualKey]: actual },
  };
}
