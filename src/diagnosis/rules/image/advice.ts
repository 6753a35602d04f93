import {
  containersOf,
  formatBytes,
  formatDuration,
  oneLine,
  podSpecPath,
  refOf,
  templateOf,
  type ContainerView,
  type Evidence,
  type KubeEvent,
  type KubeObject,
  type Pod,
} from '../../../domain/index.ts';
import { eventTime, type ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { target, TITLE } from './drafts.ts';
import { isAbout } from './pulls.ts';
import { isMutable, shortImage } from './reference.ts';

export const mutableTag: Rule = {
  id: 'image/mutable-tag',
  severity: 'info',
  confidence: 'certain',
  needs: ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'],
  *check({ view }) {
    for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const)
      for (const workload of view.all(kind) as readonly KubeObject[]) {
        const spec = templateOf(workload)?.spec;
        for (const list of ['initContainers', 'containers'] as const)
          for (const { name, image } of spec?.[list] ?? []) {
            if (image === undefined || !isMutable(image)) continue;
            const subject = refOf(workload);
            yield {
              subject,
              container: name,
              causeKey: image,
              title: oneLine(`${subject.name} runs image ${shortImage(image)} without a fixed version`, TITLE),
              cause: `${image} can be other code at the next start of a pod, and a roll-back does not bring the old code back.`,
              evidence: [field(workload, `${podSpecPath(kind)}.${list}[?(@.name=="${name}")].image`)],
              remediation: [{ text: `Name a version or a digest in ${target(subject)}` }],
            };
          }
      }
  },
};

export const slowPull: Rule = {
  id: 'image/slow-pull',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      if (pod.status?.phase !== 'Pending') continue;
      for (const container of containersOf(pod)) {
        const pulling = unfinishedPull(view, pod, container);
        const began = pulling && eventTime(pulling);
        if (!pulling || began === undefined || now - began <= grace.creating) continue;
        const { image = '' } = container.spec;
        const workload = view.workload(pod);
        const size = sizeElsewhere(view, image);
        yield {
          subject: refOf(pod),
          container: container.name,
          causeKey: image,
          title: oneLine(
            `${workload.name} has been pulling image ${shortImage(image)} for ${formatDuration(now - began)}`,
            TITLE,
          ),
          cause: `The pull of ${image} has not ended${size ? `; the image has ${formatBytes(size.bytes)}` : ''}: the image is large, the registry slow, or another pull on the node comes first.`,
          since: new Date(began).toISOString(),
          evidence: [event(pulling), ...(size ? [size.evidence] : [])],
          remediation: [
            {
              text: 'Wait for the pull; watch its events',
              command: `kubectl get events -n ${pod.metadata.namespace ?? ''} --field-selector involvedObject.uid=${pod.metadata.uid ?? ''}`,
            },
            { text: 'For the next time: a smaller image, or a mirror near the cluster' },
          ],
        };
      }
    }
  },
};

/** The event of a pull that neither succeeded nor failed since. */
function unfinishedPull(view: ClusterView, pod: Pod, container: ContainerView): KubeEvent | undefined {
  const { waiting } = container.status?.state ?? {};
  if (waiting?.reason !== 'ContainerCreating' && waiting?.reason !== 'PodInitializing') return undefined;
  const last = view.events(pod, 'Pulling', 'Pulled', 'Failed').findLast((e) => isAbout(e, container));
  return last?.reason === 'Pulling' ? last : undefined;
}

/** The size that a kubelet reported when it pulled the same image before. */
function sizeElsewhere(view: ClusterView, image: string): { bytes: number; evidence: Evidence } | undefined {
  for (const e of view.all('Event')) {
    if (e.reason !== 'Pulled' || !(e.message ?? '').includes(`"${image}"`)) continue;
    const bytes = Number(/Image size: (\d+) bytes/.exec(e.message ?? '')?.[1]);
    if (bytes > 0) return { bytes, evidence: event(e) };
  }
  return undefined;
}
