/**
 * Objects for tests: healthy by default, with single fields set by path. A path is written as in
 * `status.containerStatuses[web].state.waiting.reason`: a list entry is addressed by its name, type or index.
 * `undefined` removes a field; a text like `now-40s` or `now+3d` is a time relative to the fixed test clock.
 */
import { ClusterView, type Facts, type LogSlice } from '../../src/cluster/index.ts';
import {
  isKind,
  kinds,
  parseDuration,
  refOf,
  type Kind,
  type KindMap,
  type KubeObject,
  type ObjectRef,
  type Unseen,
} from '../../src/domain/index.ts';
import { defaultSettings, type Draft, type Rule, type Settings } from '../../src/diagnosis/index.ts';

/** The test clock. */
export const NOW = Date.parse('2026-06-01T12:00:00Z');

export type Fields = Readonly<Record<string, unknown>>;

/** `now-90s` → ISO time; any other value as it is. */
export function timeOr(value: unknown): unknown {
  const match = typeof value === 'string' ? /^now(?:([+-])(\w+))?$/.exec(value) : null;
  if (!match) return value;
  const offset = parseDuration(match[2] ?? '0s') ?? 0;
  return new Date(match[1] === '-' ? NOW - offset : NOW + offset).toISOString();
}

interface Mutable {
  [key: string]: unknown;
}

/** Sets one field; creates what lies on the way. */
export function setPath(target: Mutable, path: string, value: unknown): void {
  const steps = path.match(/[^.[\]]+(?=\[)|\[[^\]]*\]|[^.[\]]+/g) ?? [];
  let at: Mutable = target;
  steps.forEach((step, i) => {
    const last = i === steps.length - 1;
    if (step.startsWith('[')) {
      const name = step.slice(1, -1);
      const list = at as unknown as unknown[];
      if (!Array.isArray(list)) {
        // A map key that holds dots: metadata.annotations[example.com/x].
        if (last) at[name] = timeOr(value);
        else at = (at[name] ??= {}) as Mutable;
        return;
      }
      const index = /^\d+$/.test(name)
        ? Number(name)
        : list.findIndex(
            (e) => (e as Mutable).name === name || (e as Mutable).type === name || (e as Mutable).key === name,
          );
      const slot = index < 0 ? list.length : index;
      if (last) list[slot] = timeOr(value);
      else
        at = (list[slot] ??=
          steps[i - 1] === 'conditions' ? { type: name } : /^\d+$/.test(name) ? {} : { name }) as Mutable;
      return;
    }
    if (last) {
      if (value === undefined) delete at[step];
      else at[step] = timeOr(value);
      return;
    }
    const nextIsList =
      steps[i + 1]?.startsWith('[') === true &&
      !/^(annotations|labels|hard|used|allocatable|capacity|requests|limits|nodeSelector|matchLabels)$/.test(step);
    at = (at[step] ??= nextIsList ? [] : {}) as Mutable;
  });
}

const running = { running: { startedAt: 'now-1h' } };

