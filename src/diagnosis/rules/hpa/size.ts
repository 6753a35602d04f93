import { EVENT_WINDOW_MS, eventTime } from '../../../cluster/index.ts';
import {
  ageOf,
  conditionAge,
  conditionOf,
  count,
  formatDuration,
  oneLine,
  refKey,
  refOf,
  type Action,
  type KubeEvent,
} from '../../../domain/index.ts';
import { event, field } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { lastingFix } from '../workload/managed.ts';
import { conditionPath, metricName, targetRef, type Autoscaler, type Metric } from './targets.ts';

/** How long an autoscaler may stand at its maximum before it counts as a limit. */
const AT_MAX_MS = 900_000;

export const atMax: Rule = {
  id: 'hpa/at-max',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      const limited = conditionOf(hpa, 'ScalingLimited');
      const { maxReplicas: max = 0, minReplicas: min = 1 } = hpa.spec ?? {};
      if (limited?.status !== 'True' || limited.reason !== 'TooManyReplicas' || min === max) continue;
      if (hpa.status?.currentReplicas !== max) continue;
      const age = conditionAge(limited, now);
      const over = overload(hpa);
      if (age === undefined || age <= AT_MAX_MS || over === undefined) continue;
      const self = refOf(hpa);
      const target = targetRef(hpa);
      yield {
        subject: self,
        causeKey: 'max',
        title: oneLine(
          `Autoscaler ${self.name} is at max ${max}/${max} for ${formatDuration(age)}${over === '' ? '' : `: ${over}`}`,
          90,
        ),
        cause: `${target.kind} ${target.name} has all ${max} replicas that ${self.name} allows, and needs more${over === '' ? '' : ` (${over})`}. If the pods are throttled or fail, more of them do not help.`,
        ...(limited.lastTransitionTime !== undefined && { since: limited.lastTransitionTime }),
        causedBy: [target, ...view.podsOf(target).map(refOf)],
        evidence: [
          field(hpa, conditionPath('ScalingLimited', 'reason'), limited.lastTransitionTime),
          field(hpa, '.status.currentReplicas'),
          field(hpa, '.spec.maxReplicas'),
          field(hpa, '.status.currentMetrics'),
          field(hpa, '.spec.metrics'),
          field(hpa, '.spec.scaleTargetRef.name'),
        ],
        remediation: [
          {
            text: 'See whether the nodes have room for more pods, then raise maxReplicas',
            command: `kubectl describe hpa ${self.name} -n ${self.namespace ?? ''}`,
          },
        ],
      };
    }
  },
};

/**
 * The first utilisation that is above its target now, e.g. `cpu 95%, target 70%`; empty where only the controller can
 * compare (it says TooManyReplicas itself), undefined when no utilisation is above its target.
 */
function overload(hpa: Autoscaler): string | undefined {
  const metrics = hpa.spec?.metrics ?? [];
  for (const metric of metrics) {
    const target = (metric.resource ?? metric.containerResource)?.target.averageUtilization;
    const current = currentUtilisation(hpa, metric);
    if (target !== undefined && current !== undefined && current > target)
      return `${metricName(metric)} ${current}%, target ${target}%`;
  }
  const isComparable = (m: Metric) => (m.resource ?? m.containerResource)?.target.averageUtilization !== undefined;
  return metrics.every(isComparable) ? undefined : '';
}

function currentUtilisation(hpa: Autoscaler, metric: Metric): number | undefined {
  const same = (hpa.status?.currentMetrics ?? []).find((m) =>
    metric.resource
      ? m.resource?.name === metric.resource.name
      : m.containerResource?.name === metric.containerResource?.name &&
        m.containerResource?.container === metric.containerResource?.container,
  );
  return (same?.resource ?? same?.containerResource)?.current.averageUtilization;
}

interface Rescale {
  readonly size: number;
  readonly times: number;
  readonly up: boolean;
  readonly event: KubeEvent;
}

/** What an autoscaler did within the window, by its own events. */
function rescales(events: readonly KubeEvent[]): readonly Rescale[] {
  return events.flatMap((e) => {
    const [, size, reason = ''] = /New size: (\d+); reason: (.*)/.exec(e.message ?? '') ?? [];
    if (size === undefined) return [];
    const up = /above target|below Spec\.MinReplicas/.test(reason);
    return [{ size: Number(size), times: e.series?.count ?? e.count ?? 1, up, event: e }];
  });
}

