import { containersOf, oneLine, refOf, type Pod, type Service } from '../../../domain/index.ts';
import type { ClusterView, LogSlice } from '../../../cluster/index.ts';
import { field, logLine } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';

/** The value of a variable that Kubernetes sets for a Service, e.g. WEB_PORT=tcp://10.96.0.20:80. */
const LINK = /\b(?:tcp|udp|sctp):\/\/(\d+\.\d+\.\d+\.\d+|\[[0-9a-f:]+\]):(\d+)/i;
const CANNOT_PARSE =
  /invalid|pars|cannot|can't|could ?n[o']t|unable|not a|number|numeric|integer|strconv|NaN|illegal|malformed|unexpected|bad /i;

export const serviceLinkCollision: Rule = {
  id: 'config/service-link-collision',
  severity: 'warning',
  // The Service that is read confirms the line.
  confidence: 'certain',
  needs: ['Log', 'Pod', 'Service'],
  *check({ view }) {
    for (const slice of view.logs) {
      const line = slice.lines.findLast((l) => LINK.test(l) && CANNOT_PARSE.test(l));
      const pod = line === undefined ? undefined : view.get('Pod', slice.ref.namespace, slice.ref.pod);
      const draft = line !== undefined && pod && pod.spec?.enableServiceLinks !== false && told(view, pod, slice, line);
      if (draft) yield draft;
    }
  },
};

function told(view: ClusterView, pod: Pod, slice: LogSlice, line: string): Draft | undefined {
  const [, ip, port] = LINK.exec(line) ?? [];
  const services = view.inNamespace('Service', pod.metadata.namespace);
  const service = services.find(
    (s) => s.spec?.clusterIP === ip?.replace(/^\[|\]$/g, '') && s.spec?.ports?.some((p) => String(p.port) === port),
  );
  const container = containersOf(pod).find((c) => c.name === slice.ref.container);
  if (!service || !container) return undefined;
  const variable = variableOf(service, line);
  // What the template sets itself wins over the link.
  if ((container.spec.env ?? []).some((e) => e.name === variable)) return undefined;
  const workload = view.workload(pod);
  const name = service.metadata.name ?? '';
  return {
    subject: refOf(pod),
    container: container.name,
    causeKey: `${variable} ${name}`,
    title: oneLine(`${workload.name}: variable ${variable} is set by Service ${name}, not by your configuration`, 90),
    cause: `Kubernetes sets ${variable} and more for Service ${name} in every container of the namespace; ${workload.name} takes the address for a setting of its own and cannot read it.`,
    evidence: [logLine(pod, slice, line), field(service, '.spec.clusterIP'), field(pod, '.spec.enableServiceLinks')],
    remediation: [
      {
        text: `Set enableServiceLinks: false in the pod template of ${workload.kind.toLowerCase()}/${workload.name}, or give ${variable} a value there`,
      },
      { text: `Or rename Service ${name}` },
    ],
  };
}

/** The variable that the line names, else the one that is confused most often. Source: kubelet, envvars.FromServices. */
function variableOf(service: Service, line: string): string {
  const prefix = (service.metadata.name ?? '').toUpperCase().replaceAll('-', '_');
  const named = new RegExp(`\\b${prefix}_(?:SERVICE_)?[A-Z0-9_]+\\b`).exec(line)?.[0];
  return named ?? `${prefix}_PORT`;
}
