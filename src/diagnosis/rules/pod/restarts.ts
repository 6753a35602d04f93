import { ageOf, parseTime, refOf } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import { livePods, type Rule } from '../../rule.ts';
import { eventsAbout, runsOf, type Run } from '../container/runs.ts';
import { capital, logEvidence, onset, readLog, titled, who } from '../container/words.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** More restarts than this within the span are a storm. */
const STORMS = [
  { restarts: 3, spanMs: 5 * MINUTE_MS, text: 'within 5 minutes' },
  { restarts: 5, spanMs: HOUR_MS, text: 'within an hour' },
] as const;

/**
 * The span in which a container restarted too often. Restarts carry no times of their own, except the last. All of them
 * lie between the start of the pod and the last one, which tells when it is short; of an older pod the series of its
 * Started events tells.
 */
function stormOf(view: ClusterView, run: Run): (typeof STORMS)[number] | undefined {
  const { pod, c, end } = run;
  const began = parseTime(pod.status?.startTime ?? pod.metadata.creationTimestamp);
  const last = parseTime(c.status?.state?.running?.startedAt) ?? parseTime(end?.finishedAt);
  if (began === undefined || last === undefined) return undefined;
  const series = [{ restarts: c.status?.restartCount ?? 0, first: began }, ...startSeries(view, run, began)];
  return STORMS.find(
    (s) => view.at - last <= s.spanMs && series.some((x) => x.restarts > s.restarts && last - x.first <= s.spanMs),
  );
}

/** Starts that the kubelet has counted together; the first start of a pod is none of its restarts. */
function startSeries(view: ClusterView, { pod, c }: Run, began: number): { restarts: number; first: number }[] {
  return eventsAbout(view, pod, c, 'Started').flatMap((e) => {
    const first = parseTime(e.firstTimestamp);
    if (first === undefined || first - began < MINUTE_MS) return [];
    return [{ restarts: e.count ?? e.series?.count ?? 1, first }];
  });
}

/** Ends whose own rule speaks of the restarts as well; the catalogue does not know them as causes of a storm. */
const SPEAKS_ITSELF = new Set<Run['kind']>(['oom', 'zero', 'native', 'signal', 'hook', 'exec-format', 'startup']);

export const restartStorm: Rule = {
  id: 'pod/restart-storm',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      const { pod, c, end } = run;
      if (c.status?.state?.running === undefined || !end) continue;
      const storm = stormOf(view, run);
      if (!storm || (SPEAKS_ITSELF.has(run.kind) && (run.isFailing || run.kind === 'oom'))) continue;
      const reason = end.reason ?? 'Error';
      yield {
        subject: refOf(pod),
        container: c.name,
        causeKey: `${reason}/${end.exitCode}`,
        ...onset(pod.status?.startTime ?? pod.metadata.creationTimestamp),
        title: titled(`${capital(who(run))} restarted more than ${storm.restarts} times ${storm.text}`),
        cause: `It ends with ${reason}, exit code ${end.exitCode}, soon after each start, and is seen running between two tries.`,
        evidence: [
          field(pod, `${c.statusPath}.restartCount`),
          field(pod, `${end.path}.exitCode`, end.finishedAt),
          field(pod, `${end.path}.finishedAt`),
          field(pod, '.status.startTime'),
          ...logEvidence(view, run),
        ],
        remediation: [readLog(run)],
      };
    }
  },
};

export const bare: Rule = {
  id: 'pod/bare',
  severity: 'info',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now }) {
    for (const pod of livePods(view)) {
      const { ownerReferences = [], annotations = {}, labels = {}, name = '' } = pod.metadata;
      if (ownerReferences.length > 0 || annotations['kubernetes.io/config.mirror'] !== undefined) continue;
      // kubectl run and kubectl debug make pods for a person.
      const isByHand = labels.run === name || labels['app.kubernetes.io/managed-by'] === 'kubectl-debug';
      if (ageOf(pod, now) < HOUR_MS || isByHand || name.startsWith('node-debugger-')) continue;
      yield {
        subject: refOf(pod),
        causeKey: 'bare',
        title: titled(`Pod ${name} has no controller: it does not come back after the loss of its node`),
        cause: 'The pod was made directly, without a Deployment, StatefulSet or Job that would make it anew.',
        evidence: [field(pod, '.metadata.ownerReferences'), field(pod, '.metadata.name')],
        remediation: [{ text: 'Put the pod into a Deployment, StatefulSet or Job' }],
      };
    }
  },
};
