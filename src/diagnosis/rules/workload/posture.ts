import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  groupBy,
  isReady,
  matchesExpression,
  matchesLabels,
  matchesSelector,
  refOf,
  selectorText,
  templateOf,
  type Deployment,
  type Ingress,
  type Node,
  type PodSpec,
  type ReplicaSet,
  type Service,
  type StatefulSet,
} from '../../../domain/index.ts';
import { controllerOf } from '../../../cluster/index.ts';
import { field, shown } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { livePodsOf } from './pods.ts';

type Scalable = Deployment | StatefulSet;

/** Services that an Ingress sends traffic to, as `namespace/name`, with that Ingress. */
function routedServices(view: ClusterView): ReadonlyMap<string, Ingress> {
  const routed = new Map<string, Ingress>();
  for (const ingress of view.all('Ingress')) {
    const backends = [
      ingress.spec?.defaultBackend,
      ...(ingress.spec?.rules ?? []).flatMap((r) => r.http?.paths.map((p) => p.backend) ?? []),
    ];
    for (const backend of backends)
      if (backend?.service) routed.set(`${ingress.metadata.namespace ?? ''}/${backend.service.name}`, ingress);
  }
  return routed;
}

/** Workloads that an autoscaler sizes, as `namespace/kind/name`. */
function autoscaled(view: ClusterView): ReadonlySet<string> {
  return new Set(
    view.all('HorizontalPodAutoscaler').map(({ metadata, spec }) => {
      const { kind = '', name = '' } = spec?.scaleTargetRef ?? {};
      return `${metadata.namespace ?? ''}/${kind}/${name}`;
    }),
  );
}

function serviceOf(view: ClusterView, workload: Scalable): readonly Service[] {
  const labels = templateOf(workload)?.metadata?.labels;
  return view
    .inNamespace('Service', workload.metadata.namespace)
    .filter((s) => matchesLabels(s.spec?.selector, labels));
}

export const scaledToZero: Rule = {
  id: 'workload/scaled-to-zero',
  severity: 'info',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'HorizontalPodAutoscaler', 'Ingress', 'Service'],
  *check({ view }) {
    const zero = [...view.all('Deployment'), ...view.all('StatefulSet')].filter((w) => w.spec?.replicas === 0);
    if (zero.length === 0) return;
    const sized = autoscaled(view);
    const routed = routedServices(view);
    for (const workload of zero) {
      const self = refOf(workload);
      // On-demand platforms keep workloads at zero between requests.
      const onDemand = Object.keys(workload.metadata.labels ?? {}).some((key) => /(knative\.dev|keda\.sh)\//.test(key));
      if (onDemand || sized.has(`${self.namespace ?? ''}/${self.kind}/${self.name}`)) continue;
      const services = serviceOf(view, workload);
      const service = services.find((s) => routed.has(`${s.metadata.namespace ?? ''}/${s.metadata.name ?? ''}`));
      const ingress = service && routed.get(`${self.namespace ?? ''}/${service.metadata.name ?? ''}`);
      const isServer = ingress !== undefined && view.isComplete('HorizontalPodAutoscaler', self.namespace);
      yield {
        subject: self,
        causeKey: 'zero',
        ...(isServer && { severity: 'warning' as const }),
        title: isServer
          ? `${self.name} is scaled to zero, but Ingress ${ingress.metadata.name ?? ''} sends traffic to it`
          : `${self.name} is scaled to zero`,
        cause:
          `spec.replicas of ${self.kind} ${self.name} is 0 and no autoscaler manages it` +
          (service && ingress
            ? `; Ingress ${ingress.metadata.name ?? ''} sends traffic to its Service ${service.metadata.name ?? ''}, which has no pod.`
            : '.'),
        affects: [...services.map(refOf), ...(ingress ? [refOf(ingress)] : [])],
        evidence: [
          field(workload, '.spec.replicas'),
          ...(service ? [field(service, '.spec.selector')] : []),
          ...(ingress ? [field(ingress, '.spec')] : []),
        ],
        remediation: [
          {
            text: 'Start it again if it should run',
            command: `kubectl scale ${self.kind.toLowerCase()}/${self.name} -n ${self.namespace ?? ''} --replicas=1`,
          },
        ],
      };
    }
  },
};

/** Workloads of one namespace by the pair of labels that tells most of their selectors apart. */
function bySelectorPair(workloads: readonly (Scalable | ReplicaSet)[]): Map<string, (Scalable | ReplicaSet)[]> {
  const uses = new Map<string, number>();
  for (const w of workloads)
    for (const pair of pairs(w.spec?.selector.matchLabels)) uses.set(pair, (uses.get(pair) ?? 0) + 1);
  return groupBy(workloads, (w) => {
    const own = pairs(w.spec?.selector.matchLabels);
    return own.reduce((a, b) => ((uses.get(b) ?? 0) < (uses.get(a) ?? 0) ? b : a), own[0] ?? '');
  });
}

