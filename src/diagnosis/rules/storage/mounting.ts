import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import {
  conditionOf,
  containersOf,
  isDeleting,
  parseTime,
  type KubeEvent,
  type ObjectRef,
  type PersistentVolume,
  type PersistentVolumeClaim,
  type Pod,
  type Volume,
} from '../../../domain/index.ts';
import { claimsOf } from '../../placement/index.ts';
import { grace } from '../../settings.ts';

/** A pod that has a node and waits for its volumes for longer than a first failed try needs to be repeated. */
export interface MountingPod {
  readonly pod: Pod;
  readonly workload: ObjectRef;
  readonly node: string;
  /** ms since it got its node. */
  readonly waited: number;
  readonly since?: string;
  /** The newest complaint about each volume. */
  readonly complaints: readonly Complaint[];
  readonly events: readonly KubeEvent[];
}

/** An event of a failed mount or attach. */
export interface Complaint {
  readonly event: KubeEvent;
  readonly message: string;
  /** The name in the event: the pod's volume, or the PersistentVolume. */
  readonly name: string;
  readonly volume?: Volume;
  readonly claim?: PersistentVolumeClaim;
  readonly pv?: PersistentVolume;
}

const known = new WeakMap<ClusterView, readonly MountingPod[]>();

/** Pods that wait for volumes and have events that say so; computed once per view. */
export function mountingPods(view: ClusterView): readonly MountingPod[] {
  let pods = known.get(view);
  if (!pods) {
    pods = view.all('Pod').flatMap((pod) => mounting(view, pod) ?? []);
    known.set(view, pods);
  }
  return pods;
}

function mounting(view: ClusterView, pod: Pod): MountingPod | undefined {
  const node = pod.spec?.nodeName ?? '';
  if (pod.status?.phase !== 'Pending' || node === '' || isDeleting(pod) || hasVolumes(pod)) return undefined;
  const since = conditionOf(pod, 'PodScheduled')?.lastTransitionTime ?? pod.status.startTime ?? undefined;
  const waited = view.at - (parseTime(since) ?? view.at);
  if (waited < grace.pending) return undefined;
  const events = view.events(pod, 'FailedMount', 'FailedAttachVolume');
  if (events.length === 0) return undefined;
  return {
    pod,
    workload: view.workload(pod),
    node,
    waited,
    ...(since !== undefined && { since }),
    complaints: newest(events).flatMap((event) => complaint(view, pod, event) ?? []),
    events,
  };
}

/** Once a sandbox or a container was made, the volumes were there: older events about them are overcome. */
function hasVolumes(pod: Pod): boolean {
  if (conditionOf(pod, 'PodReadyToStartContainers')?.status === 'True') return true;
  return containersOf(pod).some(({ status }) => {
    const waiting = status?.state?.waiting?.reason;
    if (status?.state?.running ?? status?.state?.terminated ?? status?.lastState?.terminated) return true;
    return waiting !== undefined && waiting !== 'ContainerCreating' && waiting !== 'PodInitializing';
  });
}

const ABOUT = /for volume "([^"]+)"/;

/** The last event about each volume. */
function newest(events: readonly KubeEvent[]): readonly KubeEvent[] {
  const last = new Map<string, KubeEvent>();
  for (const event of events) {
    const name = ABOUT.exec(event.message ?? '')?.[1];
    if (name !== undefined) last.set(`${name} ${event.reason ?? ''}`, event);
  }
  return [...last.values()].sort((a, b) => (eventTime(a) ?? 0) - (eventTime(b) ?? 0));
}

function complaint(view: ClusterView, pod: Pod, event: KubeEvent): Complaint | undefined {
  const message = event.message ?? '';
  const name = ABOUT.exec(message)?.[1];
  if (name === undefined) return undefined;
  const uses = claimsOf(view, pod);
  const use = uses.find(
    (u) => u.volume === name || (u.claim.state === 'present' && u.claim.object.spec?.volumeName === name),
  );
  const claim = use?.claim.state === 'present' ? use.claim.object : undefined;
  const pv = view.get('PersistentVolume', undefined, claim?.spec?.volumeName ?? name);
  const volume = pod.spec?.volumes?.find((v) => v.name === (use?.volume ?? name));
  return { event, message, name, ...(volume && { volume }), ...(claim && { claim }), ...(pv && { pv }) };
}

/** What the message says after the volume's name. */
export function detailOf({ message }: Complaint): string {
  return message.replace(/^[\s\S]*?for volume "[^"]+"\s*:?\s*/, '').trim();
}
