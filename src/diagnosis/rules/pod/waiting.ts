import {
  conditionAge,
  conditionOf,
  containersOf,
  count,
  isReady,
  ref,
  refOf,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { probeBudgetMs } from '../container/ends.ts';
import { eventsAreKnown } from '../container/runs.ts';
import { onset, titled, withoutIdentity } from '../container/words.ts';
import { failingProbes } from '../probe/failures.ts';
import { inStartupGrace } from './grace.ts';

const HOLDS: Readonly<Record<string, string>> = {
  FailedMount: 'a volume cannot be mounted',
  FailedMapVolume: 'a volume cannot be mapped',
  FailedAttachVolume: 'a volume cannot be attached',
  FailedCreatePodSandBox: 'its network sandbox cannot be created',
  FailedCreatePodContainer: 'its sandbox cannot be created',
  FailedSync: 'the kubelet cannot bring it up',
  NetworkNotReady: 'the network of the node is not ready',
  FailedPrepareDynamicResources: 'a device cannot be prepared',
};

/** A summary of what other events say in detail. */
const SUMMARY = /unable to attach or mount volumes|timed out waiting for the condition|error processing PVC/i;

export const stuckCreating: Rule = {
  id: 'pod/stuck-creating',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      if (pod.status?.phase !== 'Pending' || conditionOf(pod, 'PodScheduled')?.status !== 'True') continue;
      const age = conditionAge(conditionOf(pod, 'PodScheduled'), now) ?? 0;
      if (age < grace.creating || !isCreating(pod) || isPulling(view, pod)) continue;
      const known = Object.keys(HOLDS);
      const warnings = view.events(pod, ...known);
      const said = warnings.findLast((e) => !SUMMARY.test(e.message ?? '')) ?? warnings.at(-1);
      if (!said && (age < 300_000 || view.events(pod).length > 0 || !eventsAreKnown(view, pod.metadata.namespace)))
        continue;
      const { nodeName = '' } = pod.spec ?? {};
      const { name } = view.workload(pod);
      yield {
        subject: refOf(pod),
        causeKey: said ? `${said.reason ?? ''} ${withoutIdentity(said.message ?? '', pod)}` : 'silent',
        ...onset(conditionOf(pod, 'PodScheduled')?.lastTransitionTime),
        title: titled(
          said
            ? `${name} cannot start its containers: ${HOLDS[said.reason ?? ''] ?? ''}`
            : `${name} waits for its containers, and the kubelet of ${nodeName} says nothing about it`,
        ),
        cause: said
          ? `The node accepted the pod and cannot prepare it: ${withoutIdentity(said.message ?? '', pod)}`
          : `The pod was given to node ${nodeName}, whose kubelet has reported no step of its start.`,
        causedBy: [...(nodeName === '' ? [] : [ref('Node', undefined, nodeName)]), ...claimsOf(pod)],
        evidence: [
          said ? event(said) : field(pod, '.status.phase'),
          field(pod, '.status.conditions[?(@.type=="PodScheduled")].lastTransitionTime'),
          field(pod, '.spec.nodeName'),
        ],
        remediation: said
          ? [
              {
                text: 'Read all events of the pod, and correct the volume, network or device that they name',
                command: `kubectl describe pod ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''}`,
              },
            ]
          : [{ text: 'See whether the kubelet of the node reports', command: `kubectl get node ${nodeName} -o wide` }],
      };
    }
  },
};

function isCreating(pod: Pod): boolean {
  const states = containersOf(pod).map((c) => c.status?.state);
  const isWaiting = states.some((s) => /^(ContainerCreating|PodInitializing)$/.test(s?.waiting?.reason ?? ''));
  return (
    isWaiting &&
    states.every((s) => s?.running === undefined && s?.terminated === undefined && !isOtherWait(s?.waiting?.reason))
  );
}

function isOtherWait(reason: string | undefined): boolean {
  return reason !== undefined && !/^(ContainerCreating|PodInitializing)$/.test(reason);
}

/** An image on its way: pulling was said, and neither an end nor a failure since. */
function isPulling(view: ClusterView, pod: Pod): boolean {
  const last = view.events(pod, 'Pulling', 'Pulled', 'Failed').at(-1);
  return last?.reason === 'Pulling';
}

function claimsOf(pod: Pod) {
  return (pod.spec?.volumes ?? []).flatMap((v) =>
    v.persistentVolumeClaim
      ? [ref('PersistentVolumeClaim', pod.metadata.namespace, v.persistentVolumeClaim.claimName)]
      : [],
  );
}

export const readinessGate: Rule = {
  id: 'pod/readiness-gate',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      const gates = pod.spec?.readinessGates ?? [];
      const ready = conditionOf(pod, 'Ready');
      if (gates.length === 0 || ready?.status !== 'False' || ready.reason !== 'ReadinessGatesNotReady') continue;
      if (conditionOf(pod, 'ContainersReady')?.status !== 'True') continue;
      const gate = gates.find((g) => conditionOf(pod, g.conditionType)?.status !== 'True')?.conditionType;
      if (gate === undefined || (conditionAge(ready, now) ?? 0) < grace.creating) continue;
      const { name } = view.workload(pod);
      const condition = conditionOf(pod, gate);
      yield {
        subject: refOf(pod),
        causeKey: gate,
        ...onset(ready.lastTransitionTime),
        title: titled(`${name} runs but waits for readiness gate ${gate}`),
        cause: condition
          ? `All containers are ready, and the controller that owns condition ${gate} has it at ${condition.status}.`
          : `All containers are ready, and no controller has ever set condition ${gate}: it is late, or not installed here.`,
        evidence: [
          field(pod, '.status.conditions[?(@.type=="Ready")].message', ready.lastTransitionTime),
          field(pod, '.spec.readinessGates'),
          ...(condition ? [field(pod, `.status.conditions[?(@.type=="${gate}")].status`)] : []),
        ],
        remediation: [
          { text: `Find the controller that sets ${gate} and read its log; a gate copied from elsewhere has none` },
          ...(/target-health/.test(gate) ? [{ text: 'See whether the load balancer counts the pod as healthy' }] : []),
        ],
      };
    }
  },
};