function pairs(labels: Readonly<Record<string, string>> | undefined): readonly string[] {
  return Object.entries(labels ?? {}).map(([key, value]) => `${key}=${value}`);
}

export const selectorOverlap: Rule = {
  id: 'workload/selector-overlap',
  severity: 'info',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'ReplicaSet'],
  *check({ view }) {
    const bare = view.all('ReplicaSet').filter((rs) => controllerOf(rs) === undefined);
    const all = [...view.all('Deployment'), ...view.all('StatefulSet'), ...bare];
    for (const [, workloads] of groupBy(all, (w) => w.metadata.namespace ?? '')) {
      if (workloads.length < 2) continue;
      const candidates = bySelectorPair(workloads);
      const told = new Set<string>();
      for (const other of workloads) {
        const labels = templateOf(other)?.metadata?.labels;
        for (const pair of pairs(labels))
          for (const selecting of candidates.get(pair) ?? []) {
            if (selecting === other || !matchesSelector(selecting.spec?.selector, labels)) continue;
            // Where each takes the pods of the other, the first by name speaks.
            const back = matchesSelector(other.spec?.selector, templateOf(selecting)?.metadata?.labels);
            if (
              back &&
              `${selecting.kind}/${selecting.metadata.name ?? ''}` > `${other.kind}/${other.metadata.name ?? ''}`
            )
              continue;
            const [a, b] = [refOf(selecting), refOf(other)];
            const key = `${a.kind}/${a.name} ${b.kind}/${b.name}`;
            if (told.has(key)) continue;
            told.add(key);
            yield {
              subject: a,
              causeKey: `${b.kind}/${b.name}`,
              title: `${a.name} and ${b.name} select the same pods`,
              cause: `The selector of ${a.kind} ${a.name} (${selectorText(selecting.spec?.selector)}) also takes the pods of ${b.kind} ${b.name}. Owner references keep them apart, but Services, budgets and autoscalers mix them.`,
              affects: [b],
              evidence: [
                field(selecting, '.spec.selector'),
                field(other, '.spec.template.metadata.labels'),
                field(other, '.metadata.name'),
              ],
              remediation: [{ text: 'Give each workload a label of its own in selector and template' }],
            };
          }
      }
    }
  },
};

function fits(spec: PodSpec | undefined, node: Node): boolean {
  const labels = node.metadata.labels ?? {};
  const terms = spec?.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms;
  const selector = spec?.nodeSelector ?? {};
  return (
    node.spec?.unschedulable !== true &&
    !(node.spec?.taints ?? []).some((t) => t.effect !== 'PreferNoSchedule') &&
    (Object.keys(selector).length === 0 || matchesLabels(selector, labels)) &&
    (!terms || terms.some((t) => (t.matchExpressions ?? []).every((e) => matchesExpression(e, labels))))
  );
}

const LEAVING_TAINT =
  /^(node\.kubernetes\.io\/(unschedulable|not-ready|unreachable)|ToBeDeletedByClusterAutoscaler|karpenter\.sh\/)/;

export const allOnOneNode: Rule = {
  id: 'workload/all-on-one-node',
  severity: 'info',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'Pod', 'Node'],
  *check({ view }) {
    if (!view.isComplete('Node') || view.all('Node').length < 3) return;
    for (const workload of [...view.all('Deployment'), ...view.all('StatefulSet')]) {
      if ((workload.spec?.replicas ?? 1) < 2) continue;
      const pods = livePodsOf(view, workload).filter(isReady);
      const [first] = pods;
      const name = first?.spec?.nodeName;
      if (name === undefined || pods.length < 2 || pods.some((pod) => pod.spec?.nodeName !== name)) continue;
      const spec = templateOf(workload)?.spec;
      const shared = spec?.volumes?.some((v) => v.persistentVolumeClaim !== undefined) === true;
      if (shared || spec?.affinity?.podAffinity?.requiredDuringSchedulingIgnoredDuringExecution) continue;
      if (view.all('Node').filter((node) => fits(spec, node)).length < 3) continue;
      const self = refOf(workload);
      const node = view.get('Node', undefined, name);
      const ill =
        node !== undefined &&
        (conditionOf(node, 'Ready')?.status !== 'True' ||
          node.spec?.unschedulable === true ||
          (node.spec?.taints ?? []).some((t) => LEAVING_TAINT.test(t.key)));
      yield {
        subject: self,
        causeKey: 'one node',
        ...(ill && { severity: 'warning' as const }),
        title: `All ${pods.length} replicas of ${self.name} run on node ${name}`,
        cause: `No rule spreads the pods of ${self.name}; the loss of ${name} stops all of them${ill ? ', and that node is about to go' : ''}.`,
        evidence: [
          shown(
            self,
            'node of each pod',
            name,
            `kubectl get pods -n ${self.namespace ?? ''} -l '${selectorText(workload.spec?.selector)}' -o wide`,
          ),
          field(workload, '.spec.replicas'),
        ],
        remediation: [{ text: 'Add topologySpreadConstraints over kubernetes.io/hostname to the pod template' }],
      };
    }
  },
};
