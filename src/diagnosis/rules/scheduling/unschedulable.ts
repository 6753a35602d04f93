import { ageOf, conditionOf, isDeleting, isFinished, listed, ref, refOf } from '../../../domain/index.ts';
import { field, inNamespace, shown } from '../../evidence.ts';
import { pendingPods, type PendingPod } from '../../placement/index.ts';
import type { Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';
import { base } from './common.ts';

/** The scheduler's answer as it is; a specific rule of this group stands above it wherever one knows more. */
export const unschedulable: Rule = {
  id: 'scheduling/unschedulable',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pending of pendingPods(view)) {
      const { pod, workload } = pending;
      const reasons = reasonsOf(pending);
      yield {
        ...base(pending),
        causeKey: reasons.toSorted().join(','),
        title: `${workload.name} cannot be scheduled: ${listed(reasons, 1)}`,
        cause: `No node passes all of the scheduler's filters: ${reasons.join('; ')}.`,
        causedBy: pod.spec?.nodeName === undefined ? [] : [ref('Node', undefined, pod.spec.nodeName)],
        remediation: [
          {
            text: 'See the whole answer and the events',
            command: `kubectl describe pod ${pod.metadata.name ?? ''}${inNamespace(pod.metadata.namespace)}`,
          },
        ],
      };
    }
  },
};

/** Reasons that hold for most nodes first, without their numbers. */
function reasonsOf({ message, condition }: PendingPod): readonly string[] {
  const parts = [...(message?.parts ?? [])].sort((a, b) => (b.nodes ?? Infinity) - (a.nodes ?? Infinity));
  const texts = [...new Set(parts.map((part) => part.text.replace(/^node\(s\) /, 'nodes ')))];
  return texts.length > 0 ? texts : [condition.message ?? condition.reason ?? 'no reason is given'];
}

export const noScheduler: Rule = {
  id: 'scheduling/no-scheduler',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view, now }) {
    for (const pod of view.all('Pod')) {
      if (pod.status?.phase !== 'Pending' || (pod.spec?.nodeName ?? '') !== '' || isDeleting(pod) || isFinished(pod))
        continue;
      if (conditionOf(pod, 'PodScheduled') || ageOf(pod, now) < grace.creating) continue;
      if (!view.isComplete('Event', pod.metadata.namespace) || view.events(pod).length > 0) continue;
      const scheduler = pod.spec?.schedulerName ?? 'default-scheduler';
      const usual = scheduler === 'default-scheduler';
      const workload = view.workload(pod);
      yield {
        subject: refOf(pod),
        causeKey: scheduler,
        title: usual
          ? `${workload.name} waits for a scheduler: none has looked at its pods`
          : `${workload.name} names scheduler ${scheduler}, which has not looked at its pods`,
        cause: usual
          ? 'The pod has no PodScheduled condition and no event, so the default scheduler does not run or does not keep up.'
          : `The pod has no PodScheduled condition and no event: spec.schedulerName is ${scheduler}, and no scheduler of that name is at work.`,
        ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
        causedBy: usual ? [ref('Lease', 'kube-system', 'kube-scheduler')] : [],
        evidence: [
          field(pod, '.spec.schedulerName'),
          shown(
            refOf(pod),
            'phase',
            'Pending',
            `kubectl get pod ${pod.metadata.name ?? ''}${inNamespace(pod.metadata.namespace)}`,
          ),
        ],
        remediation: [
          usual
            ? {
                text: 'See whether the scheduler renews its lease',
                command: 'kubectl get lease kube-scheduler -n kube-system',
              }
            : {
                text: `Start scheduler ${scheduler}, or correct schedulerName in ${workload.kind.toLowerCase()}/${workload.name}`,
                command: 'kubectl get leases -A',
              },
        ],
      };
    }
  },
};

export const gated: Rule = {
  id: 'scheduling/gated',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const pod of view.all('Pod')) {
      const gates = pod.spec?.schedulingGates ?? [];
      if (gates.length === 0 || isFinished(pod) || isDeleting(pod)) continue;
      const condition = conditionOf(pod, 'PodScheduled');
      if (condition?.reason !== 'SchedulingGated') continue;
      const names = gates.map((gate) => gate.name);
      yield {
        subject: refOf(pod),
        causeKey: names.join(','),
        title: `${view.workload(pod).name}: pods are held by scheduling gate ${listed(names, 1)}`,
        cause: `The scheduler leaves the pod alone until ${listed(names)} is removed from spec.schedulingGates by the controller that set it, for example a queue with a quota.`,
        ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
        evidence: [
          field(pod, '.spec.schedulingGates'),
          field(pod, '.status.conditions[?(@.type=="PodScheduled")].reason'),
        ],
        remediation: [
          { text: `Look at the controller that owns ${names[0] ?? 'the gate'}; nothing is wrong with the pod` },
        ],
      };
    }
  },
};
