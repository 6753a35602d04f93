import {
  containersOf,
  formatDuration,
  isReady,
  oneLine,
  parseTime,
  ref,
  refOf,
  type ContainerView,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';

/** A component renews its Lease every few seconds; its own deadline for giving up is 10 s. */
const STALE_MS = 60_000;

const COMPONENTS = ['kube-controller-manager', 'kube-scheduler'] as const;

const FOLLOWS = {
  'kube-controller-manager': 'nothing is rolled out, replaced or cleaned up',
  'kube-scheduler': 'new pods stay Pending',
} as const;

export const leaseStale: Rule = {
  id: 'controlplane/lease-stale',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Lease'],
  *check({ view, now }) {
    for (const component of COMPONENTS) {
      // A control plane that is run for us shows no Lease.
      const lease = view.get('Lease', 'kube-system', component);
      const renewed = parseTime(lease?.spec?.renewTime);
      if (!lease || renewed === undefined || now - renewed <= STALE_MS) continue;
      const age = formatDuration(now - renewed);
      const holder = lease.spec?.holderIdentity ?? '';
      yield {
        subject: refOf(lease),
        causeKey: component,
        title: `${component} has had no active leader for ${age}`,
        cause: `${holder === '' ? 'Nobody holds' : `${holder} holds`} the Lease ${component} and has not renewed it for ${age}: the component is down or does not reach the API server, so ${FOLLOWS[component]}.`,
        since: new Date(renewed).toISOString(),
        causedBy: componentPods(view, component).map(refOf),
        evidence: [
          field(lease, '.spec.renewTime'),
          ...(holder === '' ? [] : [field(lease, '.spec.holderIdentity')]),
          field(lease, '.metadata.name'),
        ],
        remediation: [
          {
            text: `See how the pods of ${component} are; where they are no pods, look at its service on the control-plane nodes`,
            command: `kubectl get pods -n kube-system -l component=${component}`,
          },
        ],
      };
    }
  },
};

function componentPods(view: ClusterView, component: string): readonly Pod[] {
  return view
    .inNamespace('Pod', 'kube-system')
    .filter((pod) => pod.metadata.labels?.component === component || pod.metadata.name?.startsWith(`${component}-`));
}

const MIRROR = 'kubernetes.io/config.mirror';
const RECENT_MS = 3_600_000;
const SHORT_RUN_MS = 600_000;

/** Why a container of a static pod counts as failing; an upgrade restarts it once after a long run. */
function failureOf(c: ContainerView, now: number): { readonly text: string; readonly path: string } | undefined {
  const { state, lastState, ready } = c.status ?? {};
  const waiting = state?.waiting;
  const ended = state?.terminated ?? lastState?.terminated;
  const endPath = `${c.statusPath}.${state?.terminated ? 'state' : 'lastState'}.terminated.exitCode`;
  const exit = ended && { text: `exit code ${ended.exitCode}`, path: endPath };
  if (waiting && waiting.reason !== 'ContainerCreating' && waiting.reason !== 'PodInitializing')
    return (
      exit ?? { text: oneLine(waiting.message ?? waiting.reason ?? '', 120), path: waitingPath(c, waiting.message) }
    );
  if (!ended || ended.exitCode === 0) return undefined;
  if (state?.terminated && ready !== true) return exit;
  const finished = parseTime(ended.finishedAt) ?? 0;
  const ran = finished - (parseTime(ended.startedAt) ?? finished);
  return now - finished < RECENT_MS && ran < SHORT_RUN_MS ? exit : undefined;
}

function waitingPath(c: ContainerView, message: string | undefined): string {
  return `${c.statusPath}.state.waiting.${message === undefined ? 'reason' : 'message'}`;
}

export const staticPodCrash: Rule = {
  id: 'controlplane/static-pod-crash',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      const { name = '', namespace, annotations } = pod.metadata;
      if (namespace !== 'kube-system' || annotations?.[MIRROR] === undefined) continue;
      for (const c of containersOf(pod)) {
        const failure = failureOf(c, now);
        if (!failure) continue;
        const node = pod.spec?.nodeName ?? '';
        yield {
          subject: refOf(pod),
          container: c.name,
          causeKey: failure.text,
          severity: isReady(pod) ? 'warning' : 'critical',
          title: oneLine(`Control-plane pod ${name} on ${node} fails: ${failure.text}`, 90),
          cause: `Container ${c.name} ended with ${failure.text}; the kubelet of ${node} starts it again from its manifest. A wrong flag, a certificate or etcd are the usual reasons, and its log tells which.`,
          evidence: [
            field(pod, failure.path),
            field(pod, `${c.statusPath}.restartCount`),
            field(pod, '.spec.nodeName'),
          ],
          causedBy: [ref('Node', undefined, node)],
          remediation: [
            {
              text: 'Read why it ended',
              command: `kubectl logs ${name} -n kube-system -c ${c.name} --previous --tail=50`,
            },
            {
              text: `Correct its manifest in /etc/kubernetes/manifests on ${node}; deleting the mirror pod does nothing`,
            },
          ],
        };
      }
    }
  },
};
