import {
  conditionOf,
  count,
  isReady,
  listed,
  oneLine,
  parseTime,
  ref,
  refKey,
  refOf,
  type Deployment,
  type Evidence,
  type Pod,
} from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { endpoints, event, field, inNamespace } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { backends, countTargets, hasSelector, isHeadless, type Backend } from './backends.ts';
import { isStarting } from './starting.ts';
import { usesOf } from './uses.ts';

export const noReadyEndpoints: Rule = {
  id: 'service/no-ready-endpoints',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Service', 'EndpointSlice', 'Pod'],
  *check(context) {
    const { view } = context;
    for (const backend of backends(view).values()) {
      const { service, pods, slices, ready } = backend;
      if (!slices || ready.length > 0 || pods.length === 0 || !hasSelector(service)) continue;
      if (service.spec?.publishNotReadyAddresses === true) continue;
      // The controller writes the slices a moment after a pod became ready.
      if (pods.some(isReady) || pods.every((pod) => isStarting(pod, context))) continue;
      if (isHeadless(service) && usesOf(view, backend.ref).length === 0) continue;
      yield notReadyDraft(view, backend);
    }
  },
};

function notReadyDraft(view: ClusterView, backend: Backend): Draft {
  const { service, ref: self, pods } = backend;
  const targets = countTargets(backend.endpoints);
  const uses = usesOf(view, self);
  const workloads = [...new Map(pods.map((pod) => [refKey(view.workload(pod)), view.workload(pod)])).values()];
  const names = listed(workloads.map((w) => w.name));
  const since = lastChange(pods);
  return {
    subject: self,
    causeKey: '',
    severity: uses.length > 0 ? 'critical' : 'warning',
    title: oneLine(
      targets > 0
        ? `Service ${self.name} has ${count(targets, 'endpoint')}, none is ready`
        : `Service ${self.name} has no endpoint: ${pods.length === 1 ? 'its pod is not' : `none of its ${pods.length} pods is`} ready`,
      90,
    ),
    cause: `The Service takes the pods of ${names}, and none of them is Ready, so it sends traffic nowhere.`,
    ...(since !== undefined && { since: new Date(since).toISOString() }),
    causedBy: [...pods.map(refOf), ...workloads],
    affects: uses.map((use) => use.by),
    evidence: [
      field(service, '.spec.selector'),
      ...notReadyEvidence(backend),
      ...uses.slice(0, 1).map((use) => use.evidence),
    ],
    remediation: [
      {
        text: `See why the pods of ${names} are not Ready`,
        command: `kubectl get pods${inNamespace(self.namespace)} -l ${labelArgument(service.spec?.selector)}`,
      },
    ],
  };
}

/** `-l` with all pairs; label values need no quotes. */
function labelArgument(selector: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(selector ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(',');
}

function notReadyEvidence({ endpoints: inSlices, pods, slices: read, ref: self }: Backend): readonly Evidence[] {
  const slices = inSlices.slice(0, 3).map(({ slice, index }) => field(slice, `.endpoints[${index}].conditions.ready`));
  const conditions = pods
    .slice(0, 3)
    .map((pod) =>
      conditionOf(pod, 'Ready')
        ? field(pod, '.status.conditions[?(@.type=="Ready")].status')
        : field(pod, '.status.phase'),
    );
  const empty = slices.length === 0 && read?.length ? [endpoints(self, '<unset>')] : [];
  return [...slices, ...empty, ...conditions];
}

/** Since when none is ready: the moment at which the last one stopped being so. */
function lastChange(pods: readonly Pod[]): number | undefined {
  const times = pods.map((pod) =>
    parseTime(conditionOf(pod, 'Ready')?.lastTransitionTime ?? pod.metadata.creationTimestamp),
  );
  const known = times.filter((time) => time !== undefined);
  return known.length > 0 ? Math.max(...known) : undefined;
}

export const singleEndpoint: Rule = {
  id: 'service/single-endpoint',
  severity: 'info',
  confidence: 'certain',
  needs: ['Service', 'EndpointSlice', 'Pod', 'Ingress', 'Deployment'],
  *check({ view }) {
    for (const backend of backends(view).values()) {
      const { service, ref: self, pods, ready } = backend;
      const [pod] = pods;
      if (countTargets(ready) !== 1 || pods.length !== 1 || !pod || !hasSelector(service)) continue;
      const exposed = usesOf(view, self).filter((use) => use.by.kind === 'Ingress' || use.by.kind === 'Service');
      const workload = view.resolve(view.workload(pod));
      // A database with one primary is a StatefulSet; a Deployment that wants more replicas has a finding of its own.
      if (exposed.length === 0 || workload?.kind !== 'Deployment') continue;
      const deployment = workload as Deployment;
      if ((deployment.spec?.replicas ?? 1) !== 1 || (deployment.spec?.template.spec?.volumes ?? []).some(isClaim))
        continue;
      yield {
        subject: self,
        causeKey: '',
        title: oneLine(`Service ${self.name} is served by one pod only`, 90),
        cause: `Deployment ${deployment.metadata.name ?? ''} runs one replica; while it restarts, requests to the Service fail.`,
        evidence: [field(deployment, '.spec.replicas'), ...exposed.slice(0, 1).map((use) => use.evidence)],
        remediation: [
          {
            text: 'Run two replicas, if the application allows it',
            command: `kubectl scale deployment ${deployment.metadata.name ?? ''}${inNamespace(self.namespace)} --replicas=2`,
          },
        ],
        ...(!hasAutoscaler(view, deployment) && {
          fix: { verb: 'scale', target: refOf(deployment), replicas: 2 } as const,
        }),
      };
    }
  },
};

function isClaim(volume: { readonly persistentVolumeClaim?: unknown }): boolean {
  return volume.persistentVolumeClaim !== undefined;
}

function hasAutoscaler(view: ClusterView, { metadata: { namespace, name } }: Deployment): boolean {
  return view.inNamespace('HorizontalPodAutoscaler', namespace).some((h) => h.spec?.scaleTargetRef.name === name);
}

const WRITE_FAILED = ['FailedToUpdateEndpointSlices', 'FailedToCreateEndpoint', 'FailedToUpdateEndpoint'];

export const endpointControllerError: Rule = {
  id: 'service/endpoint-controller-error',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Service', 'Event'],
  *check({ view }) {
    for (const { service, ref: self, pods, ready } of backends(view).values()) {
      const failures = view.events(service, ...WRITE_FAILED);
      const last = failures.at(-1);
      const tries = failures.reduce((sum, e) => sum + (e.series?.count ?? e.count ?? 1), 0);
      // One conflict during a rollout is normal; when every ready pod is listed, the controller got through.
      if (!last || tries < 3 || (ready.length > 0 && countTargets(ready) >= pods.filter(isReady).length)) continue;
      const first = eventTime(failures[0] ?? last);
      yield {
        subject: self,
        causeKey: last.reason ?? '',
        title: oneLine(`Endpoints of Service ${self.name} cannot be written: ${last.message ?? ''}`, 90),
        cause: `The endpoint controller was refused ${count(tries, 'time')}: ${oneLine(last.message ?? '')}. Traffic goes to the pods that the Service had before.`,
        ...(first !== undefined && { since: new Date(first).toISOString() }),
        causedBy: [
          ref('Lease', 'kube-system', 'kube-controller-manager'),
          ...view.all('ValidatingWebhookConfiguration').map(refOf),
          ...view.all('MutatingWebhookConfiguration').map(refOf),
        ],
        evidence: [event(last)],
        remediation: [{ text: 'Do what the message asks (quota, webhook or API server)' }],
      };
    }
  },
};
