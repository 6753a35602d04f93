import { containersOf, formatDuration, parseTime, ref, refOf, type ObjectRef } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field } from '../../evidence.ts';
import type { Draft, Rule } from '../../rule.ts';
import { inStartupGrace } from '../pod/grace.ts';
import { runsOf, severityOf, sinceOf, type Run } from './runs.ts';
import { endEvidence, logEvidence, readLog, titled } from './words.ts';

/** Ends that a rule of their own explains wherever they happen. */
const EXPLAINED = new Set<Run['kind']>(['oom', 'exec-format', 'native', 'signal', 'hook']);

/** The fallback for init containers: whatever tells why absorbs it. */
export const initFailing: Rule = {
  id: 'container/init-failing',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view }) {
    for (const run of runsOf(view)) {
      const { pod, c, workload, end } = run;
      if (c.role !== 'init' || !run.isFailing || !end || end.exitCode === 0 || EXPLAINED.has(run.kind)) continue;
      const inits = containersOf(pod).filter((other) => other.role === 'init');
      const place = `${inits.findIndex((other) => other.name === c.name) + 1} of ${inits.length}`;
      yield {
        subject: refOf(pod),
        container: c.name,
        ...severityOf(run),
        ...sinceOf(view, run),
        causeKey: `${c.name}/${end.exitCode}`,
        title: titled(`Init container ${c.name} (${place}) of ${workload.name} fails with exit ${end.exitCode}`),
        cause: `Init container ${c.name} must end with 0 before anything else of the pod starts; it ends with ${end.exitCode}.`,
        evidence: endEvidence(view, run),
        remediation: [readLog(run), { text: 'Correct its command, its configuration, or what it waits for' }],
      };
    }
  },
};

const FIVE_MINUTES = 300_000;

export const initHanging: Rule = {
  id: 'container/init-hanging',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod'],
  *check({ view, now, settings }) {
    for (const run of runsOf(view)) {
      const { pod, c } = run;
      const started = parseTime(c.status?.state?.running?.startedAt);
      if (c.role !== 'init' || pod.status?.phase !== 'Pending' || started === undefined) continue;
      if (now - started < FIVE_MINUTES || inStartupGrace(settings, view, pod, now)) continue;
      yield hanging(view, run, started, now);
    }
  },
};

function hanging(view: ClusterView, run: Run, started: number, now: number): Draft {
  const { pod, c, workload } = run;
  const age = now - started;
  const services = servicesNamed(view, run);
  const waitsFor = services[0];
  const shape = (['command', 'args'] as const).filter((key) => (c.spec[key]?.length ?? 0) > 0);
  return {
    subject: refOf(pod),
    container: c.name,
    causeKey: c.name,
    since: new Date(started).toISOString(),
    title: titled(
      waitsFor
        ? `Init container ${c.name} of ${workload.name} has waited for ${waitsFor.name} for ${formatDuration(age)}`
        : `Init container ${c.name} of ${workload.name} has been running for ${formatDuration(age)}`,
    ),
    cause: waitsFor
      ? `Nothing else of the pod starts before ${c.name} ends. It names Service ${waitsFor.name}, so most likely it waits for that to answer.`
      : `Nothing else of the pod starts before ${c.name} ends. It waits for something that does not answer, or does long work.`,
    ...(services.length > 0 && { causedBy: services }),
    evidence: [
      field(pod, `${c.statusPath}.state.running.startedAt`),
      ...shape.map((key) => field(pod, `${c.specPath}.${key}`)),
      ...logEvidence(view, run),
    ],
    remediation: [readLog(run), { text: 'Correct what it waits for; it then goes on by itself' }],
  };
}

/** Services whose name occurs as a host in the command, the arguments, the addresses or the last log lines of a container. */
function servicesNamed(view: ClusterView, { pod, c }: Run): readonly ObjectRef[] {
  const { namespace } = pod.metadata;
  const texts = [
    ...(c.spec.command ?? []),
    ...(c.spec.args ?? []),
    ...(c.spec.env ?? []).map((e) => e.value ?? ''),
    ...(view.log(pod, c.name)?.lines.slice(-20) ?? []),
  ];
  const found = new Map<string, ObjectRef>();
  for (const word of texts.join(' ').match(/[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?/g) ?? []) {
    const [name = '', inOther] = word.split('.');
    for (const ns of [namespace, inOther])
      if (ns !== undefined && view.get('Service', ns, name)) found.set(`${ns}/${name}`, ref('Service', ns, name));
  }
  return [...found.values()];
}
