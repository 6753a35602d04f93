import { containersOf, listed, nearest, refOf, type Container } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { titled } from '../container/words.ts';
import { portOf, type ProbeName } from './failures.ts';
import { setProbe } from './reasons.ts';
import { capitalProbe, specPath } from './words.ts';

const NAMES = ['startup', 'readiness', 'liveness'] as const satisfies readonly ProbeName[];

/** A port name that the container does not have: the probe can never run, whatever the application does. */
export const namedPortMissing: Rule = {
  id: 'probe/named-port-missing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pod of livePods(view)) {
      if (!hasPortName(pod.spec?.containers) && !hasPortName(pod.spec?.initContainers)) continue;
      for (const c of containersOf(pod))
        for (const name of NAMES) {
          const spec = c.spec[`${name}Probe`];
          const port = spec && portOf(spec);
          if (!port || typeof port.value !== 'string' || /^\d+$/.test(port.value)) continue;
          const own = (c.spec.ports ?? []).flatMap((p) => p.name ?? []);
          if (own.includes(port.value)) continue;
          const workload = view.workload(pod);
          const near = nearest(port.value, own) ?? (own.length === 1 ? own[0] : undefined);
          const probe = { workload, c, name };
          yield {
            subject: refOf(pod),
            container: c.name,
            causeKey: `${name} ${port.value}`,
            // The kubelet throws the error of a liveness probe away: the container is merely never checked.
            ...(name === 'liveness' && { severity: 'warning' }),
            ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
            title: titled(
              `${capitalProbe(probe)} of ${workload.name} asks port "${port.value}", which container ${c.name} does not declare`,
            ),
            cause:
              `A probe finds a port name only among the ports of its own container, and ${c.name} declares ` +
              `${own.length > 0 ? listed(own.map((n) => `"${n}"`)) : 'no named port'}; ` +
              (name === 'liveness' ? 'so the container is never checked.' : 'so the probe can never succeed.'),
            evidence: [
              field(pod, `${specPath(probe)}.${port.field}`),
              ...(c.spec.ports ? [field(pod, `${c.specPath}.ports`)] : []),
            ],
            remediation: [
              near === undefined
                ? { text: `Give the port that the probe should ask the name "${port.value}", or write its number` }
                : { text: `Change the port of the probe to "${near}"` },
            ],
            ...(near !== undefined && setProbe(probe, port.field, near)),
          };
        }
    }
  },
};

function hasPortName(containers: readonly Container[] | undefined): boolean {
  return (
    containers?.some((c) =>
      NAMES.some((name) => {
        const spec = c[`${name}Probe`];
        return spec !== undefined && typeof portOf(spec)?.value === 'string';
      }),
    ) === true
  );
}
