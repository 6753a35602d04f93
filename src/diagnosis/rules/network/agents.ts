import type { ClusterView } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionAge,
  conditionOf,
  count,
  isDeleting,
  isReady,
  listed,
  refOf,
  type DaemonSet,
  type Pod,
} from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { title } from '../log/common.ts';
import { networkAgent } from './sandbox.ts';

/** Pods of a DaemonSet that have not been Ready for longer than an update of one node takes. */
function downPods(view: ClusterView, set: DaemonSet, now: number): readonly Pod[] {
  return view
    .podsOf(refOf(set))
    .filter(
      (pod) =>
        !isReady(pod) &&
        !isDeleting(pod) &&
        (conditionAge(conditionOf(pod, 'Ready'), now) ?? ageOf(pod, now)) >= grace.creating,
    );
}

function agentRule(
  id: 'network/cni-agent-down' | 'network/kube-proxy-down',
  isAgent: (set: DaemonSet) => boolean,
  name: (set: DaemonSet) => string,
  effect: string,
): Rule {
  return {
    id,
    severity: 'critical',
    confidence: 'certain',
    needs: ['DaemonSet', 'Pod'],
    *check({ view, now }): Generator<Draft> {
      for (const set of view.all('DaemonSet')) {
        const { numberReady = 0, desiredNumberScheduled = 0 } = set.status ?? {};
        if (!isAgent(set) || numberReady >= desiredNumberScheduled || ageOf(set, now) < grace.creating) continue;
        const down = downPods(view, set, now);
        if (down.length === 0) continue;
        const nodes = [...new Set(down.map((p) => p.spec?.nodeName ?? ''))].filter((n) => n !== '');
        const [first] = down;
        const since = first && conditionOf(first, 'Ready')?.lastTransitionTime;
        yield {
          subject: refOf(set),
          causeKey: 'not-ready',
          title: title(`${name(set)} is not Ready on ${count(nodes.length, 'node')}: ${listed(nodes)}`),
          cause: `DaemonSet ${set.metadata.name ?? ''} has ${numberReady} of ${desiredNumberScheduled} pods Ready. ${effect} ${listed(nodes)}.`,
          ...(since !== undefined && { since }),
          affects: nodes.map((n) => ({ kind: 'Node', name: n })),
          causedBy: down.map(refOf),
          evidence: [
            field(set, '.status.numberReady'),
            field(set, '.status.desiredNumberScheduled'),
            ...(first ? [field(first, '.spec.nodeName')] : []),
          ],
          remediation: [
            {
              text: 'Read why the agent is not Ready',
              command: `kubectl logs -n ${set.metadata.namespace ?? ''} ${first?.metadata.name ?? ''} --tail=100`,
            },
          ],
        };
      }
    },
  };
}

export const cniAgentDown = agentRule(
  'network/cni-agent-down',
  (set) => networkAgent(set.metadata.labels, set.metadata.name) !== undefined,
  (set) => `Network agent ${set.metadata.name ?? ''}`,
  'Pods may lose their network, or not start, on',
);

export const kubeProxyDown = agentRule(
  'network/kube-proxy-down',
  (set) => set.metadata.namespace === 'kube-system' && set.metadata.name === 'kube-proxy',
  () => 'Service routing agent kube-proxy',
  'Service addresses keep old endpoints on',
);
