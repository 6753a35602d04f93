import { eventTime } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionAge,
  conditionOf,
  groupBy,
  isDeleting,
  isFinished,
  oneLine,
  ref,
  refOf,
  type KubeEvent,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { normalised, title } from '../log/common.ts';

const EXHAUSTED =
  /failed to assign an IP address|no IP addresses available|IPAM.{0,200}(?:exhausted|no.{0,60}available)|range .{0,200} full|no more (?:free )?IPs|InsufficientFreeAddresses/i;
const CNI_ABSENT =
  /cni plugin not initialized|cni config uninitialized|NetworkPluginNotReady|no networks found in \/etc\/cni/i;
const RUNTIME_CLASS = /no runtime for "[^"]{1,200}" is configured|RuntimeClass|runtime handler/i;

/** The last failure to make a pod's sandbox, of a pod that still waits for one. */
function failureOf(view: ClusterView, pod: Pod): KubeEvent | undefined {
  if (pod.status?.phase !== 'Pending' || pod.spec?.nodeName === undefined) return undefined;
  const isWaiting = [...(pod.status.initContainerStatuses ?? []), ...(pod.status.containerStatuses ?? [])].every(
    (s) => !s.state?.running && !s.state?.terminated,
  );
  if (!isWaiting || pod.status.podIP !== undefined) return undefined;
  return view.events(pod, 'FailedCreatePodSandBox').at(-1);
}

export const sandboxFailed: Rule = {
  id: 'network/sandbox-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }): Generator<Draft> {
    for (const pod of livePods(view)) {
      const failed = failureOf(view, pod);
      const message = failed?.message ?? '';
      if (!failed || [EXHAUSTED, CNI_ABSENT, RUNTIME_CLASS].some((text) => text.test(message))) continue;
      const times = failed.series?.count ?? failed.count ?? 1;
      if (times < 3 && ageOf(pod, now) < 60_000) continue;
      const node = pod.spec?.nodeName ?? '';
      const workload = view.workload(pod);
      const detail = detailOf(message);
      yield {
        subject: refOf(pod),
        causeKey: `${node} ${normalised(detail)}`,
        title: title(`${workload.name} gets no network sandbox on ${node}: ${detail}`),
        cause: `The network plugin or the runtime on node ${node} failed to set up the pod, so none of its containers starts.`,
        ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
        causedBy: [ref('Node', undefined, node), ...agentsOf(view)],
        evidence: [event(failed), field(pod, '.spec.nodeName')],
        remediation: [
          {
            text: 'See the network agent and the other pods of the node',
            command: `kubectl get pods -n kube-system -o wide --field-selector spec.nodeName=${node}`,
          },
        ],
      };
    }
  },
};

/** The innermost words: what stands behind the last `: ` pair that still says something. */
function detailOf(message: string): string {
  const plain = oneLine(message.replace(/"[0-9a-f]{32,}"/g, '').replace(/^Failed to create pod sandbox: /, ''), 400);
  const parts = plain.split(': ');
  return parts.length > 2 ? parts.slice(-2).join(': ') : plain;
}

function agentsOf(view: ClusterView) {
  return view
    .all('DaemonSet')
    .flatMap((d) => (networkAgent(d.metadata.labels, d.metadata.name) === undefined ? [] : [refOf(d)]));
}

/** Labels and names by which the agents of common network plugins are known. */
const AGENTS = new Set([
  'calico-node',
  'cilium',
  'kube-flannel',
  'kube-flannel-ds',
  'flannel',
  'aws-node',
  'antrea-agent',
  'antrea',
  'weave-net',
  'kindnet',
  'ovnkube-node',
  'canal',
  'azure-cni',
  'azure-npm',
  'kube-router',
]);

export function networkAgent(
  labels: Readonly<Record<string, string>> | undefined,
  name: string | undefined,
): string | undefined {
  return [labels?.['k8s-app'], labels?.['app'], name].find((n) => n !== undefined && AGENTS.has(n));
}

