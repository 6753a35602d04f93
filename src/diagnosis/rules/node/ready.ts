import type { ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  count,
  isFinished,
  listed,
  refOf,
  type Condition,
  type Node,
  type Pod,
} from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import { roomOf } from '../../placement/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import {
  brief,
  conditionEvidence,
  conditionIs,
  isNew,
  nodeName,
  removalTaint,
  sinceOf,
  workingNodes,
} from './common.ts';

const RUNTIME =
  /container runtime (?:is down|status check may not have completed)|PLEG is not healthy|runtime network not ready.*runtime is/;
const NETWORK_PLUGIN = /network plugin|cni|NetworkPluginNotReady|NetworkReady=false/i;

/** Workloads whose pods are on the node. */
function workloadsOn(view: ClusterView, node: Node): { readonly pods: readonly Pod[]; readonly text: string } {
  const room = roomOf(view).nodes.find((r) => r.node === node);
  const pods = (room?.pods ?? []).filter((pod) => !isFinished(pod));
  const names = [...new Set(pods.map((pod) => view.workload(pod).name))].sort();
  return {
    pods,
    text:
      pods.length === 0
        ? 'No pods are on it.'
        : `${count(pods.length, 'pod')} of ${listed(names)} ${pods.length === 1 ? 'is' : 'are'} on it.`,
  };
}

function onPods(pods: readonly Pod[]) {
  return pods.slice(0, 3).map((pod) => field(pod, '.spec.nodeName'));
}

export const notReady: Rule = {
  id: 'node/not-ready',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    for (const node of workingNodes(context)) {
      const ready = conditionIs(node, 'Ready', 'False');
      if (!ready || isNew(node, context.now) || removalTaint(node)) continue;
      const message = ready.message ?? '';
      // The network plugin and the runtime have findings of their own, which name the cause.
      if (RUNTIME.test(message) || NETWORK_PLUGIN.test(message)) continue;
      const { pods, text } = workloadsOn(context.view, node);
      const name = nodeName(node);
      yield {
        subject: refOf(node),
        causeKey: ready.reason ?? '',
        ...sinceOf(ready),
        title: `Node ${name} is NotReady: ${brief(message === '' ? (ready.reason ?? 'no reason is given') : message)}`,
        cause: `The kubelet reports itself unfit: ${message === '' ? (ready.reason ?? 'it names no reason') : message}. ${text}`,
        affects: pods.map(refOf),
        evidence: [...conditionEvidence(node, ready), ...onPods(pods)],
        remediation: [
          { text: 'See all conditions and events of the node', command: `kubectl describe node ${name}` },
          { text: `Read the kubelet's log on ${name} (journalctl -u kubelet)` },
        ],
      };
    }
  },
};

export const unreachable: Rule = {
  id: 'node/unreachable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    const { view } = context;
    for (const node of workingNodes(context)) {
      const ready = conditionIs(node, 'Ready', 'Unknown');
      if (!ready || removalTaint(node)) continue;
      yield unreachableDraft(view, node, ready);
    }
  },
};

function unreachableDraft(view: ClusterView, node: Node, ready: Condition): Draft {
  const name = nodeName(node);
  const lease = view.get('Lease', 'kube-node-lease', name);
  const renewed = lease?.spec?.renewTime;
  const { pods, text } = workloadsOn(view, node);
  const never = ready.reason === 'NodeStatusNeverUpdated';
  return {
    subject: refOf(node),
    causeKey: 'unreachable',
    ...sinceOf(ready),
    title: never ? `Node ${name} has never reported its state` : `Node ${name} stopped reporting`,
    cause: `${renewed !== undefined ? `Its kubelet last renewed the lease at ${renewed}. ` : ''}The machine is off, the kubelet is stopped, or the network to the control plane is cut. ${text}${pods.length > 0 ? ' After five minutes they are evicted, except those that a volume or an identity holds.' : ''}`,
    affects: pods.map(refOf),
    evidence: [
      ...conditionEvidence(node, ready),
      ...(lease && renewed !== undefined ? [field(lease, '.spec.renewTime')] : []),
      ...onPods(pods),
    ],
    remediation: [
      { text: 'See when and how it went away', command: `kubectl describe node ${name}` },
      {
        text: 'Only when the machine is off for good: let its pods and volumes move',
        command: `kubectl taint node ${name} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`,
      },
    ],
  };
}

