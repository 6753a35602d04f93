import {
  ageOf,
  conditionOf,
  containersOf,
  isReady,
  ref,
  oneLine,
  refOf,
  type CronJob,
  type Job,
  type KubeEvent,
  type KubeObject,
  type Pod,
} from '../../../domain/index.ts';
import { controllerOf, eventTime, type ClusterView } from '../../../cluster/index.ts';
import { absence, event, field } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { configReferences, type ConfigReference } from './references.ts';

const WORKLOADS = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'Job'] as const;
/** The kubelet tries a mount of a running pod again every one to two minutes; what it has not said since is over. */
const STILL_SAID_MS = 10 * 60_000;

export const templateMissingConfigMap: Rule = {
  id: 'config/template-missing-configmap',
  severity: 'warning',
  confidence: 'certain',
  needs: [...WORKLOADS, 'ConfigMap'],
  *check({ view, now }) {
    for (const kind of WORKLOADS)
      for (const workload of view.all(kind) as readonly KubeObject[]) {
        if (ageOf(workload, now) < grace.newObject || isOver(workload)) continue;
        for (const reference of firstOfEach(configReferences(workload)))
          if (isAbsentConfigMap(view, workload, reference) && !isWaitedFor(view, workload, reference.name))
            yield draft(view, workload, reference);
      }
  },
};

/** A Job that ended starts no pod; one of a CronJob is corrected in the CronJob. */
function isOver(workload: KubeObject): boolean {
  if (workload.kind !== 'Job') return false;
  const ended = (['Complete', 'Failed'] as const).some((type) => conditionOf(workload, type)?.status === 'True');
  return ended || controllerOf(workload)?.kind === 'CronJob';
}

function firstOfEach(references: readonly ConfigReference[]): Iterable<ConfigReference> {
  const byName = new Map<string, ConfigReference>();
  for (const r of references) if (r.kind === 'ConfigMap' && !r.optional && !byName.has(r.name)) byName.set(r.name, r);
  return byName.values();
}

function isAbsentConfigMap(view: ClusterView, workload: KubeObject, { name }: ConfigReference): boolean {
  return view.find('ConfigMap', workload.metadata.namespace, name).state === 'absent';
}

/** A pod that fails for it already has a finding of its own; one that is just being created may be about to. */
function isWaitedFor(view: ClusterView, workload: KubeObject, name: string): boolean {
  return view
    .podsOf(refOf(workload))
    .some(
      (pod) =>
        pod.status?.phase === 'Pending' &&
        (ageOf(pod, view.at) < grace.creating ||
          containersOf(pod).some((c) => (c.status?.state?.waiting?.message ?? '').includes(`"${name}"`)) ||
          view.events(pod, 'FailedMount').some((e) => (e.message ?? '').includes(`"${name}"`))),
    );
}

/** Nothing starts a pod of it at present. */
function isAtRest(workload: KubeObject): boolean {
  if (workload.kind === 'CronJob') return (workload as CronJob).spec?.suspend === true;
  if (workload.kind === 'Job') return (workload as Job).spec?.suspend === true;
  return (workload as { spec?: { replicas?: number } }).spec?.replicas === 0;
}

function draft(view: ClusterView, workload: KubeObject, { name, path, container }: ConfigReference): Draft {
  const { namespace } = workload.metadata;
  const subject = refOf(workload);
  const running = view.podsOf(subject).find(isReady);
  return {
    subject,
    ...(container !== undefined && { container }),
    causeKey: name,
    ...(isAtRest(workload) && { severity: 'info' as const }),
    title: oneLine(`${subject.name} refers to ConfigMap ${name}, which does not exist: next pod start fails`, 90),
    cause: running
      ? `ConfigMap ${name} was deleted or renamed after the pods of ${subject.name} started; they run until they are started again.`
      : `ConfigMap ${name} does not exist in ${namespace ?? ''}, so no pod of ${subject.name} can start.`,
    causedBy: [ref('ConfigMap', namespace, name)],
    evidence: [
      field(workload, path),
      absence('ConfigMap', namespace, name),
      ...(running ? [field(running, '.status.startTime')] : []),
    ],
    remediation: [
      { text: `See which ConfigMaps exist`, command: `kubectl get configmaps -n ${namespace ?? ''}` },
      { text: `Restore ConfigMap ${name} before the next restart, or correct the reference` },
    ],
  };
}

/** The kubelet's word about a Secret that it no longer finds. */
const SECRET_GONE = /secret "([^"]+)" not found/;

export const templateMissingSecret: Rule = {
  id: 'config/template-missing-secret',
  severity: 'warning',
  confidence: 'certain',
  // Secrets need not be listed: a running pod whose volume cannot be refreshed has an event of it.
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      if (pod.status?.phase !== 'Running') continue;
      for (const said of latestOfEach(view, pod)) {
        const name = SECRET_GONE.exec(said.message ?? '')?.[1] ?? '';
        if (now - (eventTime(said) ?? 0) > STILL_SAID_MS) continue;
        if (view.find('Secret', pod.metadata.namespace, name).state === 'present') continue;
        const reference = configReferences(pod).find((r) => r.kind === 'Secret' && r.name === name && !r.optional);
        if (reference) yield secretDraft(view, pod, reference, said);
      }
    }
  },
};

function latestOfEach(view: ClusterView, pod: Pod): Iterable<KubeEvent> {
  const byName = new Map<string, KubeEvent>();
  for (const e of view.events(pod, 'FailedMount')) {
    const name = SECRET_GONE.exec(e.message ?? '')?.[1];
    if (name !== undefined) byName.set(name, e);
  }
  return byName.values();
}

function secretDraft(view: ClusterView, pod: Pod, { name, path }: ConfigReference, said: KubeEvent): Draft {
  const { namespace = '' } = pod.metadata;
  const workload = view.workload(pod);
  return {
    subject: refOf(pod),
    causeKey: name,
    title: oneLine(`${workload.name} refers to Secret ${name}, which does not exist: next pod start fails`, 90),
    cause: `Secret ${name} of ${namespace} was deleted, or what makes it stopped, after the pods of ${workload.name} started; they run until they are started again.`,
    causedBy: [ref('Secret', namespace, name)],
    evidence: [event(said), field(pod, path)],
    remediation: [
      { text: 'See which Secrets exist', command: `kubectl get secrets -n ${namespace}` },
      { text: `Restore Secret ${name} from its source (ExternalSecret, Certificate, chart) before the next restart` },
    ],
  };
}
