import type { Kind } from './kube.ts';

/** Where a kind lives in the API. */
export interface KindInfo {
  readonly kind: Kind;
  /** '' is the core group. */
  readonly group: string;
  readonly version: string;
  /** Plural, as in URLs and in `kubectl get`. */
  readonly resource: string;
  readonly namespaced: boolean;
  /** Names that people type: singular and short names. */
  readonly aliases: readonly string[];
}

const table: readonly [Kind, string, string, string, boolean, ...string[]][] = [
  ['Pod', '', 'v1', 'pods', true, 'po'],
  ['Node', '', 'v1', 'nodes', false, 'no'],
  ['Namespace', '', 'v1', 'namespaces', false, 'ns'],
  ['Service', '', 'v1', 'services', true, 'svc'],
  ['EndpointSlice', 'discovery.k8s.io', 'v1', 'endpointslices', true],
  ['Event', '', 'v1', 'events', true, 'ev'],
  ['ConfigMap', '', 'v1', 'configmaps', true, 'cm'],
  ['Secret', '', 'v1', 'secrets', true],
  ['ServiceAccount', '', 'v1', 'serviceaccounts', true, 'sa'],
  ['PersistentVolume', '', 'v1', 'persistentvolumes', false, 'pv'],
  ['PersistentVolumeClaim', '', 'v1', 'persistentvolumeclaims', true, 'pvc'],
  ['ResourceQuota', '', 'v1', 'resourcequotas', true, 'quota'],
  ['LimitRange', '', 'v1', 'limitranges', true, 'limits'],
  ['Deployment', 'apps', 'v1', 'deployments', true, 'deploy'],
  ['ReplicaSet', 'apps', 'v1', 'replicasets', true, 'rs'],
  ['StatefulSet', 'apps', 'v1', 'statefulsets', true, 'sts'],
  ['DaemonSet', 'apps', 'v1', 'daemonsets', true, 'ds'],
  ['Job', 'batch', 'v1', 'jobs', true],
  ['CronJob', 'batch', 'v1', 'cronjobs', true, 'cj'],
  ['HorizontalPodAutoscaler', 'autoscaling', 'v2', 'horizontalpodautoscalers', true, 'hpa'],
  ['PodDisruptionBudget', 'policy', 'v1', 'poddisruptionbudgets', true, 'pdb'],
  ['Ingress', 'networking.k8s.io', 'v1', 'ingresses', true, 'ing'],
  ['IngressClass', 'networking.k8s.io', 'v1', 'ingressclasses', false],
  ['NetworkPolicy', 'networking.k8s.io', 'v1', 'networkpolicies', true, 'netpol'],
  ['StorageClass', 'storage.k8s.io', 'v1', 'storageclasses', false, 'sc'],
  ['VolumeAttachment', 'storage.k8s.io', 'v1', 'volumeattachments', false],
  ['CSINode', 'storage.k8s.io', 'v1', 'csinodes', false],
  ['CSIDriver', 'storage.k8s.io', 'v1', 'csidrivers', false],
  ['PriorityClass', 'scheduling.k8s.io', 'v1', 'priorityclasses', false, 'pc'],
  ['RuntimeClass', 'node.k8s.io', 'v1', 'runtimeclasses', false],
  ['Lease', 'coordination.k8s.io', 'v1', 'leases', true],
  ['ValidatingWebhookConfiguration', 'admissionregistration.k8s.io', 'v1', 'validatingwebhookconfigurations', false],
  ['MutatingWebhookConfiguration', 'admissionregistration.k8s.io', 'v1', 'mutatingwebhookconfigurations', false],
  ['APIService', 'apiregistration.k8s.io', 'v1', 'apiservices', false],
  ['CustomResourceDefinition', 'apiextensions.k8s.io', 'v1', 'customresourcedefinitions', false, 'crd'],
  ['Role', 'rbac.authorization.k8s.io', 'v1', 'roles', true],
  ['RoleBinding', 'rbac.authorization.k8s.io', 'v1', 'rolebindings', true],
  ['ClusterRole', 'rbac.authorization.k8s.io', 'v1', 'clusterroles', false],
  ['ClusterRoleBinding', 'rbac.authorization.k8s.io', 'v1', 'clusterrolebindings', false],
  ['PodMetrics', 'metrics.k8s.io', 'v1beta1', 'pods', true],
  ['NodeMetrics', 'metrics.k8s.io', 'v1beta1', 'nodes', false],
];

export const kinds: readonly KindInfo[] = table.map(([kind, group, version, resource, namespaced, ...short]) => ({
  kind,
  group,
  version,
  resource,
  namespaced,
  aliases: [kind.toLowerCase(), ...short],
}));

const byKind = new Map(kinds.map((info) => [info.kind, info]));

/** Everything known about a kind. */
export function kindInfo(kind: Kind): KindInfo {
  const info = byKind.get(kind);
  if (!info) throw new Error(`kind ${kind} is not in the table of kinds`);
  return info;
}

export function isKind(name: string): name is Kind {
  return byKind.has(name as Kind);
}

/** The name kubectl understands for a kind, e.g. `deployment`, `endpointslice`; metrics have `kubectl get --raw` only. */
export function kubectlName(kind: string): string {
  return kind.toLowerCase();
}

/** `po`, `pods`, `Pod` → Pod; undefined when no kind is called so. Metrics kinds are not meant. */
export function kindFromWord(word: string): Kind | undefined {
  const lower = word.toLowerCase();
  return kinds.find((k) => k.group !== 'metrics.k8s.io' && (k.resource === lower || k.aliases.includes(lower)))?.kind;
}
