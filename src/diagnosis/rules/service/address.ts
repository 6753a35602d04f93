import {
  ageOf,
  conditionOf,
  count,
  formatDuration,
  isReady,
  listed,
  oneLine,
  refOf,
  type KubeObject,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { grace } from '../../settings.ts';
import { event, field, getCommand, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { backends, countTargets, hasSelector, isHeadless, type SliceEndpoint } from './backends.ts';

function wantsLoadBalancer(service: Service): boolean {
  return service.spec?.type === 'LoadBalancer' && (service.status?.loadBalancer?.ingress ?? []).length === 0;
}

const LB_FAILED = [
  'SyncLoadBalancerFailed',
  'UnAvailableLoadBalancer',
  'AllocationFailed',
  'FailedBuildModel',
  'FailedDeployModel',
];

/** Programs that give addresses to Services, by the names of their workloads. */
const LB_CONTROLLERS =
  /metallb|kube-vip|cloud-controller-manager|servicelb|svclb|cilium-operator|aws-load-balancer|openelb/;

export const loadBalancerPending: Rule = {
  id: 'service/lb-pending',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Service', 'Event'],
  *check({ view, now }) {
    for (const service of view.all('Service')) {
      const age = ageOf(service, now);
      if (!wantsLoadBalancer(service) || age < grace.address) continue;
      // A class of its own has a controller that reports elsewhere; a warning event is a finding of its own.
      if (service.spec?.loadBalancerClass !== undefined || view.events(service).some((e) => e.type === 'Warning'))
        continue;
      const { name = '', namespace, creationTimestamp } = service.metadata;
      const controllers = loadBalancerControllers(view);
      yield {
        subject: refOf(service),
        causeKey: '',
        title: oneLine(`Service ${name} (LoadBalancer) has had no address for ${formatDuration(age)}`, 90),
        cause:
          controllers.length > 0
            ? `No controller has given it an address and none says why; ${listed(controllers.map((c) => c.metadata.name ?? ''))} may not have seen it.`
            : 'No load-balancer controller has given it an address, and none is seen in the cluster: local and bare-metal clusters have none by default.',
        ...(creationTimestamp !== undefined && { since: creationTimestamp }),
        evidence: [
          field(service, '.spec.type'),
          field(service, '.status.loadBalancer'),
          ...controllers.slice(0, 3).map((c) => field(c, '.metadata.name')),
        ],
        remediation: [
          {
            text: 'Install a load-balancer controller, or use an Ingress or type NodePort; local clusters have a tunnel',
          },
          { text: 'See what was reported', command: `kubectl describe service ${name}${inNamespace(namespace)}` },
        ],
      };
    }
  },
};

function loadBalancerControllers(view: ClusterView): readonly KubeObject[] {
  return [...view.all('Deployment'), ...view.all('DaemonSet')].filter((w) =>
    LB_CONTROLLERS.test(w.metadata.name ?? ''),
  );
}

export const loadBalancerFailed: Rule = {
  id: 'service/lb-failed',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Service', 'Event'],
  *check({ view }) {
    for (const service of view.all('Service')) {
      if (service.spec?.type !== 'LoadBalancer') continue;
      const ports = conditionOf(service, 'LoadBalancerPortsError');
      const failed = view.events(service, ...LB_FAILED).at(-1);
      const later = failed && view.events(service, 'EnsuredLoadBalancer').at(-1);
      const isOvercome =
        !wantsLoadBalancer(service) || (later && (eventTime(later) ?? 0) > (eventTime(failed) ?? 0)) === true;
      const hasPortsError = ports?.status === 'True';
      if (!hasPortsError && (!failed || isOvercome)) continue;
      const { name = '', namespace, annotations } = service.metadata;
      const message = hasPortsError ? (ports.message ?? ports.reason ?? '') : (failed?.message ?? '');
      yield {
        subject: refOf(service),
        causeKey: hasPortsError ? 'LoadBalancerPortsError' : (failed?.reason ?? ''),
        title: oneLine(`Load balancer of Service ${name} failed: ${message}`, 90),
        cause: `The provider refused the load balancer: ${oneLine(message)}. Without it nothing from outside reaches the Service.`,
        evidence: [
          hasPortsError || !failed
            ? field(service, '.status.conditions[?(@.type=="LoadBalancerPortsError")].message')
            : event(failed),
          field(service, '.spec.type'),
        ],
        remediation: [
          {
            text: `Correct what the message names${annotations ? ' (the annotations of the Service configure the provider)' : ''}`,
            command: `kubectl describe service ${name}${inNamespace(namespace)}`,
          },
        ],
      };
    }
  },
};

const ALLOCATION =
  /^(ClusterIPNotAllocated|ClusterIPAlreadyAllocated|ClusterIPOutOfRange|IPAddressNotAllocated|IPAddressAlreadyAllocated|IPAddressWrongReference|PortNotAllocated|PortAlreadyAllocated|PortOutOfRange)$/;

export const allocationError: Rule = {
  id: 'service/allocation-error',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Service', 'Event'],
  *check({ view }) {
    for (const service of view.all('Service')) {
      const last = view.events(service).findLast((e) => ALLOCATION.test(e.reason ?? ''));
      // The repair loop tells what it has just put right.
      if (!last || /repairing/i.test(last.message ?? '')) continue;
      const { name = '' } = service.metadata;
      yield {
        subject: refOf(service),
        causeKey: last.reason ?? '',
        title: oneLine(`Service ${name} has an address problem: ${last.message ?? ''}`, 90),
        cause: `The API server reports ${oneLine(last.message ?? '')}: the range is full, or two Services have the same address or port.`,
        evidence: [event(last), field(service, '.spec.clusterIP')],
        remediation: [
          { text: 'See which Service has the address', command: 'kubectl get services -A -o wide' },
          { text: 'Make the Service anew without a fixed clusterIP or nodePort, or add a range with a ServiceCIDR' },
        ],
      };
    }
  },
};

const familyOf = (ip: string): 'IPv4' | 'IPv6' => (ip.includes(':') ? 'IPv6' : 'IPv4');

function familiesOf(pod: Pod): readonly string[] {
  const ips = pod.status?.podIPs?.map((p) => p.ip) ?? [pod.status?.podIP ?? ''];
  return ips.filter((ip) => ip !== '').map(familyOf);
}

export const ipFamilyMismatch: Rule = {
  id: 'service/ip-family-mismatch',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Service', 'Pod'],
  *check({ view }) {
    for (const { service, ref, pods } of backends(view).values()) {
      const families = service.spec?.ipFamilies ?? [];
      const running = pods.filter((pod) => isReady(pod) && familiesOf(pod).length > 0);
      const [pod] = running;
      if (!pod || !hasSelector(service)) continue;
      const missing = families.filter((family) => running.every((p) => !familiesOf(p).includes(family)));
      // PreferDualStack takes what there is.
      const isTolerated = service.spec?.ipFamilyPolicy === 'PreferDualStack' && missing.length < families.length;
      if (missing.length === 0 || isTolerated) continue;
      const have = listed([...new Set(familiesOf(pod))]);
      yield {
        subject: ref,
        causeKey: missing.join(','),
        title: oneLine(`Service ${ref.name} asks for ${listed(families)}, its pods have ${have}`, 90),
        cause: `No pod of the Service has an ${listed(missing)} address, so clients of that family find no endpoint.`,
        evidence: [field(pod, '.status.podIP'), ...families.map((_, i) => field(service, `.spec.ipFamilies[${i}]`))],
        remediation: [
          {
            text: `Use the family of the pods (${have}): ipFamilies cannot be changed in place for the first family, so make the Service anew`,
            command: `${getCommand(ref)} -o yaml`,
          },
        ],
      };
    }
  },
};

/** Traffic that stays on its node finds nothing where no endpoint runs. */
export const localPolicyNoEndpoints: Rule = {
  id: 'service/local-policy-no-endpoints',
  severity: 'warning',
  confidence: 'hint',
  needs: ['Service', 'EndpointSlice', 'Pod', 'Node'],
  *check({ view }) {
    const nodes = view.all('Node').filter((node) => isReadyNode(node) && node.spec?.unschedulable !== true);
    for (const { service, ref, ready } of backends(view).values()) {
      if (!hasSelector(service) || isHeadless(service) || ready.length === 0) continue;
      // A load balancer asks each node and leaves out those without an endpoint.
      const isNodePort = service.spec?.type === 'NodePort' && service.spec.externalTrafficPolicy === 'Local';
      if (!isNodePort) continue;
      const served = nodesOf(ready);
      const without = nodes.filter((node) => !served.has(node.metadata.name));
      if (without.length === 0) continue;
      yield {
        subject: ref,
        causeKey: 'external',
        severity: 'info',
        title: oneLine(
          `Service ${ref.name} drops traffic on ${count(without.length, 'node')} (externalTrafficPolicy: Local)`,
          90,
        ),
        cause: `Possibly requests to its node port fail on ${listed(without.map((n) => n.metadata.name ?? ''))}: only ${count(
          countTargets(ready),
          'endpoint',
        )} on other nodes is ready, and Local forwards nothing between nodes.`,
        evidence: [
          field(service, '.spec.externalTrafficPolicy'),
          ...ready.slice(0, 3).map(({ slice, index }) => field(slice, `.endpoints[${index}].nodeName`)),
          ...without.slice(0, 3).map((node) => field(node, '.metadata.name')),
        ],
        remediation: [{ text: 'Run a pod on every node that receives traffic, or use externalTrafficPolicy Cluster' }],
      };
    }
  },
};

function isReadyNode(node: KubeObject): boolean {
  return conditionOf(node, 'Ready')?.status === 'True';
}

function nodesOf(endpoints: readonly SliceEndpoint[]): ReadonlySet<string | undefined> {
  return new Set(endpoints.map(({ endpoint }) => endpoint.nodeName));
}
