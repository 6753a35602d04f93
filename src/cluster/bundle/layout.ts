import { kinds, type ContainerRef, type Kind } from '../../domain/index.ts';

/** How a recording is arranged. */
export type Layout = 'aiops' | 'support-bundle' | 'dump';

/** What a file of a recording holds, told by its path. */
export type Place =
  | { readonly what: 'list'; readonly layout: Layout; readonly kind: Kind; readonly namespace?: string }
  | { readonly what: 'errors'; readonly layout: Layout; readonly kind: Kind }
  | { readonly what: 'manifest'; readonly layout: 'aiops' }
  | { readonly what: 'version'; readonly layout: 'support-bundle' }
  | { readonly what: 'log'; readonly layout: Layout; readonly ref: ContainerRef; readonly previous: boolean }
  /** The logs of all containers of a pod in one file, with a line before and after each. */
  | { readonly what: 'pod-logs'; readonly layout: 'dump'; readonly namespace: string; readonly pod: string };

export const RECORDING_FOLDER = 'aiops-recording';

const byResource = new Map(kinds.filter((k) => k.group !== 'metrics.k8s.io').map((k) => [k.resource, k]));

/** Names that support bundles use where they differ from the API's. */
const SUPPORT_BUNDLE_NAMES: Readonly<Record<string, Kind>> = {
  'pod-disruption-budgets': 'PodDisruptionBudget',
  ingress: 'Ingress',
  'network-policy': 'NetworkPolicy',
  'resource-quota': 'ResourceQuota',
  'storage-classes': 'StorageClass',
  storage: 'StorageClass',
  'custom-resource-definitions': 'CustomResourceDefinition',
  pvs: 'PersistentVolume',
  pvcs: 'PersistentVolumeClaim',
};

const NAME = /^[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?$/;

/** Undefined for a file that no layout knows. */
export function placeOf(path: string): Place | undefined {
  const parts = path.split('/');
  const own = parts.indexOf(RECORDING_FOLDER);
  if (own >= 0) return inRecording(parts.slice(own + 1));
  const resources = parts.indexOf('cluster-resources');
  if (resources >= 0) return inSupportBundle(parts.slice(resources + 1));
  if (parts.at(-2) === 'cluster-info' && parts.at(-1) === 'cluster_version.json')
    return { what: 'version', layout: 'support-bundle' };
  return inDump(parts);
}

function inRecording(parts: readonly string[]): Place | undefined {
  const [first = '', namespace, pod, file] = parts;
  if (parts.length === 1) {
    if (first === 'manifest.json') return { what: 'manifest', layout: 'aiops' };
    const info = kinds.find((k) => first === `${k.kind}.json`);
    return info && { what: 'list', layout: 'aiops', kind: info.kind };
  }
  if (first !== 'logs' || parts.length !== 4) return undefined;
  const [, container = '', previous] = /^(.*?)(\.previous)?\.log$/.exec(file ?? '') ?? [];
  const names = [namespace ?? '', pod ?? '', container].map(decodeSegment);
  const [ns, podName, name] = names;
  if (container === '' || ns === undefined || podName === undefined || name === undefined) return undefined;
  const ref = { namespace: ns, pod: podName, container: name };
  return { what: 'log', layout: 'aiops', ref, previous: previous !== undefined };
}

function inSupportBundle(parts: readonly string[]): Place | undefined {
  const layout = 'support-bundle';
  const [folder = '', file = ''] = parts;
  if (folder === 'pods' && file === 'logs') return podLog(parts.slice(2));
  if (parts.length === 1) {
    const [, name = '', errors] = /^(.*?)(-errors)?\.json$/.exec(folder) ?? [];
    const kind = bundleKind(name);
    if (kind === undefined) return undefined;
    return errors === undefined ? { what: 'list', layout, kind } : { what: 'errors', layout, kind };
  }
  // Some versions put the ReplicaSets below the name of another file.
  const kind = folder === 'statefulsets-errors.json' ? 'ReplicaSet' : bundleKind(folder);
  const namespace = /^(.*)\.json$/.exec(file)?.[1];
  if (kind === undefined || parts.length !== 2 || namespace === undefined || !NAME.test(namespace)) return undefined;
  return { what: 'list', layout, kind, namespace };
}

function bundleKind(name: string): Kind | undefined {
  return SUPPORT_BUNDLE_NAMES[name] ?? byResource.get(name)?.kind;
}

function podLog([namespace = '', pod = '', file = '', ...rest]: readonly string[]): Place | undefined {
  const [, container = '', previous] = /^(.*?)(-previous)?\.log$/.exec(file) ?? [];
  if (rest.length > 0 || container.endsWith('-logs-errors')) return undefined;
  if (![namespace, pod, container].every((name) => NAME.test(name))) return undefined;
  return {
    what: 'log',
    layout: 'support-bundle',
    ref: { namespace, pod, container },
    previous: previous !== undefined,
  };
}

function inDump(parts: readonly string[]): Place | undefined {
  const layout = 'dump';
  const file = parts.at(-1) ?? '';
  const above = parts.at(-2) ?? '';
  if (file === 'logs.txt') {
    const namespace = parts.at(-3) ?? '';
    return NAME.test(namespace) && NAME.test(above) ? { what: 'pod-logs', layout, namespace, pod: above } : undefined;
  }
  const info = byResource.get(/^(.*)\.(?:json|ya?ml)$/.exec(file)?.[1] ?? '');
  if (!info) return undefined;
  if (!info.namespaced) return { what: 'list', layout, kind: info.kind };
  return NAME.test(above) ? { what: 'list', layout, kind: info.kind, namespace: above } : undefined;
}

/** A name as one segment of a path; names that Kubernetes allows stay as they are. */
export function encodeSegment(name: string): string {
  return NAME.test(name) ? name : encodeURIComponent(name).replaceAll('.', '%2E') || '%';
}

function decodeSegment(segment: string): string | undefined {
  if (segment === '%') return '';
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