const FLAPPING = 6;

export const flapping: Rule = {
  id: 'hpa/flapping',
  severity: 'warning',
  confidence: 'certain',
  needs: ['HorizontalPodAutoscaler', 'Event'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      const changes = rescales(view.events(hpa, 'SuccessfulRescale'));
      const total = changes.reduce((n, c) => n + c.times, 0);
      const [up, down] = [changes.find((c) => c.up), changes.find((c) => !c.up)];
      if (total < FLAPPING || !up || !down) continue;
      // Repeated events keep only their last time: the count goes back to the first one.
      const first = Math.min(
        ...changes.map((c) => Date.parse(c.event.firstTimestamp ?? '') || (eventTime(c.event) ?? now)),
      );
      if (now - first > EVENT_WINDOW_MS) continue;
      const self = refOf(hpa);
      const target = targetRef(hpa);
      const fix: Action = {
        verb: 'set-autoscaler',
        target: self,
        path: '.spec.behavior.scaleDown.stabilizationWindowSeconds',
        value: 300,
      };
      const window = hpa.spec?.behavior?.scaleDown?.stabilizationWindowSeconds;
      yield {
        subject: self,
        causeKey: 'flapping',
        title: oneLine(
          `Autoscaler ${self.name} changed ${target.name} ${count(total, 'time')} in ${formatDuration(now - first)}`,
          90,
        ),
        cause:
          `${self.name} grows and shrinks ${target.kind} ${target.name} in turn` +
          (window === undefined
            ? ': its target most likely lies within the noise of the metric.'
            : `, with a scale-down stabilisation of only ${window}s.`),
        since: new Date(first).toISOString(),
        evidence: [
          event(up.event),
          event(down.event),
          field(hpa, '.spec.scaleTargetRef.name'),
          ...(window === undefined ? [] : [field(hpa, '.spec.behavior.scaleDown.stabilizationWindowSeconds')]),
        ],
        remediation: [
          {
            text: 'Let it wait before it shrinks, and widen the target',
            command: `kubectl patch hpa ${self.name} -n ${self.namespace ?? ''} -p '{"spec":{"behavior":{"scaleDown":{"stabilizationWindowSeconds":300}}}}'`,
          },
        ],
        ...(window !== undefined && window < 300 && lastingFix(hpa, fix)),
      };
    }
  },
};

export const replicasOwnedTwice: Rule = {
  id: 'hpa/replicas-owned-twice',
  severity: 'warning',
  confidence: 'likely',
  needs: ['HorizontalPodAutoscaler', 'Event'],
  *check({ view, now }) {
    for (const hpa of view.all('HorizontalPodAutoscaler')) {
      const changes = rescales(view.events(hpa, 'SuccessfulRescale'));
      // It grew to one size again and again and never shrank: somebody else shrank it each time. The first change of a
      // young autoscaler is its own.
      const again = changes.find((c) => c.up && c.times >= (ageOf(hpa, now) > EVENT_WINDOW_MS ? 2 : 3));
      if (!again || changes.some((c) => !c.up || c.size !== again.size)) continue;
      const self = refOf(hpa);
      const target = targetRef(hpa);
      yield {
        subject: self,
        causeKey: refKey(target),
        title: oneLine(`${target.name}: replicas are set by ${self.name} and by somebody else in turn`, 90),
        cause: `Most likely a manifest or tool sets replicas of ${target.kind} ${target.name} too, because ${self.name} raised it to ${again.size} ${count(again.times, 'time')} and never lowered it. Each time pods are stopped and started.`,
        causedBy: [target],
        evidence: [
          event(again.event),
          field(hpa, '.metadata.name'),
          field(hpa, '.spec.scaleTargetRef.name'),
          field(hpa, '.spec.minReplicas'),
        ],
        remediation: [
          { text: 'Remove spec.replicas from the manifest, or let the GitOps tool ignore that field' },
          {
            text: 'See who writes it',
            command: `kubectl get ${target.kind.toLowerCase()} ${target.name} -n ${target.namespace ?? ''} -o yaml --show-managed-fields`,
          },
        ],
      };
    }
  },
};
