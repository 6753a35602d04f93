import {
  listed,
  podSpecPath,
  oneLine,
  refOf,
  templateOf,
  type Container,
  type Evidence,
  type KubeObject,
  type NonEmpty,
} from '../../../domain/index.ts';
import { controllerOf, type ClusterView } from '../../../cluster/index.ts';
import { event, field } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';

export const envInvalid: Rule = {
  id: 'config/env-invalid',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Pod', 'Event', 'Deployment', 'StatefulSet', 'DaemonSet'],
  *check({ view }) {
    for (const workload of templates(view))
      for (const list of ['initContainers', 'containers'] as const)
        for (const container of templateOf(workload)?.spec?.[list] ?? []) yield* duplicates(workload, list, container);
    yield* skipped(view);
  },
};

function* templates(view: ClusterView): Generator<KubeObject> {
  for (const kind of ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'] as const) yield* view.all(kind);
  for (const pod of livePods(view)) if (!controllerOf(pod)) yield pod;
}

function* duplicates(workload: KubeObject, list: string, { name, env = [] }: Container): Generator<Draft> {
  const seen = new Map<string, number>();
  for (const [i, entry] of env.entries()) {
    const first = seen.get(entry.name);
    seen.set(entry.name, i);
    // Values are kept only where they are addresses or numbers: two that are gone may be equal.
    if (first === undefined || JSON.stringify(env[first]) === JSON.stringify(entry)) continue;
    const subject = refOf(workload);
    const at = (index: number) =>
      field(workload, `${podSpecPath(workload.kind)}.${list}[?(@.name=="${name}")].env[${index}].name`);
    yield {
      subject,
      container: name,
      causeKey: entry.name,
      title: oneLine(`${subject.name}: environment of ${name} sets ${entry.name} twice, the last value wins`, 90),
      cause: `Entries ${first} and ${i} of the environment of container ${name} both set ${entry.name}, to different values; the container sees only the last.`,
      evidence: [at(first), at(i)],
      remediation: [
        { text: `Remove the wrong one of the two in ${subject.kind.toLowerCase()}/${subject.name}, at its source` },
      ],
    };
  }
}

/** Kubelets before 1.30 leave out keys that are no names of variables, and say so in an event. */
function* skipped(view: ClusterView): Generator<Draft> {
  for (const pod of livePods(view)) {
    const said = view.events(pod, 'InvalidEnvironmentVariableNames').at(-1);
    if (!said) continue;
    const [, keys = '', from = ''] =
      /^Keys \[([^\]]*)\] from the EnvFrom (.+?) were skipped/.exec(said.message ?? '') ?? [];
    const workload = view.workload(pod);
    const names = keys.split(/,\s*/).filter((k) => k !== '');
    const evidence: NonEmpty<Evidence> = [event(said)];
    yield {
      subject: refOf(pod),
      causeKey: names.join(','),
      title: oneLine(
        `${workload.name}: environment lacks ${listed(names, 1) || 'keys'}, which is no name of a variable`,
        90,
      ),
      cause: `The kubelet left out ${listed(names) || 'keys'}${from === '' ? '' : ` of ${from}`}: the names are not valid for environment variables, so the container does not see them.`,
      evidence,
      remediation: [{ text: 'Rename the keys, or take each with valueFrom under a valid name' }],
    };
  }
}
