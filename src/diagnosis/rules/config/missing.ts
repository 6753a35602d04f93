import {
  containersOf,
  listed,
  nearest,
  oneLine,
  podSpecPath,
  ref,
  refOf,
  type Action,
  type CatalogueId,
  type Kind,
  type ObjectRef,
  type Pod,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { absence, event, field } from '../../evidence.ts';
import { livePods, type Draft, type Rule, type RuleContext } from '../../rule.ts';
import { configReferences, type ConfigReference } from './references.ts';

/** The kubelet names the object that a waiting pod lacks; the words have been the same since 1.6. */
function missingText(kind: 'ConfigMap' | 'Secret'): RegExp {
  return new RegExp(`${kind.toLowerCase()} "([^"]+)" not found`);
}

function missingObject(kind: 'ConfigMap' | 'Secret', id: CatalogueId): Rule {
  const text = missingText(kind);
  return {
    id,
    severity: 'critical',
    confidence: 'certain',
    // The reader may not list Secrets; the kubelet's message alone tells that one is missing.
    needs: kind === 'Secret' ? ['Pod', 'Event'] : ['Pod', 'Event', 'ConfigMap'],
    *check({ view }) {
      for (const pod of livePods(view)) {
        const said = whatKubeletSaid(view, pod, text);
        if (!said || view.find(kind, pod.metadata.namespace, said.name).state === 'present') continue;
        yield draft({ view }, pod, kind, said);
      }
    },
  };
}

interface Said {
  readonly name: string;
  readonly container?: string;
  readonly evidence: Draft['evidence'][0];
  readonly since?: string;
}

function whatKubeletSaid(view: ClusterView, pod: Pod, text: RegExp): Said | undefined {
  for (const c of containersOf(pod)) {
    const waiting = c.status?.state?.waiting;
    const name = text.exec(waiting?.message ?? '')?.[1];
    if (name !== undefined) {
      const evidence = field(pod, `${c.statusPath}.state.waiting.message`);
      return { name, container: c.name, evidence };
    }
  }
  if (pod.status?.phase !== 'Pending') return undefined;
  const mount = view.events(pod, 'FailedMount').findLast((e) => text.test(e.message ?? ''));
  const name = text.exec(mount?.message ?? '')?.[1];
  return mount && name !== undefined ? { name, evidence: event(mount) } : undefined;
}

function draft({ view }: Pick<RuleContext, 'view'>, pod: Pod, kind: 'ConfigMap' | 'Secret', said: Said): Draft {
  const { namespace } = pod.metadata;
  const workload = view.workload(pod);
  const reference = configReferences(pod).find((r) => r.kind === kind && r.name === said.name);
  const near = nearName(view, kind, namespace, said.name);
  const exists = view.find(kind, namespace, said.name);
  const elsewhere = view.all(kind).filter((o) => o.metadata.name === said.name);
  const hints = [
    near !== undefined ? `The nearest name is ${near}.` : '',
    elsewhere.length > 0 ? `One of that name is in ${listed(elsewhere.map((o) => o.metadata.namespace ?? ''))}.` : '',
  ];
  return {
    subject: refOf(pod),
    ...(said.container !== undefined && { container: said.container }),
    causeKey: said.name,
    title: oneLine(`${workload.name} needs ${kind} ${said.name}, which does not exist in ${namespace ?? ''}`, 90),
    cause: [
      `${kind} ${said.name} is missing in ${namespace ?? ''}, so the kubelet cannot start the container.`,
      ...hints,
    ]
      .filter((part) => part !== '')
      .join(' '),
    ...(pod.metadata.creationTimestamp !== undefined && { since: pod.metadata.creationTimestamp }),
    causedBy: [ref(kind, namespace, said.name)],
    evidence: [
      said.evidence,
      ...(reference ? [field(pod, reference.path)] : []),
      ...(exists.state === 'absent' ? [absence(kind, namespace, said.name)] : []),
    ],
    remediation: [
      { text: `See which ${kind}s exist`, command: `kubectl get ${kind.toLowerCase()}s -n ${namespace ?? ''}` },
      near !== undefined
        ? { text: `Correct the name in ${workload.kind.toLowerCase()}/${workload.name} to ${near}` }
        : { text: `Create ${kind} ${said.name}, or let what should make it (chart, operator) do so` },
    ],
    ...fixFor(workload, reference, near),
  };
}

function nearName(view: ClusterView, kind: Kind, namespace: string | undefined, name: string): string | undefined {
  return nearest(
    name,
    view.inNamespace(kind, namespace).map((o) => o.metadata.name ?? ''),
  );
}

/** A typed fix only where exactly one near name exists and the workload's template can be patched. */
function fixFor(
  workload: ObjectRef,
  reference: ConfigReference | undefined,
  near: string | undefined,
): { fix?: Action } {
  const patchable = ['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob'].includes(workload.kind);
  if (!reference || near === undefined || !patchable) return {};
  const path = podSpecPath(workload.kind) + reference.path.slice('.spec'.length);
  return { fix: { verb: 'set-reference', target: workload, path, value: near } };
}

export const missingConfigMap = missingObject('ConfigMap', 'config/missing-configmap');
export const missingSecret = missingObject('Secret', 'config/missing-secret');
