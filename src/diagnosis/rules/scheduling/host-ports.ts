import { listed, type Pod } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import { blocks, pendingPods } from '../../placement/index.ts';
import type { Rule } from '../../rule.ts';
import { base } from './common.ts';

export const hostPortConflict: Rule = {
  id: 'scheduling/host-port-conflict',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      if (!blocks(pending, 'host-port')) continue;
      const { pod, workload, placement } = pending;
      const ports = hostPorts(pod);
      const holders = (placement?.open ?? []).flatMap((room) =>
        room.pods.filter((other) => hostPorts(other).some((p) => ports.some((own) => own.port === p.port))).slice(0, 1),
      );
      const taken = ports.filter(({ port }) => holders.some((other) => hostPorts(other).some((p) => p.port === port)));
      const [first] = taken.length > 0 ? taken : ports;
      if (!first) continue;
      const holder = holders.find((other) => hostPorts(other).some((p) => p.port === first.port));
      const by = [...new Set(holders.map((other) => view.workload(other).name))].sort();
      const shared = base(pending);
      yield {
        ...shared,
        causeKey: String(first.port),
        title: `${workload.name}: host port ${first.port} is taken on every node where it may run`,
        cause: `A host port can be had once per node${by.length > 0 ? `, and ${listed(by)} ${by.length === 1 ? 'has' : 'have'} port ${first.port} already` : ''}. ${by.includes(workload.name) ? 'There are more replicas than nodes, or a rolling update wants a new pod before the old one is gone.' : 'Both cannot run on one node.'}`,
        evidence: [
          ...shared.evidence,
          field(pod, first.path),
          ...(holder
            ? [field(holder, hostPorts(holder).find((p) => p.port === first.port)?.path ?? '.spec.nodeName')]
            : []),
        ],
        remediation: [
          { text: 'Use a Service instead of the host port where that is possible' },
          { text: 'Else keep replicas at the number of nodes and update with maxSurge 0 and maxUnavailable 1' },
        ],
      };
    }
  },
};

function hostPorts(pod: Pod): readonly { readonly port: number; readonly path: string }[] {
  return (pod.spec?.containers ?? []).flatMap((c) =>
    (c.ports ?? []).flatMap(({ hostPort }, i) =>
      hostPort === undefined || hostPort === 0
        ? []
        : [{ port: hostPort, path: `.spec.containers[?(@.name=="${c.name}")].ports[${i}].hostPort` }],
    ),
  );
}
