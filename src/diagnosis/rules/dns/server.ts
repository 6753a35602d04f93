import {
  ageOf,
  conditionAge,
  conditionOf,
  isDeleting,
  isFinished,
  isReady,
  listed,
  ref,
  refOf,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { endpoints, field, listCommand, shown } from '../../evidence.ts';
import { seenCauses } from '../../logs/index.ts';
import type { Draft, Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { draftOf, readLog } from '../log/common.ts';

const NAMESPACE = 'kube-system';

/** The pods that answer for cluster DNS, whatever distribution deployed them. */
export function dnsPods(view: ClusterView): readonly Pod[] {
  return view.inNamespace('Pod', NAMESPACE).filter((pod) => {
    const labels = pod.metadata.labels ?? {};
    const isDns = labels['k8s-app'] === 'kube-dns' || labels['app.kubernetes.io/name'] === 'coredns';
    return isDns && !isFinished(pod) && !isDeleting(pod);
  });
}

/** What deploys cluster DNS, else its Service; undefined in a cluster that has neither. */
function dnsHome(view: ClusterView, pods: readonly Pod[]): ObjectRef | undefined {
  const [pod] = pods;
  if (pod) return view.workload(pod);
  const deployment = ['coredns', 'kube-dns', 'rke2-coredns-rke2-coredns'].find((name) =>
    view.get('Deployment', NAMESPACE, name),
  );
  if (deployment !== undefined) return ref('Deployment', NAMESPACE, deployment);
  return view.get('Service', NAMESPACE, 'kube-dns') ? ref('Service', NAMESPACE, 'kube-dns') : undefined;
}

export const corednsDown: Rule = {
  id: 'dns/coredns-down',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Service', 'EndpointSlice'],
  *check({ view, now }): Generator<Draft> {
    if (!view.isComplete('Pod', NAMESPACE)) return;
    const pods = dnsPods(view);
    const home = dnsHome(view, pods);
    if (!home || isAnsweredElsewhere(view, pods)) return;
    const ready = pods.filter(isReady);
    const settled = pods.filter(
      (pod) => (conditionAge(conditionOf(pod, 'Ready'), now) ?? ageOf(pod, now)) >= grace.notReady,
    );
    const down = settled.filter((pod) => !isReady(pod));
    if (pods.length > 0 && down.length === 0) return;
    const object = view.resolve(home);
    const wanted = (object as { spec?: { replicas?: number } } | undefined)?.spec?.replicas ?? pods.length;
    // Nobody has deployed it yet, or someone just did.
    if (object && ageOf(object, now) < grace.newObject) return;
    const isDown = ready.length === 0;
    const [first] = down;
    const since = first && conditionOf(first, 'Ready')?.lastTransitionTime;
    const service = ref('Service', NAMESPACE, 'kube-dns');
    yield {
      subject: home,
      causeKey: 'dns',
      severity: isDown ? 'critical' : 'warning',
      title: `Cluster DNS is ${isDown ? 'down' : 'degraded'}: ${ready.length} of ${Math.max(wanted, pods.length)} DNS pods are Ready`,
      cause: isDown
        ? `No pod of ${home.kind.toLowerCase()}/${home.name} is Ready, so every name lookup in the cluster fails until one is.`
        : `${listed(down.map((p) => p.metadata.name ?? ''))} not Ready; the others answer all lookups.`,
      ...(since !== undefined && { since }),
      affects: [service],
      causedBy: [...down.map(refOf), ref('ConfigMap', NAMESPACE, 'coredns')],
      evidence: [
        ...(first
          ? ([field(first, '.status.conditions[?(@.type=="Ready")].status')] as const)
          : ([
              shown(
                home,
                'DNS pods',
                'No resources found',
                `${listCommand('Pod', NAMESPACE)} -l k8s-app=kube-dns 2>&1`,
              ),
            ] as const)),
        ...(object && wanted > 0 && home.kind !== 'Service' ? [field(object, '.spec.replicas')] : []),
        ...(view.get('Service', NAMESPACE, 'kube-dns') ? [endpoints(service, 'kube-dns')] : []),
      ],
      remediation: [
        first
          ? {
              text: 'Read why it stops',
              command: `kubectl logs -n ${NAMESPACE} ${first.metadata.name ?? ''} --tail=100`,
            }
          : {
              text: 'See why there are no pods',
              command: `kubectl describe ${home.kind.toLowerCase()} ${home.name} -n ${NAMESPACE}`,
            },
      ],
    };
  },
};

/** A Service kube-dns with ready endpoints answers, whatever its pods are called. */
function isAnsweredElsewhere(view: ClusterView, pods: readonly Pod[]): boolean {
  if (pods.length > 0) return false;
  const slices = view.slices(ref('Service', NAMESPACE, 'kube-dns'));
  type Endpoints = (typeof slices extends readonly (infer S)[] | undefined ? S : never)['endpoints'];
  // A slice without endpoints has null there.
  return (
    slices === undefined ||
    slices.some((s) => ((s.endpoints as Endpoints | null) ?? []).some((e) => e.conditions?.ready !== false))
  );
}

export const corefileBroken: Rule = {
  id: 'dns/corefile-broken',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Log'],
  *check({ view }): Generator<Draft> {
    const servers = new Set(dnsPods(view));
    for (const seen of seenCauses(view, 'dns/corefile-broken')) {
      if (!servers.has(seen.pod)) continue;
      const detail = seen.match.detail ?? seen.match.text;
      const isLoop = detail.startsWith('Loop');
      const line = seen.match.groups.line;
      yield draftOf(seen, seen.evidence, {
        causeKey: isLoop ? 'loop' : detail.replace(/\d+/g, '#').slice(0, 80),
        title: `CoreDNS cannot run its configuration: ${detail}`,
        cause: isLoop
          ? 'The resolver of the node points back to CoreDNS, so that a query would go round for ever and CoreDNS stops.'
          : `The Corefile${line === undefined ? '' : ` has an error at line ${line}, so it`} cannot be used and CoreDNS stops.`,
        causedBy: [ref('ConfigMap', NAMESPACE, 'coredns')],
        remediation: [
          isLoop
            ? {
                text: 'Let forward name real upstream servers instead of /etc/resolv.conf',
                command: `kubectl get configmap coredns -n ${NAMESPACE} -o yaml`,
              }
            : {
                text: 'Restore the last good Corefile',
                command: `kubectl get configmap coredns -n ${NAMESPACE} -o yaml`,
              },
          readLog(seen),
        ],
      });
    }
  },
};
