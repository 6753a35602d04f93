import { conditionOf, refOf } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { probeBudgetMs } from '../container/ends.ts';
import { sinceOf } from '../container/runs.ts';
import { logEvidence, onset, readLog, titled } from '../container/words.ts';
import { failingProbes, type FailingProbe, type ProbeName } from './failures.ts';
import { detail, probeEvidence } from './words.ts';
import { isBeforeStart } from './slow-start.ts';

type Words = Pick<Draft, 'title' | 'cause'>;

/** What a failing probe does to the workload; the rules that tell why it fails absorb it. */
function umbrella(
  id: 'probe/liveness-kill-loop' | 'probe/startup-never-passes' | 'probe/readiness-failing',
  name: ProbeName,
  words: (probe: FailingProbe) => Words,
  advice: string,
): Rule {
  return {
    id,
    severity: 'critical',
    confidence: 'certain',
    needs: ['Pod', 'Event'],
    *check({ view, settings }) {
      for (const probe of failingProbes(view, settings)) {
        if (probe.name !== name) continue;
        const { pod, c, run, event: said, killing } = probe;
        yield {
          subject: refOf(pod),
          container: c.name,
          causeKey: `${name}/${probe.failure?.how ?? 'unknown'}`,
          // Without the kubelet's word the length of the runs tells.
          ...(!said && !killing && { confidence: 'likely' }),
          ...(name === 'readiness' ? onset(conditionOf(pod, 'Ready')?.lastTransitionTime) : sinceOf(view, run)),
          ...words(probe),
          evidence: [
            ...probeEvidence(probe),
            ...(name === 'readiness' ? [] : [field(pod, `${c.statusPath}.restartCount`)]),
            ...logEvidence(view, run),
          ],
          remediation: [readLog(run), { text: advice }],
        };
      }
    },
  };
}

export const livenessKillLoop = umbrella(
  'probe/liveness-kill-loop',
  'liveness',
  (probe) => ({
    title: titled(`${probe.workload.name} is restarted by its own liveness probe: ${detail(probe)}`),
    cause: `The liveness probe of container ${probe.c.name} does not succeed (${detail(probe)}), so the kubelet kills the container, and again after each restart.`,
  }),
  'Correct the probe, or add a startupProbe where the start is slow',
);

export const startupNeverPasses = umbrella(
  'probe/startup-never-passes',
  'startup',
  (probe) => ({
    title: titled(`${probe.workload.name} never passes its startup probe: ${detail(probe)}`),
    cause: `Container ${probe.c.name} does not pass its startup probe within ${probeBudgetMs(probe.spec) / 1000}s (${detail(probe)}), so the kubelet kills it and starts again.`,
  }),
  'Correct what the probe asks, or give it a larger failureThreshold',
);

export const readinessFailing = umbrella(
  'probe/readiness-failing',
  'readiness',
  (probe) => ({
    title: titled(`${probe.workload.name} runs but is not ready: readiness probe fails (${detail(probe)})`),
    cause: `Container ${probe.c.name} runs, and its readiness probe does not succeed (${detail(probe)}), so the pod gets no traffic.`,
  }),
  'Correct the probe, or what the application waits for',
);

export const livenessBeforeStart: Rule = {
  id: 'probe/liveness-before-start',
  severity: 'warning',
  confidence: 'likely',
  needs: ['Pod', 'Event'],
  *check({ view, settings }) {
    for (const probe of failingProbes(view, settings)) {
      if (!isBeforeStart(probe)) continue;
      const { pod, c, run, workload } = probe;
      const budget = probeBudgetMs(probe.spec) / 1000;
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: 'liveness',
        ...sinceOf(view, run),
        title: titled(`${workload.name} is killed while still starting: liveness allows ${budget}s, no startupProbe`),
        cause:
          `Most likely container ${c.name} needs longer than ${budget}s to start, because each run is killed by the liveness probe at that age, ` +
          'before it ever answered, and no startupProbe holds that probe back.',
        evidence: [
          ...probeEvidence(probe),
          ...(run.end ? [field(pod, `${run.end.path}.startedAt`), field(pod, `${run.end.path}.finishedAt`)] : []),
          ...logEvidence(view, run),
        ],
        remediation: [
          { text: 'Add a startupProbe whose periodSeconds times failureThreshold exceeds the longest start' },
          readLog(run),
        ],
      };
    }
  },
};
