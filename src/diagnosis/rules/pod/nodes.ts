import {
  conditionOf,
  isDeleting,
  isFinished,
  isReady,
  parseTime,
  ref,
  refOf,
  type Node,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, event, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { titled } from '../container/words.ts';

type Ill = { readonly node?: Node; readonly state: 'gone' | 'silent' | 'not ready' };

/** Nodes that cannot serve, by name; those that do not exist are found on the way. */
function illNode(view: ClusterView, name: string): Ill | undefined {
  const found = view.find('Node', undefined, name);
  if (found.state === 'absent') return { state: 'gone' };
  if (found.state === 'unknown') return undefined;
  const status = conditionOf(found.object, 'Ready')?.status;
  if (status === 'Unknown') return { node: found.object, state: 'silent' };
  return status === 'False' ? { node: found.object, state: 'not ready' } : undefined;
}

function* podsOnIllNodes(view: ClusterView): Generator<{ pod: Pod; name: string; ill: Ill }> {
  const ill = new Map<string, Ill | undefined>();
  for (const pod of view.all('Pod')) {
    const name = pod.spec?.nodeName;
    if (name === undefined || isFinished(pod)) continue;
    if (!ill.has(name)) ill.set(name, illNode(view, name));
    const is = ill.get(name);
    if (is) yield { pod, name, ill: is };
  }
}

const LOST = new Set(['DeletionByTaintManager', 'TerminationByKubelet', 'DeletionByPodGC']);
const LOST_STATUS = new Set(['NodeLost', 'Terminated', 'NodeShutdown']);

/** True when a pod is kept on a node that does not answer, and cannot be replaced or is waited for. */
function isLost(view: ClusterView, pod: Pod, ill: Ill): boolean {
  if (ill.state === 'not ready' || view.owners(pod)[0]?.kind === 'DaemonSet') return false;
  const target = conditionOf(pod, 'DisruptionTarget');
  // A drain is meant.
  if (target?.reason === 'EvictionByEvictionAPI') return false;
  return (
    isDeleting(pod) ||
    LOST.has(target?.reason ?? '') ||
    LOST_STATUS.has(pod.status?.reason ?? '') ||
    (conditionOf(pod, 'Ready')?.status === 'False' && view.events(pod, 'NodeNotReady').length > 0)
  );
}

function nodeEvidence(name: string, { node }: Ill) {
  return node
    ? field(node, '.status.conditions[?(@.type=="Ready")].status', conditionOf(node, 'Ready')?.lastTransitionTime)
    : absence('Node', undefined, name);
}

export const lostWithNode: Rule = {
  id: 'pod/lost-with-node',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Node'],
  *check({ view }) {
    for (const { pod, name, ill } of podsOnIllNodes(view)) {
      if (!isLost(view, pod, ill)) continue;
      const workload = view.workload(pod);
      const said = view.events(pod, 'NodeNotReady', 'TaintManagerEviction').at(-1);
      const what = ill.node ? 'stopped answering' : 'does not exist any more';
      const isStateful = workload.kind === 'StatefulSet';
      yield {
        subject: refOf(pod),
        causeKey: name,
        ...sinceOf(ill.node),
        title: titled(`${workload.name} has a pod stuck on node ${name}, which ${what}`),
        cause:
          `Node ${name} ${what}, so nobody can say whether the pod still runs there. ` +
          (isStateful
            ? 'A StatefulSet does not replace it before that is known.'
            : 'It stays until the node returns or is removed.'),
        causedBy: [ref('Node', undefined, name)],
        evidence: [
          nodeEvidence(name, ill),
          field(pod, '.spec.nodeName'),
          ...(isDeleting(pod) ? [field(pod, '.metadata.deletionTimestamp')] : []),
          ...(said ? [event(said)] : []),
        ],
        remediation: [
          { text: 'Repair the node, or remove it', command: `kubectl get node ${name} -o wide` },
          {
            text: 'Only when the machine is certainly off, let its volumes and pods go',
            command: `kubectl taint node ${name} node.kubernetes.io/out-of-service=nodeshutdown:NoExecute`,
          },
        ],
      };
    }
  },
};

export const onUnhealthyNode: Rule = {
  id: 'pod/on-unhealthy-node',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Node'],
  *check({ view }) {
    for (const { pod, name, ill } of podsOnIllNodes(view)) {
      if (!ill.node || isReady(pod) || isDeleting(pod) || isLost(view, pod, ill)) continue;
      const ready = conditionOf(ill.node, 'Ready');
      const fell = parseTime(ready?.lastTransitionTime);
      const podFell = parseTime(conditionOf(pod, 'Ready')?.lastTransitionTime);
      // What was not Ready before the node fell has a cause of its own.
      if (fell !== undefined && podFell !== undefined && podFell < fell - 60_000) continue;
      const workload = view.workload(pod);
      yield {
        subject: refOf(pod),
        causeKey: name,
        ...sinceOf(ill.node),
        title: titled(`${workload.name} has pods that are not Ready, because node ${name} is not`),
        cause: `Node ${name} reports Ready=${ready?.status ?? ''} (${ready?.reason ?? ''}); the pods follow it and need no change.`,
        causedBy: [ref('Node', undefined, name)],
        evidence: [
          nodeEvidence(name, ill),
          field(ill.node, '.status.conditions[?(@.type=="Ready")].reason'),
          field(pod, '.spec.nodeName'),
        ],
        remediation: [{ text: 'Repair the node', command: `kubectl describe node ${name}` }],
      };
    }
  },
};

function sinceOf(node: Node | undefined): { since?: string } {
  const since = node && conditionOf(node, 'Ready')?.lastTransitionTime;
  return since === undefined ? {} : { since };
}

const HOLD_EVENTS = ['FailedKillPod', 'FailedPreStopHook', 'UnfinishedPreStopHook', 'FailedUnMount'] as const;

export const stuckTerminating: Rule = {
  id: 'pod/stuck-terminating',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Node', 'Event'],
  *check({ view, now }) {
    for (const pod of view.all('Pod')) {
      // The time of deletion holds the grace period already.
      const due = parseTime(pod.metadata.deletionTimestamp);
      if (due === undefined || now - due < 300_000) continue;
      const { finalizers = [] } = pod.metadata;
      const nodeName = pod.spec?.nodeName ?? '';
      const ill = nodeName === '' ? undefined : illNode(view, nodeName);
      const said = view.events(pod, ...HOLD_EVENTS).at(-1);
      const holder =
        finalizers.length > 0
          ? {
              key: finalizers.join(','),
              title: `finalizer ${finalizers.join(', ')}`,
              cause: `finalizer ${finalizers.join(', ')} is not removed by its controller`,
            }
          : ill
            ? {
                key: nodeName,
                title: `its node ${nodeName}`,
                cause: `node ${nodeName} does not confirm that the pod has stopped`,
              }
            : said && {
                key: said.reason ?? '',
                title: said.reason ?? '',
                cause: `the kubelet cannot finish it (${said.reason ?? ''})`,
              };
      if (!holder) continue;
      const workload = view.workload(pod);
      yield {
        subject: refOf(pod),
        causeKey: holder.key,
        since: new Date(due).toISOString(),
        title: titled(`A pod of ${workload.name} does not go away: ${holder.title} holds it`),
        cause: `It should have ended at its deletionTimestamp, which holds its grace period, and ${holder.cause}.`,
        ...(ill && { causedBy: [ref('Node', undefined, nodeName)] }),
        evidence: [
          field(pod, '.metadata.deletionTimestamp'),
          ...(finalizers.length > 0 ? [field(pod, '.metadata.finalizers')] : []),
          ...(ill ? [nodeEvidence(nodeName, ill)] : []),
          ...(said ? [event(said)] : []),
        ],
        remediation: [
          finalizers.length > 0
            ? {
                text: 'Find the controller that owns the finalizer and see why it does not act',
                command: `kubectl get pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -o jsonpath='{.metadata.finalizers}'`,
              }
            : {
                text: 'Repair the node, its runtime or its volume plugin',
                command: `kubectl describe node ${nodeName}`,
              },
        ],
      };
    }
  },
};
