import {
  ageOf,
  conditionOf,
  containersOf,
  isReady,
  parseTime,
  type ContainerView,
  type Pod,
  type Probe,
} from '../../../domain/index.ts';
import { grace } from '../../settings.ts';
import type { RuleContext } from '../../rule.ts';

/**
 * True while a pod that is not ready may still become so by itself: it is being created, its probes have not used up
 * their tries, or it lost readiness a moment ago.
 */
export function isStarting(pod: Pod, { view, settings, now }: RuleContext): boolean {
  if (isReady(pod)) return false;
  const containers = containersOf(pod);
  if (containers.some(hasFailed)) return false;
  const workload = view.workload(pod).name;
  const known = settings.startupGrace.find(
    (g) => g.workload === workload && (g.namespace === undefined || g.namespace === pod.metadata.namespace),
  );
  const extra = (known?.seconds ?? 0) * 1000;
  const running = containers.filter((c) => c.role !== 'init');
  const starts = running.map((c) => parseTime(c.status?.state?.running?.startedAt));
  if (starts.some((start) => start === undefined)) return ageOf(pod, now) < grace.creating + extra;
  const youngest = Math.max(...starts.map((start) => start ?? 0));
  const budget = Math.max(...running.map(probeBudget));
  const lostReadiness = parseTime(conditionOf(pod, 'Ready')?.lastTransitionTime) ?? youngest;
  return now - youngest < budget + grace.notReady + extra || now - lostReadiness < grace.notReady;
}

function hasFailed(c: ContainerView): boolean {
  const reason = c.status?.state?.waiting?.reason;
  return reason !== undefined && reason !== 'ContainerCreating' && reason !== 'PodInitializing';
}

/** ms that a container may take until its startup and readiness probes must have passed once. */
function probeBudget(c: ContainerView): number {
  return (tries(c.spec.startupProbe) + tries(c.spec.readinessProbe)) * 1000;
}

/** Seconds: initialDelaySeconds + periodSeconds × failureThreshold, with the API's defaults 0, 10 and 3. */
function tries(probe: Probe | undefined): number {
  if (!probe) return 0;
  return (probe.initialDelaySeconds ?? 0) + (probe.periodSeconds ?? 10) * (probe.failureThreshold ?? 3);
}
