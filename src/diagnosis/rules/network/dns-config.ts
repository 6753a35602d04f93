import { oneLine, refOf } from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import { causeIn, failingLogs } from '../../logs/index.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { title } from '../log/common.ts';

/** Names of the control plane's own pods, which run before DNS and need no Service names. */
const isOfTheSystem = (namespace: string | undefined) => namespace === 'kube-system';

export const podDnsConfig: Rule = {
  id: 'network/pod-dns-config',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }): Generator<Draft> {
    const failing = new Set(
      [...failingLogs(view)].filter((l) => causeIn(l.slice)?.rule === 'dns/name-not-found').map((l) => l.pod),
    );
    for (const pod of livePods(view)) {
      const workload = view.workload(pod);
      const formed = view.events(pod, 'DNSConfigForming', 'MissingClusterDNS').at(-1);
      const isHost =
        pod.spec?.hostNetwork === true &&
        (pod.spec.dnsPolicy ?? 'ClusterFirst') === 'ClusterFirst' &&
        !isOfTheSystem(pod.metadata.namespace);
      if (!formed && !isHost) continue;
      const suffers = failing.has(pod);
      if (isHost) {
        // Without a lookup that fails, nothing says that it needs Service names.
        if (!suffers && !formed) continue;
        yield {
          subject: refOf(pod),
          causeKey: 'host-network',
          severity: suffers ? 'warning' : 'info',
          title: title(`${workload.name}: on the host network, dnsPolicy ClusterFirst finds no Service names`),
          cause:
            'With hostNetwork, dnsPolicy ClusterFirst silently becomes Default: the pod asks the resolver of its node, which does not know the names of Services.',
          evidence: [field(pod, '.spec.hostNetwork'), field(pod, '.spec.dnsPolicy')],
          remediation: [{ text: 'Set dnsPolicy to ClusterFirstWithHostNet in the template' }],
        };
      } else if (formed)
        yield {
          subject: refOf(pod),
          causeKey: formed.reason ?? 'dns',
          severity: suffers ? 'warning' : 'info',
          title: title(
            `${workload.name}: DNS settings of the pod are ${formed.reason === 'MissingClusterDNS' ? 'without cluster DNS' : 'cut'}: ${oneLine(formed.message ?? '', 60)}`,
          ),
          cause:
            formed.reason === 'MissingClusterDNS'
              ? 'The kubelet has no address of cluster DNS, so the pod asks the resolver of its node.'
              : 'The search list or the name servers exceed what a resolver takes, so the kubelet left some out.',
          evidence: [event(formed)],
          remediation: [{ text: 'Shorten dnsConfig of the template, or the resolver configuration of the node' }],
        };
    }
  },
};
