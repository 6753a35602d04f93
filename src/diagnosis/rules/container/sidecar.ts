import {
  conditionOf,
  containersOf,
  formatDuration,
  isDeleting,
  isFinished,
  parseTime,
  refOf,
  templateOf,
  type ContainerView,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { grace } from '../../settings.ts';
import { livePods, type Rule } from '../../rule.ts';
import { eventsAbout, runsOf, severityOf, type Run } from './runs.ts';
import { endEvidence, onset, readLog, titled } from './words.ts';

/** Containers that platforms add, and the platform. */
const PLATFORM: Readonly<Record<string, string>> = {
  'istio-proxy': 'Istio',
  'linkerd-proxy': 'Linkerd',
  daprd: 'Dapr',
  envoy: 'Envoy',
  'vault-agent': 'Vault',
  'cloud-sql-proxy': 'Cloud SQL',
  'fluent-bit': 'Fluent Bit',
  'otc-container': 'OpenTelemetry',
};

/** True for a container that the owner's template does not have: something added it when the pod was made. */
function isInjected(view: ClusterView, pod: Pod, c: ContainerView): boolean {
  const owner = view.owners(pod)[0];
  const object = owner && view.resolve(owner);
  const spec = object && templateOf(object)?.spec;
  if (!spec) return false;
  return ![...(spec.initContainers ?? []), ...spec.containers].some((own) => own.name === c.name);
}

/** True when an added sidecar fails while every container of the template runs: the platform's fault, not the workload's. */
export function isPlatformSidecarAlone(view: ClusterView, run: Run): boolean {
  if (run.c.role === 'init' || !isInjected(view, run.pod, run.c)) return false;
  const own = containersOf(run.pod).filter((c) => c.role === 'main' && !isInjected(view, run.pod, c));
  return own.length > 0 && own.every((c) => c.status?.state?.running !== undefined);
}

export const sidecarCrash: Rule = {
  id: 'container/sidecar-crash',
  severity: 'critical',
  confidence: 'likely',
  needs: ['Pod', 'ReplicaSet'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      if (!run.isFailing || !run.end || !isPlatformSidecarAlone(view, run)) continue;
      const { pod, c, workload, end } = run;
      const platform = PLATFORM[c.name] ?? 'the webhook that added it';
      const owner = view.owners(pod)[0];
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: `${c.name}/${end.exitCode}`,
        title: titled(`Sidecar ${c.name} of ${workload.name} crashes (exit ${end.exitCode}), the application runs`),
        cause:
          `Container ${c.name} is not in the template of ${owner?.kind ?? 'the owner'} ${owner?.name ?? ''}: it was added to the pod, and it fails while ` +
          `the application's own containers run. Most likely ${platform} is at fault, because the sidecar is not part of the application.`,
        evidence: [...endEvidence(view, run), field(pod, `${c.specPath}.image`)],
        remediation: [
          readLog(run),
          { text: `Look at the control plane of ${platform} before changing the application` },
        ],
      };
    }
  },
};

/** True for a native sidecar that the other containers still wait for. */
export function blocksStart(pod: Pod, c: ContainerView): boolean {
  return c.role === 'sidecar' && pod.status?.phase === 'Pending' && c.status?.started !== true;
}

export const sidecarNotStarted: Rule = {
  id: 'container/sidecar-not-started',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const run of runsOf(view)) {
      const { pod, c, workload } = run;
      if (!blocksStart(pod, c)) continue;
      const isKilledByProbe = run.isFailing && run.kind === 'startup';
      const started = parseTime(c.status?.state?.running?.startedAt);
      if (!isKilledByProbe && (started === undefined || now - started < grace.newObject)) continue;
      const said = eventsAbout(view, pod, c, 'Unhealthy').findLast((e) => /Startup probe/.test(e.message ?? ''));
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: c.name,
        ...severityOf(run),
        title: titled(`Sidecar ${c.name} of ${workload.name} has not started, so the app containers wait`),
        cause:
          `Later containers start only when ${c.name} reports started, which its startup probe decides. ` +
          'The sidecar runs, and the probe does not succeed.',
        ...onset(pod.metadata.creationTimestamp),
        evidence: [
          field(pod, `${c.statusPath}.started`),
          ...(said ? [event(said)] : []),
          ...(c.spec.startupProbe ? [field(pod, `${c.specPath}.startupProbe`)] : []),
        ],
        remediation: [readLog(run), { text: 'Correct the startup probe of the sidecar, or what it waits for' }],
      };
    }
  },
};

const FIVE_MINUTES = 300_000;
const LOOKS_LIKE_SIDECAR =
  /proxy|sidecar|agent|daprd|envoy|istio|linkerd|vault|fluent|otel|collector|exporter|logger|shipper/;

