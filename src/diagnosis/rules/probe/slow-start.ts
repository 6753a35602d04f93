import { probeBudgetMs } from '../container/ends.ts';
import { runLength } from '../container/runs.ts';
import { portNumber, type FailingProbe } from './failures.ts';

/** With more time than this, a port that stays closed is a wrong port rather than a slow start. */
const PLAUSIBLE_START_MS = 90_000;

/**
 * True when the liveness probe kills a container that may still be starting: each run ends as soon as the probe can
 * end it, no startup probe holds it back, and what it asks is a port that the container declares.
 */
export function isBeforeStart(probe: FailingProbe): boolean {
  const { name, c, spec, run, pod, failure } = probe;
  if (name !== 'liveness' || c.spec.startupProbe || !run.end) return false;
  const budget = probeBudgetMs(spec);
  const stop = (pod.spec?.terminationGracePeriodSeconds ?? 30) * 1000;
  if (budget > PLAUSIBLE_START_MS || runLength(run.end) > budget + stop + 10_000) return false;
  const port = portNumber(probe);
  const isDeclared = c.spec.ports?.some((p) => p.containerPort === port) === true;
  return (failure?.how === 'refused' && isDeclared) || (failure?.how === 'status' && failure.status.startsWith('503'));
}