export const ipExhausted: Rule = {
  id: 'network/ip-exhausted',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }): Generator<Draft> {
    let addressed: ReadonlyMap<string, readonly Pod[]> | undefined;
    for (const pod of livePods(view)) {
      const failed = failureOf(view, pod);
      const words = EXHAUSTED.exec(failed?.message ?? '')?.[0];
      if (!failed || words === undefined) continue;
      const name = pod.spec?.nodeName ?? '';
      const node = view.get('Node', undefined, name);
      addressed ??= podsWithAddress(view);
      const others = addressed.get(name)?.length ?? 0;
      const range = node?.spec?.podCIDR;
      yield {
        subject: refOf(pod),
        causeKey: name,
        title: title(`No pod IP address is left on ${name}: ${words}`),
        cause: `The address range${range === undefined ? '' : ` ${range}`} that serves node ${name} is used up, where ${others} pods have an address; the pods of ${view.workload(pod).name} wait for one.`,
        ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
        causedBy: [ref('Node', undefined, name)],
        evidence: [
          event(failed),
          field(pod, '.spec.nodeName'),
          ...(node && range !== undefined ? [field(node, '.spec.podCIDR')] : []),
        ],
        remediation: [
          {
            text: 'See which pods of the node hold addresses',
            command: `kubectl get pods -A -o wide --field-selector spec.nodeName=${name}`,
          },
          { text: 'Enlarge the range or the pool, or lower the pods per node' },
        ],
      };
    }
  },
};

/** Pods that hold an address of the pod network, by node. */
function podsWithAddress(view: ClusterView): ReadonlyMap<string, readonly Pod[]> {
  const holding = view
    .all('Pod')
    .filter((p) => p.spec?.hostNetwork !== true && p.status?.podIP !== undefined && !isFinished(p));
  return groupBy(holding, (p) => p.spec?.nodeName ?? '');
}

export const cniNotReady: Rule = {
  id: 'network/cni-not-ready',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Node', 'Pod', 'Event'],
  *check({ view, now }): Generator<Draft> {
    const told = eventsByNode(view);
    for (const node of view.all('Node')) {
      if (isDeleting(node) || ageOf(node, now) < grace.newNode) continue;
      const name = node.metadata.name ?? '';
      const ready = conditionOf(node, 'Ready');
      const isAbsent =
        ready?.status === 'False' &&
        CNI_ABSENT.test(ready.message ?? '') &&
        (conditionAge(ready, now) ?? 0) >= grace.creating;
      // An event alone counts only while the pod still waits and the node does not say that it is ready.
      const said = isAbsent || ready?.status === 'True' ? undefined : told.get(name);
      if (!isAbsent && !said) continue;
      yield {
        subject: refOf(node),
        causeKey: 'cni',
        title: title(
          `Node ${name} has no working pod network: ${isAbsent ? messageOf(ready.message) : messageOf(said?.message)}`,
        ),
        cause: `The network plugin's configuration is absent on node ${name}: its agent has not started there, or was removed. Pods that are scheduled to it do not start.`,
        ...(ready?.lastTransitionTime !== undefined && { since: ready.lastTransitionTime }),
        causedBy: agentsOf(view),
        evidence: [
          ...(isAbsent
            ? ([field(node, '.status.conditions[?(@.type=="Ready")].message')] as const)
            : said
              ? ([event(said)] as const)
              : ([field(node, '.metadata.name')] as const)),
        ],
        remediation: [
          {
            text: 'Look at the network agent on the node',
            command: `kubectl get pods -A -o wide --field-selector spec.nodeName=${name}`,
          },
        ],
      };
    }
  },
};

function eventsByNode(view: ClusterView): ReadonlyMap<string, KubeEvent> {
  const found = new Map<string, KubeEvent>();
  for (const pod of livePods(view)) {
    if (pod.status?.phase !== 'Pending' || pod.spec?.nodeName === undefined) continue;
    const e = view.events(pod, 'NetworkNotReady').at(-1);
    const before = found.get(pod.spec.nodeName);
    if (e && (!before || (eventTime(before) ?? 0) < (eventTime(e) ?? 0))) found.set(pod.spec.nodeName, e);
  }
  return found;
}

function messageOf(text: string | undefined): string {
  return CNI_ABSENT.exec(text ?? '')?.[0] ?? oneLine(text ?? '', 60);
}