/** What a healthy object of the kind has, before the fields of a test are set. */
const healthy: { readonly [K in Kind]?: (name: string) => Fields } = {
  Pod: () => ({
    'spec.nodeName': 'node-1',
    'spec.restartPolicy': 'Always',
    'spec.serviceAccountName': 'default',
    'status.phase': 'Running',
    'status.podIP': '10.1.0.9',
    'status.startTime': 'now-1h',
    'status.conditions[PodScheduled].status': 'True',
    'status.conditions[PodScheduled].lastTransitionTime': 'now-1h',
    'status.conditions[Initialized].status': 'True',
    'status.conditions[ContainersReady].status': 'True',
    'status.conditions[Ready].status': 'True',
    'status.conditions[Ready].lastTransitionTime': 'now-1h',
  }),
  Node: () => ({
    'status.conditions[Ready].status': 'True',
    'status.conditions[MemoryPressure].status': 'False',
    'status.conditions[DiskPressure].status': 'False',
    'status.conditions[PIDPressure].status': 'False',
    'status.allocatable': { cpu: '4', memory: '8Gi', pods: '110' },
    'status.capacity': { cpu: '4', memory: '8Gi', pods: '110' },
    'status.nodeInfo.kubeletVersion': 'v1.34.4',
    'status.nodeInfo.architecture': 'amd64',
  }),
  Namespace: () => ({ 'status.phase': 'Active' }),
  Deployment: (name) => ({
    'spec.replicas': 1,
    'spec.selector.matchLabels.app': name,
    'spec.template.metadata.labels.app': name,
    'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1' }],
    'status.observedGeneration': 1,
    'status.replicas': 1,
    'status.updatedReplicas': 1,
    'status.readyReplicas': 1,
    'status.availableReplicas': 1,
    'status.conditions[Available].status': 'True',
    'status.conditions[Progressing].status': 'True',
    'status.conditions[Progressing].reason': 'NewReplicaSetAvailable',
  }),
  ReplicaSet: (name) => ({
    'spec.replicas': 1,
    'spec.selector.matchLabels.app': name,
    'spec.template.metadata.labels.app': name,
    'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1' }],
    'status.observedGeneration': 1,
    'status.replicas': 1,
    'status.readyReplicas': 1,
    'status.availableReplicas': 1,
  }),
  StatefulSet: (name) => ({
    'spec.replicas': 1,
    'spec.serviceName': name,
    'spec.selector.matchLabels.app': name,
    'spec.template.metadata.labels.app': name,
    'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1' }],
    'status.observedGeneration': 1,
    'status.replicas': 1,
    'status.readyReplicas': 1,
    'status.availableReplicas': 1,
    'status.updatedReplicas': 1,
  }),
  DaemonSet: (name) => ({
    'spec.selector.matchLabels.app': name,
    'spec.template.metadata.labels.app': name,
    'spec.template.spec.containers': [{ name: 'web', image: 'example.com/web:1' }],
    'status.observedGeneration': 1,
    'status.desiredNumberScheduled': 1,
    'status.currentNumberScheduled': 1,
    'status.updatedNumberScheduled': 1,
    'status.numberReady': 1,
    'status.numberAvailable': 1,
    'status.numberMisscheduled': 0,
  }),
  Job: () => ({
    'spec.completions': 1,
    'spec.parallelism': 1,
    'spec.backoffLimit': 6,
    'spec.template.spec.restartPolicy': 'Never',
    'spec.template.spec.containers': [{ name: 'main', image: 'example.com/job:1' }],
    'status.startTime': 'now-1h',
  }),
  CronJob: () => ({
    'spec.schedule': '0 * * * *',
    'spec.jobTemplate.spec.template.spec.restartPolicy': 'Never',
    'spec.jobTemplate.spec.template.spec.containers': [{ name: 'main', image: 'example.com/job:1' }],
    'status.lastScheduleTime': 'now-30m',
    'status.lastSuccessfulTime': 'now-29m',
  }),
  Service: (name) => ({
    'spec.type': 'ClusterIP',
    'spec.clusterIP': '10.96.0.20',
    'spec.selector.app': name,
    'spec.ports': [{ port: 80, targetPort: 8080, protocol: 'TCP' }],
  }),
  EndpointSlice: (name) => ({
    'metadata.labels[kubernetes.io/service-name]': name,
    addressType: 'IPv4',
    endpoints: [],
    ports: [{ port: 8080, protocol: 'TCP' }],
  }),
  Ingress: () => ({ 'spec.ingressClassName': 'nginx', 'status.loadBalancer.ingress': [{ ip: '192.0.2.1' }] }),
  PersistentVolumeClaim: () => ({ 'spec.accessModes': ['ReadWriteOnce'], 'status.phase': 'Bound' }),
  PersistentVolume: () => ({
    'status.phase': 'Bound',
    'spec.capacity.storage': '1Gi',
    'spec.accessModes': ['ReadWriteOnce'],
  }),
  StorageClass: () => ({ provisioner: 'example.com/disk', volumeBindingMode: 'Immediate' }),
  HorizontalPodAutoscaler: () => ({
    'spec.scaleTargetRef': { apiVersion: 'apps/v1', kind: 'Deployment', name: 'web' },
    'spec.minReplicas': 1,
    'spec.maxReplicas': 5,
    'status.currentReplicas': 2,
    'status.desiredReplicas': 2,
    'status.conditions[AbleToScale].status': 'True',
    'status.conditions[ScalingActive].status': 'True',
    'status.conditions[ScalingLimited].status': 'False',
  }),
};

let serial = 0;

/** One object, a day old, in namespace shop where the kind is namespaced. */
export function object<K extends Kind>(kind: K, name: string, fields: Fields = {}): KindMap[K] {
  const info = kinds.find((k) => k.kind === kind);
  const result: Mutable = {
    kind,
    metadata: {
      name,
      ...(info?.namespaced === true && { namespace: 'shop' }),
      uid: `uid-${++serial}`,
      generation: 1,
      creationTimestamp: timeOr('now-1d'),
    },
  };
  for (const [path, value] of Object.entries({ ...healthy[kind]?.(name), ...fields }))
    setPath(result, path, structuredClone(value));
  if (kind === 'Pod') completePod(result as unknown as { spec: Mutable; status: Mutable });
  if (kind === 'Event') completeEvent(result);
  return result as unknown as KindMap[K];
}