export const notReady: Rule = {
  id: 'pod/not-ready',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now, settings }) {
    let explained: ReadonlySet<string | undefined> | undefined;
    for (const pod of livePods(view)) {
      if (pod.status?.phase !== 'Running' || isReady(pod)) continue;
      const ready = conditionOf(pod, 'Ready');
      const containers = containersOf(pod);
      const age = conditionAge(ready, now) ?? 0;
      if (ready?.status !== 'False' || conditionOf(pod, 'ContainersReady')?.status === 'True') continue;
      if (containers.some((c) => c.role !== 'init' && c.status?.state?.running === undefined)) continue;
      const budget = Math.max(
        0,
        ...containers.map((c) => budgetOf(c.spec.readinessProbe) + budgetOf(c.spec.startupProbe)),
      );
      if (age < Math.max(grace.creating, budget + grace.notReady) || inStartupGrace(settings, view, pod, now)) continue;
      explained ??= new Set(failingProbes(view, settings).map((p) => p.pod.metadata.uid));
      const unready = containers.filter((c) => c.status?.ready === false).map((c) => c.name);
      const [first] = unready;
      if (explained.has(pod.metadata.uid) || isNodeIll(view, pod) || first === undefined) continue;
      const { name } = view.workload(pod);
      yield {
        subject: refOf(pod),
        causeKey: unready.join(','),
        ...onset(ready.lastTransitionTime),
        title: titled(
          `${name} runs but is not Ready: ${count(unready.length, 'container')} ${unready.join(', ')} not ready`,
        ),
        cause: `Container ${first} runs and reports not ready, and no event of the last two hours tells why; its readiness probe or the application decides.`,
        evidence: [
          field(pod, '.status.conditions[?(@.type=="Ready")].message', ready.lastTransitionTime),
          ...containers
            .filter((c) => c.name === first)
            .flatMap((c) => [
              field(pod, `${c.statusPath}.ready`),
              ...(c.spec.readinessProbe ? [field(pod, `${c.specPath}.readinessProbe`)] : []),
            ]),
        ],
        remediation: [
          {
            text: 'Read what it does',
            command: `kubectl logs ${pod.metadata.name ?? ''} -n ${pod.metadata.namespace ?? ''} -c ${first} --tail=100`,
          },
        ],
      };
    }
  },
};

function budgetOf(probe: Parameters<typeof probeBudgetMs>[0] | undefined): number {
  return probe ? probeBudgetMs(probe) : 0;
}

function isNodeIll(view: ClusterView, pod: Pod): boolean {
  const node = view.get('Node', undefined, pod.spec?.nodeName ?? '');
  return node !== undefined && conditionOf(node, 'Ready')?.status !== 'True';
}

const RESIZE = ['Infeasible', 'Deferred'] as const;

export const resizeNotApplied: Rule = {
  id: 'pod/resize-not-applied',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      const pending = conditionOf(pod, 'PodResizePending');
      const running = conditionOf(pod, 'PodResizeInProgress');
      const failed = running?.status === 'True' && running.reason === 'Error' ? running : undefined;
      const held = pending?.status === 'True' && RESIZE.some((r) => r === pending.reason) ? pending : undefined;
      const condition = failed ?? held;
      if (!condition) continue;
      if (condition.reason === 'Deferred' && (conditionAge(condition, now) ?? 0) < 300_000) continue;
      const { name } = view.workload(pod);
      const nodeName = pod.spec?.nodeName ?? '';
      const reason = condition.reason ?? '';
      const what =
        reason === 'Infeasible'
          ? {
              title: `node ${nodeName} can never give so much`,
              step: 'Change the template instead, so that a new pod is placed elsewhere',
            }
          : reason === 'Deferred'
            ? { title: `node ${nodeName} has no room now`, step: `Free room on node ${nodeName}, or wait` }
            : { title: 'the runtime could not apply it', step: 'Ask for a limit above present use' };
      const at = `.status.conditions[?(@.type=="${condition.type}")]`;
      yield {
        subject: refOf(pod),
        causeKey: `${reason} ${nodeName}`,
        ...onset(condition.lastTransitionTime),
        title: titled(`The resize of a pod of ${name} is not applied: ${what.title}`),
        cause: `The resources that its spec asks for are not those it has: ${withoutIdentity(condition.message ?? reason, pod)}.`,
        evidence: [field(pod, `${at}.reason`), field(pod, `${at}.message`), field(pod, '.spec.nodeName')],
        remediation: [{ text: what.step, command: `kubectl describe node ${nodeName}` }],
      };
    }
  },
};
