import {
  containersOf,
  nearest,
  oneLine,
  refOf,
  type ConfigMap,
  type Evidence,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field, getCommand, shown } from '../../evidence.ts';
import { livePods, type Draft, type Rule } from '../../rule.ts';
import { configReferences, type ConfigReference } from './references.ts';

/** The kubelet's words for a variable; it names the object. */
const OF_VARIABLE = /couldn't find key (\S+) in (ConfigMap|Secret) \S*?([^/\s]+)$/;
/** Its words for a volume; the object stands in the spec alone. */
const OF_VOLUME = /volume "([^"]+)"\s*: references non-existent (config|secret) key: (\S+)/;

interface Said {
  readonly kind: 'ConfigMap' | 'Secret';
  readonly key: string;
  /** Absent where neither the message nor the spec tells. */
  readonly name?: string;
  readonly container?: string;
  readonly reference?: ConfigReference;
  readonly evidence: Evidence;
}

export const missingKey: Rule = {
  id: 'config/missing-key',
  severity: 'critical',
  confidence: 'certain',
  needs: ['Pod', 'Event'],
  *check({ view }) {
    for (const pod of livePods(view)) {
      if (pod.status?.phase === 'Running' && !isWaiting(pod)) continue;
      for (const said of whatKubeletSaid(view, pod)) {
        const map = mapOf(view, pod, said);
        if (!map || !keysOf(map).includes(said.key)) yield draft(view, pod, said, map);
      }
    }
  },
};

function isWaiting(pod: Pod): boolean {
  return containersOf(pod).some((c) => c.status?.state?.waiting !== undefined);
}

function* whatKubeletSaid(view: ClusterView, pod: Pod): Generator<Said> {
  for (const c of containersOf(pod)) {
    const [, key, kind, name] = OF_VARIABLE.exec(c.status?.state?.waiting?.message ?? '') ?? [];
    if (key === undefined || name === undefined || (kind !== 'ConfigMap' && kind !== 'Secret')) continue;
    const reference = configReferences(pod).find(
      (r) => r.kind === kind && r.name === name && r.key === key && r.container === c.name,
    );
    const evidence = field(pod, `${c.statusPath}.state.waiting.message`);
    yield { kind, key, name, container: c.name, evidence, ...(reference && { reference }) };
  }
  if (pod.status?.phase !== 'Pending') return;
  const said = new Set<string>();
  for (const e of view.events(pod, 'FailedMount').toReversed()) {
    const [, volume, word, key] = OF_VOLUME.exec(e.message ?? '') ?? [];
    if (volume === undefined || key === undefined || said.has(`${volume}/${key}`)) continue;
    said.add(`${volume}/${key}`);
    const kind = word === 'secret' ? 'Secret' : 'ConfigMap';
    const reference = configReferences(pod).find(
      (r) => r.kind === kind && r.key === key && r.path.includes(`.volumes[?(@.name=="${volume}")]`),
    );
    yield { kind, key, evidence: event(e), ...(reference && { name: reference.name, reference }) };
  }
}

/** The ConfigMap with its key names; those of a Secret are never read. */
function mapOf(view: ClusterView, pod: Pod, { kind, name }: Said): ConfigMap | undefined {
  return kind === 'ConfigMap' && name !== undefined ? view.get('ConfigMap', pod.metadata.namespace, name) : undefined;
}

export function keysOf(map: ConfigMap): readonly string[] {
  return [...Object.keys(map.data ?? {}), ...Object.keys(map.binaryData ?? {})].toSorted();
}

/** The key names of a ConfigMap, as a line prints them that shows no value. */
export function keyNames(map: ConfigMap): Evidence {
  const subject = refOf(map);
  const print = (list: string) => `{{range $k, $v := .${list}}}{{$k}} {{end}}`;
  const command = `${getCommand(subject)} -o go-template='${print('data')}${print('binaryData')}'`;
  const names = [...Object.keys(map.data ?? {}).toSorted(), ...Object.keys(map.binaryData ?? {}).toSorted()];
  return shown(subject, 'key names', names.join(' '), command);
}

function draft(view: ClusterView, pod: Pod, said: Said, map: ConfigMap | undefined): Draft {
  const { namespace = '' } = pod.metadata;
  const workload = view.workload(pod);
  const where = said.name === undefined ? `a ${said.kind}` : `${said.kind} ${said.name}`;
  const near = map && nearest(said.key, keysOf(map));
  return {
    subject: refOf(pod),
    ...(said.container !== undefined && { container: said.container }),
    causeKey: `${said.kind}/${said.name ?? ''}/${said.key}`,
    title: oneLine(titleOf(workload, said, where), 90),
    cause: [
      `The key ${said.key} is not in ${where} of ${namespace}, so the kubelet cannot start the container.`,
      map ? `Its keys are ${keysOf(map).join(', ') || 'none'}.` : '',
      near === undefined ? '' : `The nearest is ${near}.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
    evidence: [
      said.evidence,
      ...(said.reference ? [field(pod, said.reference.path)] : []),
      ...(map ? [keyNames(map)] : []),
    ],
    remediation: [
      near === undefined
        ? { text: `Add key ${said.key} to ${where}, or correct the reference; the pod then starts by itself` }
        : {
            text: `Correct the key in ${workload.kind.toLowerCase()}/${workload.name} to ${near}, or add ${said.key} to ${where}`,
          },
    ],
  };
}

function titleOf(workload: ObjectRef, { key }: Said, where: string): string {
  return `${workload.name} needs key "${key}" of ${where}, which has no such key`;
}