export const pod = (name: string, fields: Fields = {}) => object('Pod', name, fields);

/** Each container has a spec and a status; a status without a state runs. */
function completePod(p: { spec: Mutable; status: Mutable }): void {
  const pairs = [
    ['containers', 'containerStatuses'],
    ['initContainers', 'initContainerStatuses'],
  ] as const;
  if (!p.spec.containers && !p.status.containerStatuses) p.spec.containers = [{ name: 'web' }];
  for (const [specs, statuses] of pairs) {
    const names = [...((p.spec[specs] ?? []) as Mutable[]), ...((p.status[statuses] ?? []) as Mutable[])].map((c) =>
      String(c.name),
    );
    for (const name of new Set(names)) {
      const spec = entry(p.spec, specs, name);
      spec.image ??= `example.com/${name}:1`;
      const status = entry(p.status, statuses, name);
      const started = JSON.parse(JSON.stringify(running).replace('now-1h', String(timeOr('now-1h')))) as unknown;
      const done = { terminated: { exitCode: 0, reason: 'Completed', finishedAt: timeOr('now-1h') } };
      status.state ??= specs === 'initContainers' && spec.restartPolicy !== 'Always' ? done : started;
      status.restartCount ??= 0;
      status.image ??= spec.image;
      status.ready ??= (status.state as Mutable).running !== undefined;
    }
  }
}

function entry(parent: Mutable, list: string, name: string): Mutable {
  const entries = (parent[list] ??= []) as Mutable[];
  let found = entries.find((e) => e.name === name);
  if (!found) entries.push((found = { name }));
  return found;
}

function completeEvent(e: Mutable): void {
  e.type ??= 'Warning';
  e.involvedObject ??= {};
  if (e.eventTime === undefined && e.series === undefined) e.lastTimestamp ??= timeOr('now-1m');
}

/** An event about an object, a minute old. */
export function eventOn(about: KubeObject, reason: string, message: string, fields: Fields = {}) {
  const { kind, namespace, name, uid } = refOf(about);
  return object('Event', `${name}.${++serial}`, {
    ...(namespace !== undefined && { 'metadata.namespace': namespace }),
    involvedObject: { kind, namespace, name, uid: kind === 'Node' ? name : uid },
    reason,
    message,
    ...fields,
  });
}

/** Makes `child` controlled by `owner`; returns the child. */
export function owned<T extends KubeObject>(child: T, owner: KubeObject): T {
  setPath(child as unknown as Mutable, 'metadata.ownerReferences', [
    { apiVersion: 'v1', kind: owner.kind, name: owner.metadata.name, uid: owner.metadata.uid, controller: true },
  ]);
  return child;
}

/** The log of a container, as if it had been read. */
export function logOf(of: KubeObject, container: string, text: string, previous = true): LogSlice {
  return {
    ref: { namespace: of.metadata.namespace ?? '', pod: of.metadata.name ?? '', container },
    previous,
    lines: text.trim().split('\n'),
    truncated: false,
  };
}

export interface ViewOptions {
  /** Kinds that could not be listed; all others count as completely read. */
  readonly unread?: readonly Kind[];
  readonly absent?: readonly ObjectRef[];
  readonly unseen?: readonly Unseen[];
  readonly logs?: readonly LogSlice[];
  readonly at?: number;
}

/** A view of exactly these objects. */
export function viewOf(objects: readonly KubeObject[], options: ViewOptions = {}): ClusterView {
  const unread = options.unread ?? [];
  const facts: Facts = {
    identity: { name: 'test', recorded: true },
    at: options.at ?? NOW,
    objects,
    complete: kinds.filter((k) => !unread.includes(k.kind)).map(({ kind }) => ({ kind })),
    absent: options.absent ?? [],
    unseen: [
      ...unread.map((kind): Unseen => ({ what: kind, kind, reason: 'forbidden', detail: `you may not list ${kind}` })),
      ...(options.unseen ?? []),
    ],
    logs: options.logs ?? [],
  };
  return new ClusterView(facts);
}

/** What one rule says about these objects. */
export function check(
  rule: Rule,
  objects: readonly KubeObject[],
  options: ViewOptions & { readonly settings?: Partial<Settings> } = {},
): readonly Draft[] {
  const view = viewOf(objects, options);
  for (const o of objects) if (!isKind(o.kind)) throw new Error(`fixture of unknown kind ${o.kind}`);
  return [...rule.check({ view, settings: { ...defaultSettings, ...options.settings }, now: view.at })];
}
