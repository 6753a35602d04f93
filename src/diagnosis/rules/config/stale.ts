import {
  containersOf,
  formatDuration,
  parseTime,
  oneLine,
  refOf,
  type Action,
  type KubeObject,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { configReferences, type ConfigReference } from './references.ts';

interface Change {
  readonly time: number;
  /** JSON path of the time in the object. */
  readonly path: string;
}

export const changedAfterStart: Rule = {
  id: 'config/changed-after-start',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod', 'ConfigMap'],
  *check({ view }) {
    const changes = new Map<KubeObject, Change | undefined>();
    for (const pod of livePods(view)) {
      const told = new Set<KubeObject>();
      for (const reference of configReferences(pod)) {
        const object = view.get(reference.kind, pod.metadata.namespace, reference.name) as KubeObject | undefined;
        if (!object || told.has(object)) continue;
        if (!changes.has(object)) changes.set(object, lastChange(object));
        const change = changes.get(object);
        const reader = change && readBefore(pod, reference, change.time);
        if (!change || reader === undefined) continue;
        told.add(object);
        yield draft(view, pod, reference, object, change, reader);
      }
    }
  },
};

/** The newest write of an object by anybody, after its creation. */
function lastChange(object: KubeObject): Change | undefined {
  const created = parseTime(object.metadata.creationTimestamp) ?? 0;
  let last: Change | undefined;
  for (const [i, entry] of (object.metadata.managedFields ?? []).entries()) {
    const time = parseTime(entry.time) ?? 0;
    if (time > created && time > (last?.time ?? 0)) last = { time, path: `.metadata.managedFields[${i}].time` };
  }
  return last;
}

/**
 * A running container that read the object before it changed and will not read it again: variables and subPath mounts
 * are fixed at its start, whole volumes follow within about a minute.
 */
function readBefore(pod: Pod, { path, container }: ConfigReference, change: number): string | undefined {
  const volume = /\.volumes\[\?\(@\.name=="([^"]+)"\)\]/.exec(path)?.[1];
  for (const c of containersOf(pod)) {
    const started = parseTime(c.status?.state?.running?.startedAt);
    if (started === undefined || started >= change) continue;
    const isReader =
      volume === undefined
        ? c.name === container
        : (c.spec.volumeMounts ?? []).some(
            (m) => m.name === volume && (m.subPath !== undefined || m.subPathExpr !== undefined),
          );
    if (isReader) return `${c.statusPath}.state.running.startedAt`;
  }
  return undefined;
}

function draft(
  view: ClusterView,
  pod: Pod,
  reference: ConfigReference,
  object: KubeObject,
  change: Change,
  reader: string,
): Draft {
  const { kind, name } = reference;
  const workload = view.workload(pod);
  return {
    subject: refOf(pod),
    causeKey: `${kind}/${name}`,
    title: oneLine(`${workload.name} runs with an older version of ${kind} ${name} than the cluster holds`, 90),
    cause: `${kind} ${name} was changed ${formatDuration(view.at - change.time)} ago, after the containers of ${workload.name} had read it; variables and subPath mounts are read once, at the start of a container.`,
    since: new Date(change.time).toISOString(),
    evidence: [field(object, change.path), field(pod, reader), field(pod, reference.path)],
    remediation: [
      {
        text: 'Restart the pods, at their rolling pace, if the change is meant for them',
        ...(isRestartable(workload) && {
          command: `kubectl rollout restart ${workload.kind.toLowerCase()}/${workload.name}${inNamespace(workload.namespace)}`,
        }),
      },
    ],
    ...restart(workload),
  };
}

function isRestartable(workload: ObjectRef): boolean {
  return ['Deployment', 'StatefulSet', 'DaemonSet'].includes(workload.kind);
}

function restart(workload: ObjectRef): { fix?: Action } {
  return isRestartable(workload) ? { fix: { verb: 'rollout-restart', target: workload } } : {};
}