export const runtimeDown: Rule = {
  id: 'node/runtime-down',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    for (const node of workingNodes(context)) {
      const ready = conditionIs(node, 'Ready', 'False');
      const detected =
        conditionIs(node, 'ContainerRuntimeUnhealthy', 'True') ?? conditionIs(node, 'KubeletUnhealthy', 'True');
      const condition = ready && RUNTIME.test(ready.message ?? '') ? ready : detected;
      if (!condition || isNew(node, context.now)) continue;
      const name = nodeName(node);
      const said = context.view.events(node, 'ContainerGCFailed', 'FailedSync').at(-1);
      const { pods, text } = workloadsOn(context.view, node);
      yield {
        subject: refOf(node),
        causeKey: 'runtime',
        ...sinceOf(condition),
        title: `Container runtime on node ${name} does not answer: ${brief(condition.message ?? '', 35)}`,
        cause: `${condition.message ?? condition.reason ?? ''}. The runtime or its disk is stuck; pods keep the state that was last seen. ${text}`,
        affects: pods.map(refOf),
        evidence: [...conditionEvidence(node, condition), ...(said ? [event(said)] : []), ...onPods(pods)],
        remediation: [
          { text: 'See the node before anything is moved', command: `kubectl describe node ${name}` },
          {
            text: 'Move its pods, then restart the runtime on the machine',
            command: `kubectl drain ${name} --ignore-daemonsets`,
          },
        ],
      };
    }
  },
};

export const networkUnavailable: Rule = {
  id: 'node/network-unavailable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    for (const node of workingNodes(context)) {
      const condition = conditionIs(node, 'NetworkUnavailable', 'True');
      if (!condition || isNew(node, context.now)) continue;
      const name = nodeName(node);
      yield {
        subject: refOf(node),
        causeKey: condition.reason ?? '',
        ...sinceOf(condition),
        title: `Node ${name} has no network route: ${brief(condition.message ?? condition.reason ?? '', 40)}`,
        cause: `${condition.reason ?? 'NetworkUnavailable'}: ${condition.message ?? 'the pod network of the node is not set up'}. Pods on it cannot be reached from other nodes.`,
        evidence: [
          ...conditionEvidence(node, condition),
          ...(condition.reason === undefined
            ? []
            : [field(node, '.status.conditions[?(@.type=="NetworkUnavailable")].reason')]),
        ],
        remediation: [
          {
            text: 'See whether the network agent runs on the node',
            command: `kubectl get pods -n kube-system -o wide --field-selector spec.nodeName=${name}`,
          },
          { text: 'Else look at the route controller of the cloud' },
        ],
      };
    }
  },
};

const KNOWN = [
  'Ready',
  'MemoryPressure',
  'DiskPressure',
  'PIDPressure',
  'NetworkUnavailable',
  'ContainerRuntimeUnhealthy',
  'KubeletUnhealthy',
];
const GOOD_WHEN_TRUE = /(Ready|Healthy|OK)$|^EtcdIsVoter$/;
const BAD_WHEN_TRUE = new Set([
  'KernelDeadlock',
  'ReadonlyFilesystem',
  'FrequentKubeletRestart',
  'FrequentDockerRestart',
  'FrequentContainerdRestart',
  'FrequentUnregisterNetDevice',
  'CorruptDockerOverlay2',
]);

export const problemCondition: Rule = {
  id: 'node/problem-condition',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Node'],
  *check(context) {
    for (const node of workingNodes(context)) {
      if (isNew(node, context.now)) continue;
      for (const { type } of node.status?.conditions ?? []) {
        const condition = conditionOf(node, type);
        if (!condition || KNOWN.includes(type) || !isProblem(condition)) continue;
        const name = nodeName(node);
        yield {
          subject: refOf(node),
          causeKey: type,
          ...sinceOf(condition),
          title: `Node ${name} reports ${type}: ${brief(condition.message ?? condition.reason ?? condition.status, 40)}`,
          cause: `Condition ${type} is ${condition.status}${condition.message !== undefined ? `: ${condition.message}` : ''}.`,
          evidence: conditionEvidence(node, condition),
          remediation: [
            {
              text: `Follow the message of the detector; replace the node if it comes again`,
              command: `kubectl describe node ${name}`,
            },
          ],
        };
      }
    }
  },
};

/** By the known meaning of the type; nothing is said about types whose meaning is unknown. */
function isProblem({ type, status }: Condition): boolean {
  return (BAD_WHEN_TRUE.has(type) && status === 'True') || (GOOD_WHEN_TRUE.test(type) && status === 'False');
}
