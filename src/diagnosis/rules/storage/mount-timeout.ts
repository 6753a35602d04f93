import type { ClusterView } from '../../../cluster/index.ts';
import { formatDuration, listed, oneLine, refOf, type KubeEvent } from '../../../domain/index.ts';
import { event, field, inNamespace } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { ELSEWHERE, WORDS, withoutPaths } from './mount-rule.ts';
import { detailOf, mountingPods, type Complaint, type MountingPod } from './mounting.ts';

const SUMMARY =
  /unmounted volumes=\[([^\]]*)\][\s\S]*(?:timed out waiting for the condition|context deadline exceeded)/;

export const mountTimeout: Rule = {
  id: 'storage/mount-timeout',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }) {
    for (const mounting of mountingPods(view)) {
      // The summary is always a consequence where any event names the cause.
      if (mounting.complaints.some(isExplained)) continue;
      const summary = mounting.events.findLast((e) => SUMMARY.test(e.message ?? ''));
      const specific = mounting.complaints.at(-1);
      if (summary) yield timeoutDraft(view, mounting, summary, specific);
      else if (specific && mounting.waited >= grace.creating)
        yield timeoutDraft(view, mounting, specific.event, specific);
    }
  },
};

function isExplained({ event: e, message }: Complaint): boolean {
  return e.reason === 'FailedAttachVolume' || [...ELSEWHERE, WORDS.backend].some((words) => words.test(message));
}

function timeoutDraft(
  view: ClusterView,
  mounting: MountingPod,
  shown: KubeEvent,
  specific: Complaint | undefined,
): Draft {
  const { pod, workload, node } = mounting;
  const names = SUMMARY.exec(shown.message ?? '')?.[1]
    ?.split(' ')
    .filter((n) => n !== '') ?? [specific?.name ?? ''];
  return {
    subject: refOf(pod),
    causeKey: names.join(','),
    ...(mounting.since !== undefined && { since: mounting.since }),
    title: `${workload.name} cannot mount ${names.length === 1 ? 'volume' : 'volumes'} ${listed(names)}`,
    cause: `The kubelet of ${node} could not prepare ${listed(names)}${specific ? `: ${oneLine(withoutPaths(detailOf(specific)), 220)}` : ' in time and names no reason'}.`,
    evidence: [
      event(shown),
      field(pod, '.spec.nodeName'),
      ...(specific && specific.event !== shown ? [event(specific.event)] : []),
    ],
    remediation: [
      {
        text: `See the events of the pod (it has waited ${formatDuration(mounting.waited)})`,
        command: `kubectl describe pod ${pod.metadata.name ?? ''}${inNamespace(pod.metadata.namespace)}`,
      },
      ...(view.all('VolumeAttachment').length > 0
        ? [{ text: 'See whether the volume is attached', command: 'kubectl get volumeattachments -o wide' }]
        : []),
    ],
  };
}
