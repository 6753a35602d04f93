import { oneLine, refOf, templateOf, type KubeObject } from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { getCommand, shown } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { configReferences } from './references.ts';

const KINDS_THAT_USE = ['Pod', 'Deployment', 'StatefulSet', 'DaemonSet', 'ReplicaSet', 'Job', 'CronJob'] as const;
/** Objects that programs read through the API, or that the cluster puts into every namespace. */
const SYSTEM_NAMES =
  /^(kube-root-ca\.crt|openshift-service-ca\.crt|istio-ca-root-cert|cluster-info|sh\.helm\.release\..*)$/;
const READ_BY_SIDECARS = /dashboard|datasource|prometheus|alertmanager|sidecar|operator|leader/i;

export const unused: Rule = {
  id: 'config/unused',
  severity: 'info',
  confidence: 'hint',
  needs: ['ConfigMap', ...KINDS_THAT_USE, 'Ingress', 'ServiceAccount'],
  *check({ view, settings }) {
    if (!settings.unused) return;
    const needed = [...KINDS_THAT_USE, 'Ingress', 'ServiceAccount'] as const;
    const used = usedNames(view);
    for (const kind of ['ConfigMap', 'Secret'] as const)
      for (const object of view.all(kind) as readonly KubeObject[]) {
        const { namespace } = object.metadata;
        const subject = refOf(object);
        if (!needed.every((k) => view.isComplete(k, namespace))) continue;
        if (isKept(object) || used.has(`${kind}/${namespace ?? ''}/${subject.name}`)) continue;
        yield {
          subject,
          causeKey: subject.name,
          title: oneLine(`${kind} ${subject.name} is referenced by nothing that was read`, 90),
          cause: `No pod, workload, Ingress or ServiceAccount of ${namespace ?? ''} names it: possibly left over, possibly read through the API.`,
          evidence: [shown(subject, 'existence', subject.name, getCommand(subject))],
          remediation: [{ text: 'Ask its owner before anything is done to it' }],
        };
      }
  },
};

/** Objects that nothing needs to name: owned ones, system ones, and those that sidecars find by label. */
function isKept(object: KubeObject): boolean {
  const { name = '', namespace = '', labels = {}, annotations = {}, ownerReferences = [] } = object.metadata;
  if (/^kube-/.test(namespace) || SYSTEM_NAMES.test(name) || ownerReferences.length > 0) return true;
  // The type of a Secret is not read; tokens and releases are told by what their makers write on them.
  if ('kubernetes.io/service-account.name' in annotations || labels['owner'] === 'helm') return true;
  if ('control-plane.alpha.kubernetes.io/leader' in annotations) return true;
  return Object.keys(labels).some((key) => READ_BY_SIDECARS.test(key));
}

function usedNames(view: ClusterView): ReadonlySet<string> {
  const used = new Set<string>();
  const add = (kind: string, namespace: string | undefined, name: string | undefined) => {
    if (name !== undefined) used.add(`${kind}/${namespace ?? ''}/${name}`);
  };
  for (const kind of KINDS_THAT_USE)
    for (const object of view.all(kind) as readonly KubeObject[]) {
      const { namespace } = object.metadata;
      for (const r of configReferences(object)) add(r.kind, namespace, r.name);
      for (const s of templateOf(object)?.spec?.imagePullSecrets ?? []) add('Secret', namespace, s.name);
    }
  for (const { metadata, spec } of view.all('Ingress'))
    for (const tls of spec?.tls ?? []) add('Secret', metadata.namespace, tls.secretName);
  for (const { metadata, imagePullSecrets = [], secrets = [] } of view.all('ServiceAccount'))
    for (const s of [...imagePullSecrets, ...secrets]) add('Secret', metadata.namespace, s.name);
  return used;
}
