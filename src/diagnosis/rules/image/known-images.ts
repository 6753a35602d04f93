import {
  containersOf,
  nearest,
  parseTime,
  templateOf,
  type ObjectRef,
  type Pod,
  type ReplicaSet,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { failingPulls, type Pull } from './pulls.ts';
import { parseImage, repositoryOf } from './reference.ts';

/** An image that a kept revision of the workload has. */
export interface EarlierImage {
  readonly image: string;
  readonly replicaSet: ReplicaSet;
}

/** The image of the newest other revision that can be had: the one to return to. */
export function earlierImage(view: ClusterView, workload: ObjectRef, pull: EarlierOf): EarlierImage | undefined {
  if (workload.kind !== 'Deployment') return undefined;
  const failing = failingImages(view);
  const name = pull.container.name;
  const revisions = view.children(workload).filter((o): o is ReplicaSet => o.kind === 'ReplicaSet');
  for (const replicaSet of revisions.toSorted(newestFirst)) {
    const spec = templateOf(replicaSet)?.spec;
    const image = [...(spec?.containers ?? []), ...(spec?.initContainers ?? [])].find((c) => c.name === name)?.image;
    if (image !== undefined && image !== pull.image && !failing.has(image)) return { image, replicaSet };
  }
  return undefined;
}

const failingNow = new WeakMap<ClusterView, ReadonlySet<string>>();

function failingImages(view: ClusterView): ReadonlySet<string> {
  let images = failingNow.get(view);
  if (!images) failingNow.set(view, (images = new Set(failingPulls(view).map((p) => p.image))));
  return images;
}

type EarlierOf = Pick<Pull, 'container' | 'image'>;

function newestFirst(a: ReplicaSet, b: ReplicaSet): number {
  const revision = (r: ReplicaSet) => Number(r.metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0);
  const created = (r: ReplicaSet) => parseTime(r.metadata.creationTimestamp) ?? 0;
  return revision(b) - revision(a) || created(b) - created(a);
}

/** An image that a container runs now, with the pod that shows it. */
export interface RunningImage {
  readonly image: string;
  readonly pod: Pod;
  readonly path: string;
}

const running = new WeakMap<ClusterView, ReadonlyMap<string, RunningImage>>();

/** Images that containers run now, by reference as the spec writes it. */
export function runningImages(view: ClusterView): ReadonlyMap<string, RunningImage> {
  let images = running.get(view);
  if (!images) {
    const found = new Map<string, RunningImage>();
    for (const pod of view.all('Pod'))
      for (const { spec, status, specPath } of containersOf(pod))
        if (spec.image !== undefined && status?.state?.running && !found.has(spec.image))
          found.set(spec.image, { image: spec.image, pod, path: `${specPath}.image` });
    running.set(view, (images = found));
  }
  return images;
}

/**
 * The running image that was most likely meant: the same repository with the nearest tag, else a name that differs by
 * at most two letters.
 */
export function nearestRunning(view: ClusterView, image: string): RunningImage | undefined {
  const images = runningImages(view);
  const repository = repositoryOf(image);
  const { tag = 'latest' } = parseImage(image);
  const siblings = new Map<string, RunningImage>();
  for (const known of images.values()) {
    if (repositoryOf(known.image) !== repository) continue;
    const other = parseImage(known.image).tag;
    if (other !== undefined && other !== tag) siblings.set(other, known);
  }
  const near = nearest(tag, siblings.keys()) ?? [...siblings.keys()].toSorted().at(-1);
  if (near !== undefined) return siblings.get(near);
  const name = nearest(image, images.keys());
  return name === undefined ? undefined : images.get(name);
}

/** A registry host that differs by at most two letters and from which something runs. */
export function nearestHost(view: ClusterView, host: string): RunningImage | undefined {
  const hosts = new Map([...runningImages(view).values()].map((r) => [parseImage(r.image).host, r]));
  const near = nearest(host, hosts.keys());
  return near === undefined ? undefined : hosts.get(near);
}

/** Something else that runs from the same registry. */
export function runningFrom(view: ClusterView, host: string): RunningImage | undefined {
  for (const known of runningImages(view).values()) if (parseImage(known.image).host === host) return known;
  return undefined;
}
