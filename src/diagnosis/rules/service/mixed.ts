import {
  containersOf,
  isReady,
  listed,
  oneLine,
  refKey,
  selectorText,
  type ObjectRef,
  type Pod,
  type Service,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { backends, hasSelector, isHeadless } from './backends.ts';
import { labelPath } from './workloads.ts';

const APP_LABELS = ['app.kubernetes.io/name', 'app', 'k8s-app'] as const;

interface Application {
  readonly workload: ObjectRef;
  readonly pod: Pod;
  readonly label: string;
  readonly value: string;
}

/** One ready pod of each workload behind a Service, with the label that names its application. */
function applications(view: ClusterView, pods: readonly Pod[]): readonly Application[] {
  const found = new Map<string, Application>();
  for (const pod of pods) {
    if (!isReady(pod)) continue;
    const workload = view.workload(pod);
    const label = APP_LABELS.find((key) => pod.metadata.labels?.[key] !== undefined);
    if (workload.kind === 'Pod' || label === undefined || found.has(refKey(workload))) continue;
    found.set(refKey(workload), { workload, pod, label, value: pod.metadata.labels?.[label] ?? '' });
  }
  return [...found.values()];
}

/** `web` and `web-canary` are one application in two versions. */
function isVariant(a: Application, b: Application): boolean {
  return a.label !== b.label || a.value.startsWith(b.value) || b.value.startsWith(a.value);
}

function lacksPort(service: Service, { pod }: Application): boolean {
  const ports = containersOf(pod).flatMap((c) => c.spec.ports ?? []);
  const targets = (service.spec?.ports ?? []).map((p) => p.targetPort ?? p.port);
  return ports.length > 0 && !ports.some((p) => targets.includes(p.containerPort) || targets.includes(p.name ?? ''));
}

export const mixedWorkloads: Rule = {
  id: 'service/mixed-workloads',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Service', 'Pod'],
  *check({ view }) {
    for (const { service, ref, pods } of backends(view).values()) {
      if (pods.length < 2 || !hasSelector(service) || isHeadless(service)) continue;
      const apps = applications(view, pods);
      const first = apps[0];
      if (!first || !apps.some((app) => !isVariant(first, app))) continue;
      const owners = apps.map((a) => a.workload.name).sort();
      const wrong = apps.find((app) => lacksPort(service, app));
      const own = apps.find((app) => app.workload.name === ref.name || app.value === ref.name);
      yield {
        subject: ref,
        causeKey: owners.join(','),
        confidence: wrong ? 'certain' : 'likely',
        title: oneLine(
          `Service ${ref.name} sends traffic to pods of ${apps.length} different applications (${listed(owners)})`,
          90,
        ),
        cause: `${wrong ? 'The' : 'Most likely the'} selector ${selectorText(service.spec?.selector)} is too wide, because it takes pods of ${listed(owners)}${
          wrong ? `, and ${wrong.workload.name} does not serve the port of the Service` : ''
        }.`,
        causedBy: apps.map((a) => a.workload),
        evidence: [
          field(service, '.spec.selector'),
          ...apps.slice(0, 3).map((a) => field(a.pod, labelPath(a.pod, a.label))),
        ],
        remediation: [{ text: 'Add a label to the selector that only the pods meant carry' }],
        ...(own && {
          fix: {
            verb: 'set-selector',
            target: ref,
            path: '.spec.selector',
            value: { ...service.spec?.selector, [own.label]: own.value },
          } as const,
        }),
      };
    }
  },
};