export const sidecarBlocksJob: Rule = {
  id: 'container/sidecar-blocks-job',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      const owner = pod.metadata.ownerReferences?.find((o) => o.kind === 'Job');
      if (!owner) continue;
      const main = containersOf(pod).filter((c) => c.role === 'main');
      const task = main.find((c) => c.status?.state?.terminated?.exitCode === 0);
      const finished = parseTime(task?.status?.state?.terminated?.finishedAt);
      const sidecar = main.find((c) => c.status?.state?.running !== undefined);
      if (!task || !sidecar || finished === undefined || now - finished < FIVE_MINUTES) continue;
      const isSidecar = LOOKS_LIKE_SIDECAR.test(sidecar.name);
      const word = isSidecar ? 'sidecar' : 'container';
      yield {
        subject: refOf(pod),
        container: sidecar.name,
        causeKey: sidecar.name,
        // Both may do work; only the name tells.
        confidence: isSidecar ? 'likely' : 'hint',
        title: titled(
          `Job ${owner.name} does not complete: ${word} ${sidecar.name} keeps running after ${task.name} ended`,
        ),
        cause:
          `Container ${task.name} ended with 0, and ${sidecar.name} is an ordinary container, so the Job waits for it too. ` +
          `${isSidecar ? 'Most likely' : 'Possibly'} it never ends by itself, because it has run on for more than ${formatDuration(FIVE_MINUTES)}.`,
        since: new Date(finished).toISOString(),
        evidence: [
          field(pod, `${task.statusPath}.state.terminated.finishedAt`),
          field(pod, `${sidecar.statusPath}.state.running.startedAt`),
        ],
        remediation: [
          { text: `Make ${sidecar.name} a native sidecar: move it to initContainers with restartPolicy: Always` },
          {
            text: 'Or have the task call the quit endpoint of the sidecar at its end; meshes have a Job setting for it',
          },
        ],
      };
    }
  },
};

const INJECTORS = [
  { platform: 'Istio', container: 'istio-proxy', webhook: /istio/, wants: wantsIstio },
  { platform: 'Linkerd', container: 'linkerd-proxy', webhook: /linkerd/, wants: wantsLinkerd },
] as const;

type Marks = Readonly<Record<string, string>>;

/** The path of the mark on namespace or pod that asks for injection; undefined where none does or the pod opts out. */
function wantsIstio(namespace: Marks, labels: Marks, annotations: Marks): string | undefined {
  const own = labels['sidecar.istio.io/inject'] ?? annotations['sidecar.istio.io/inject'];
  if (own === 'false' || namespace['istio.io/dataplane-mode'] !== undefined) return undefined;
  if (namespace['istio-injection'] === 'enabled') return String.raw`.metadata.labels.istio-injection`;
  return namespace['istio.io/rev'] === undefined ? undefined : String.raw`.metadata.labels.istio\.io/rev`;
}

function wantsLinkerd(_: Marks, __: Marks, annotations: Marks, ofNamespace: Marks): string | undefined {
  if (annotations['linkerd.io/inject'] !== undefined) return undefined;
  return ofNamespace['linkerd.io/inject'] === 'enabled'
    ? String.raw`.metadata.annotations.linkerd\.io/inject`
    : undefined;
}

/** The webhook was there before the pod, the namespace asks for it, and the pod has no proxy. */
export const injectionMissing: Rule = {
  id: 'container/injection-missing',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Namespace', 'MutatingWebhookConfiguration'],
  *check({ view }) {
    const marked = view.all('Namespace').flatMap((namespace) => {
      const { labels = {}, annotations = {} } = namespace.metadata;
      return INJECTORS.flatMap((injector) => {
        const path = injector.wants(labels, {}, {}, annotations);
        const hook = view.all('MutatingWebhookConfiguration').find((w) => injector.webhook.test(w.metadata.name ?? ''));
        return path !== undefined && hook ? [{ namespace, injector, path, hook }] : [];
      });
    });
    for (const { namespace, injector, path, hook } of marked) {
      const { annotations: ofNamespace = {}, labels: labelsOfNamespace = {} } = namespace.metadata;
      for (const pod of view.inNamespace('Pod', namespace.metadata.name)) {
        if (isFinished(pod) || isDeleting(pod) || pod.spec?.hostNetwork === true) continue;
        const { labels = {}, annotations = {} } = pod.metadata;
        if (injector.wants(labelsOfNamespace, labels, annotations, ofNamespace) === undefined) continue;
        const isOlder = (pod.metadata.creationTimestamp ?? '') <= (hook.metadata.creationTimestamp ?? '');
        // When the mark was set is not known; a pod that is ready since before it is merely waiting for its restart.
        if (isOlder || containersOf(pod).some((c) => c.name === injector.container)) continue;
        if (conditionOf(pod, 'Initialized') === undefined) continue;
        const workload = view.workload(pod);
        const { kind, name } = workload;
        const canRestart = ['Deployment', 'StatefulSet', 'DaemonSet'].includes(kind);
        yield {
          subject: refOf(pod),
          causeKey: injector.container,
          title: titled(`${name} has no ${injector.platform} sidecar, though its namespace asks for it`),
          cause:
            `Namespace ${namespace.metadata.name ?? ''} asks ${injector.platform} to add ${injector.container}, and the pods were made ` +
            `after webhook ${hook.metadata.name ?? ''} but without it: the injector was down, or the mark came later.`,
          causedBy: [refOf(hook)],
          evidence: [
            field(namespace, path),
            field(pod, '.metadata.creationTimestamp'),
            field(hook, '.metadata.creationTimestamp'),
          ],
          remediation: [
            {
              text: 'Make the pods anew, once the injector answers',
              ...(canRestart && {
                command: `kubectl rollout restart ${kind.toLowerCase()}/${name} -n ${pod.metadata.namespace ?? ''}`,
              }),
            },
          ],
          ...(canRestart && { fix: { verb: 'rollout-restart', target: workload } }),
        };
      }
    }
  },
};
