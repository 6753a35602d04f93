import {
  listed,
  nearest,
  ref,
  templateOf,
  type ContainerView,
  type Evidence,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { getCommand, shown } from '../../evidence.ts';
import type { SeenCause } from '../../logs/index.ts';
import { hasTemplate, logRule, owner, readLog, rollBack } from './common.ts';
import { volumeAt } from './volumes.ts';

/** Variables of a container by their sources. */
interface Environment {
  readonly own: readonly string[];
  /** Names that envFrom brings, where all of its ConfigMaps were read. */
  readonly imported: readonly string[];
  /** True when nothing else can set a variable: no envFrom of a Secret or of an object that was not read. */
  readonly isKnown: boolean;
  readonly sources: readonly ObjectRef[];
}

function environmentOf(view: ClusterView, pod: Pod, { spec }: ContainerView): Environment {
  const own = (spec.env ?? []).map((e) => e.name);
  const imported: string[] = [];
  const sources: ObjectRef[] = [];
  let isKnown = true;
  for (const from of spec.envFrom ?? []) {
    const map = from.configMapRef?.name;
    const secret = from.secretRef?.name;
    if (map !== undefined) sources.push(ref('ConfigMap', pod.metadata.namespace, map));
    if (secret !== undefined) sources.push(ref('Secret', pod.metadata.namespace, secret));
    const found = map === undefined ? undefined : view.find('ConfigMap', pod.metadata.namespace, map);
    if (found?.state === 'present')
      imported.push(...Object.keys(found.object.data ?? {}).map((k) => `${from.prefix ?? ''}${k}`));
    else if (found?.state !== 'absent') isKnown = false;
  }
  return { own, imported, isKnown, sources };
}

export const missingEnv = logRule('log/missing-env', (seen, { view }) => {
  const name = variableOf(seen);
  const workload = seen.workload.name;
  const env = environmentOf(view, seen.pod, seen.container);
  const entry = seen.container.spec.env?.find((e) => e.name === name);
  // A value that is written in the template is set, whatever the program makes of it.
  if (name !== undefined && (env.imported.includes(name) || (entry && !entry.valueFrom))) return undefined;
  if (name === undefined)
    return {
      causeKey: seen.match.pattern.id,
      title: `${workload} stops: a required setting is not set`,
      cause: 'Its log does not name the setting on that line; the lines around it do.',
      remediation: [readLog(seen)],
    };
  const near = nearest(name, [...env.own, ...env.imported]);
  const others = setElsewhere(view, seen, name);
  const isVariable = /^[A-Z][A-Z0-9_]*$/.test(name);
  const absent = entry ? `takes ${name} from an object that does not give it` : `has no variable ${name}`;
  return {
    causeKey: name,
    title: `${workload} stops: required setting ${name} is not set`,
    cause: [
      `Container ${seen.container.name} ${isVariable ? absent : `gets no value for ${name}`}.`,
      near === undefined ? '' : `The nearest name that it has is ${near}.`,
      others.length === 0 ? '' : `It is set in ${listed(others.map((o) => `${o.kind.toLowerCase()}/${o.name}`))}.`,
    ]
      .filter((part) => part !== '')
      .join(' '),
    confidence: env.isKnown && isVariable && !entry ? 'certain' : 'likely',
    causedBy: [
      ...env.sources,
      ...(entry?.valueFrom?.configMapKeyRef?.name !== undefined
        ? [ref('ConfigMap', seen.namespace, entry.valueFrom.configMapKeyRef.name)]
        : []),
      ...(entry?.valueFrom?.secretKeyRef?.name !== undefined
        ? [ref('Secret', seen.namespace, entry.valueFrom.secretKeyRef.name)]
        : []),
    ],
    evidence: namesOf(seen, env.own),
    remediation: [
      hasTemplate(seen)
        ? {
            text: 'Set it; a secret value belongs into a Secret',
            command: `kubectl set env ${owner(seen)} -n ${seen.namespace} -c ${seen.container.name} ${isVariable ? name : toVariable(name)}=<value>`,
          }
        : { text: `Set ${name} in the template; a secret value belongs into a Secret` },
      ...rollBack(seen),
    ],
  };
});

/** The name stands on the line, or alone on the line above it. */
function variableOf({ match }: SeenCause): string | undefined {
  if (match.groups.name !== undefined) return match.groups.name;
  const above = match.above.trim();
  return match.pattern.id === 'env-python-pydantic' && /^\w{2,80}$/.test(above) ? above.toUpperCase() : undefined;
}

/** Spring's relaxed binding: `payment.api-key` is PAYMENT_APIKEY. */
function toVariable(property: string): string {
  return property.replaceAll('-', '').replaceAll('.', '_').toUpperCase();
}

/** The names of the container's variables, without a value. */
function namesOf({ pod, container }: SeenCause, names: readonly string[]): readonly Evidence[] {
  if (names.length === 0) return [];
  const path = `${container.specPath}.env[*].name`;
  const subject = ref('Pod', pod.metadata.namespace, pod.metadata.name ?? '');
  return [shown(subject, path.slice(1), names.join(' '), `${getCommand(subject)} -o jsonpath='{${path}}'`)];
}

/** Other workloads of the namespace whose template sets the variable. */
function setElsewhere(view: ClusterView, seen: SeenCause, name: string): readonly ObjectRef[] {
  return (['Deployment', 'StatefulSet', 'CronJob'] as const).flatMap((kind) =>
    view.inNamespace(kind, seen.namespace).flatMap((object) => {
      const { containers = [] } = templateOf(object)?.spec ?? {};
      const sets = containers.some((c) => c.env?.some((e) => e.name === name) === true);
      const found = ref(kind, seen.namespace, object.metadata.name ?? '');
      return sets && found.name !== seen.workload.name ? [found] : [];
    }),
  );
}

export const configParse = logRule('log/config-parse', (seen) => {
  const { groups } = seen.match;
  const detail = (groups.detail ?? seen.match.text).replace(/["}\\]+$/, '').trim();
  const file = groups.file ?? / in (?:file )?"?(?<file>\/[^\s":]{1,300})/.exec(seen.match.text)?.groups?.file;
  const volume = file === undefined ? undefined : volumeAt(seen.pod, seen.container, file);
  const line = groups.line === undefined ? '' : ` at line ${groups.line}`;
  const where = file === undefined ? 'Its configuration or an option' : `File ${file}${line}`;
  const from = volume?.source === undefined ? '' : ` It is mounted from ${volume.source.kind} ${volume.source.name}.`;
  const source = volume?.source;
  return {
    causeKey: detail.replace(/\d+/g, '#').slice(0, 80),
    title: `${seen.workload.name} cannot read its configuration: ${detail}`,
    cause: `${where} holds what the program does not accept, so it stops.${from}`,
    ...(source && { causedBy: [source] }),
    evidence: volume ? [volume.evidence] : [],
    remediation: [
      source?.kind === 'ConfigMap'
        ? {
            text: 'Correct the file in the ConfigMap',
            command: `kubectl get configmap ${source.name} -n ${seen.namespace} -o yaml`,
          }
        : { text: 'Correct the configuration or the argument; compare with the last version that ran' },
      ...rollBack(seen),
      readLog(seen),
    ],
  };
});
