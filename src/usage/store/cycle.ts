import {
  ceilDiv,
  parseQuantity,
  parseTime,
  workloadKey,
  type Kind,
  type KubeObject,
  type PodMetrics,
  type Unseen,
} from '../../domain/index.ts';
import { ClusterView, ReadFailure, unseenOf, type ClusterSource, type Scope } from '../../cluster/index.ts';

/** One reading of one container. */
export interface Sample {
  readonly uid: string;
  readonly pod: string;
  readonly container: string;
  /** The metric's own time, ms since the epoch. */
  readonly atMs: number;
  readonly nanocores: number;
  readonly bytes: number;
}

/** The readings of one workload's pods. */
export interface WorkloadSamples {
  readonly namespace: string;
  readonly workload: { readonly kind: string; readonly name: string };
  /** Pods that run. */
  readonly replicas: number;
  readonly samples: readonly Sample[];
}

/** What one look at the metrics API brought. */
export interface Cycle {
  /** The API server's time, ms since the epoch. */
  readonly atMs: number;
  readonly workloads: readonly WorkloadSamples[];
  /** Readings of pods that do not run, or are not known. */
  readonly notRunning: number;
  /** Readings without a time or without an amount. */
  readonly unreadable: number;
}

/** Read for the owners of pods; without them a pod of a Deployment is told by its name. */
const OWNERS = [
  'ReplicaSet',
  'Job',
  'Deployment',
  'StatefulSet',
  'DaemonSet',
  'CronJob',
] as const satisfies readonly Kind[];

/**
 * Reads one cycle. Throws ReadFailure when there is no metrics API (reason `absent`) or it is installed but away
 * (`unavailable`), or when Pods cannot be listed.
 */
export async function readCycle(source: ClusterSource, scope: Scope = {}): Promise<Cycle> {
  const unseen: Unseen[] = [];
  const whole = async (kind: Kind): Promise<readonly KubeObject[]> => {
    const objects: KubeObject[] = [];
    for await (const page of source.list(kind, scope)) objects.push(...page);
    return objects;
  };
  const owners = OWNERS.map((kind) =>
    whole(kind).catch((error: unknown): readonly KubeObject[] => {
      if (!(error instanceof ReadFailure)) throw error;
      unseen.push(unseenOf(kind, error, { kind }));
      return [];
    }),
  );
  const lists = await Promise.all([whole('PodMetrics'), whole('Pod'), ...owners]);
  const view = new ClusterView({
    identity: source.identity,
    at: source.now(),
    objects: lists.flat(),
    complete: [],
    absent: [],
    unseen,
    logs: [],
  });
  return cycleOf(view);
}

/** The readings of a view's PodMetrics, by workload. */
export function cycleOf(view: ClusterView): Cycle {
  const workloads = new Map<
    string,
    { of: Omit<WorkloadSamples, 'replicas' | 'samples'>; replicas: number; samples: Sample[] }
  >();
  const entryOf = (namespace: string, { kind, name }: { readonly kind: string; readonly name: string }) => {
    const key = workloadKey(namespace, { kind, name });
    let entry = workloads.get(key);
    if (!entry) workloads.set(key, (entry = { of: { namespace, workload: { kind, name } }, replicas: 0, samples: [] }));
    return entry;
  };
  // A workload without pods has no readings, and that it had none is worth knowing.
  for (const kind of ['Deployment', 'StatefulSet'] as const)
    for (const object of view.all(kind)) entryOf(object.metadata.namespace ?? '', view.workload(object));
  for (const pod of view.all('Pod'))
    if (pod.status?.phase === 'Running') entryOf(pod.metadata.namespace ?? '', view.workload(pod)).replicas++;
  let notRunning = 0;
  let unreadable = 0;
  for (const metrics of view.all('PodMetrics')) {
    const { namespace = '', name = '' } = metrics.metadata;
    const pod = view.get('Pod', namespace, name);
    const uid = pod?.metadata.uid;
    const readings = readingsOf(metrics);
    if (!pod || uid === undefined || pod.status?.phase !== 'Running') notRunning += readings.length;
    else
      for (const reading of readings)
        if (reading === undefined) unreadable++;
        else entryOf(namespace, view.workload(pod)).samples.push({ uid, pod: name, ...reading });
  }
  return {
    atMs: view.at,
    workloads: [...workloads.values()].map(({ of, replicas, samples }) => ({ ...of, replicas, samples })),
    notRunning,
    unreadable,
  };
}

function readingsOf(metrics: PodMetrics): (Omit<Sample, 'uid' | 'pod'> | undefined)[] {
  const atMs = parseTime(metrics.timestamp);
  return (metrics.containers ?? []).map(({ name, usage }) => {
    const nanocores = whole(parseQuantity(usage.cpu));
    const memory = parseQuantity(usage.memory);
    const bytes = whole(memory === undefined ? undefined : ceilDiv(memory, 1_000_000_000n));
    if (atMs === undefined || nanocores === undefined || bytes === undefined) return undefined;
    return { container: name, atMs, nanocores, bytes };
  });
}

/** An amount that a double holds exactly; undefined when it is negative or too large to be one. */
function whole(value: bigint | undefined): number | undefined {
  return value === undefined || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER) ? undefined : Number(value);
}
