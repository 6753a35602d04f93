import {
  formatDuration,
  isDeleting,
  kinds,
  listed,
  oneLine,
  parseTime,
  refOf,
  conditionOf,
  type Kind,
  type KubeObject,
  type Namespace,
  type ObjectRef,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { field, inNamespace } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';
import { grace } from '../../settings.ts';

/** What stays behind in a deletion is judged by rules of its own for these, or is no object of its own. */
const ELSEWHERE = new Set<Kind>(['Pod', 'PersistentVolumeClaim', 'Namespace', 'Event', 'PodMetrics', 'NodeMetrics']);
const DELETABLE = kinds.map((k) => k.kind).filter((kind) => !ELSEWHERE.has(kind));
const STUCK_AFTER_MS = 10 * 60_000;

/** Objects whose deletion waits for a finalizer that nobody removes. */
function* stuckObjects(view: ClusterView): Generator<KubeObject> {
  for (const kind of DELETABLE)
    for (const object of view.all(kind) as readonly KubeObject[]) {
      if (!isDeleting(object)) continue;
      const { deletionTimestamp, finalizers = [] } = object.metadata;
      const since = parseTime(deletionTimestamp);
      if (since === undefined || view.at - since < STUCK_AFTER_MS || finalizers.length === 0) continue;
      if (finalizers.every((finalizer) => isWaitingByDesign(view, object, finalizer))) continue;
      yield object;
    }
}

/** The garbage collector waits for dependents, and protection for the last user. */
function isWaitingByDesign(view: ClusterView, object: KubeObject, finalizer: string): boolean {
  if (finalizer === 'foregroundDeletion') return view.children(refOf(object)).length > 0;
  if (finalizer === 'kubernetes.io/pv-protection')
    return (object as { status?: { phase?: string } }).status?.phase === 'Bound';
  return false;
}

export const stuckDeleting: Rule = {
  id: 'object/stuck-deleting',
  severity: 'warning',
  confidence: 'certain',
  needs: [],
  *check({ view }) {
    for (const object of stuckObjects(view)) {
      const { deletionTimestamp, finalizers = [], namespace } = object.metadata;
      const subject = refOf(object);
      const age = formatDuration(view.at - (parseTime(deletionTimestamp) ?? view.at));
      yield {
        subject,
        causeKey: finalizers.join(','),
        title: oneLine(`${object.kind} ${subject.name} cannot be deleted: finalizer ${listed(finalizers)} remains`, 90),
        cause: `${object.kind} ${subject.name} was deleted ${age} ago and waits for the controller that owns ${listed(finalizers)} to clean up and to remove it; that controller is gone or fails.`,
        ...(deletionTimestamp !== undefined && { since: deletionTimestamp }),
        evidence: [field(object, '.metadata.finalizers'), field(object, '.metadata.deletionTimestamp')],
        remediation: [
          {
            text: `Find the controller of ${listed(finalizers)} and repair it; the deletion then ends by itself`,
            command: `kubectl describe ${object.kind.toLowerCase()} ${subject.name}${inNamespace(namespace)}`,
          },
          {
            text: 'Leave the finalizer in place: without it, what the controller keeps outside the cluster stays behind',
          },
        ],
      };
    }
  },
};

/** Conditions of a namespace that is being deleted; each is bad when True. Source: namespace controller. */
const OBSTACLES = [
  'NamespaceDeletionDiscoveryFailure',
  'NamespaceDeletionGroupVersionParsingFailure',
  'NamespaceDeletionContentFailure',
  'NamespaceFinalizersRemaining',
  'NamespaceContentRemaining',
] as const;

export const namespaceTerminating: Rule = {
  id: 'object/namespace-terminating',
  severity: 'warning',
  confidence: 'certain',
  needs: ['Namespace'],
  *check({ view, now }) {
    for (const namespace of view.all('Namespace')) {
      const { name = '', deletionTimestamp } = namespace.metadata;
      const since = parseTime(deletionTimestamp);
      if (namespace.status?.phase !== 'Terminating' || since === undefined || now - since < grace.deletion) continue;
      const obstacles = OBSTACLES.filter((type) => conditionOf(namespace, type)?.status === 'True');
      const [first] = obstacles;
      const said = (type: string) => conditionOf(namespace, type)?.message ?? type;
      yield {
        subject: refOf(namespace),
        causeKey: first ?? 'no condition',
        title: oneLine(
          `Namespace ${name} has been terminating for ${formatDuration(now - since)}${first ? `: ${obstacleText(first)}` : ''}`,
          90,
        ),
        cause: first
          ? `The deletion of namespace ${name} does not end. ${obstacles.map(said).join(' ')}`
          : `The deletion of namespace ${name} does not end, and its conditions name no reason.`,
        ...(deletionTimestamp !== undefined && { since: deletionTimestamp }),
        causedBy: causesOf(view, namespace),
        evidence: [
          field(namespace, '.metadata.deletionTimestamp'),
          ...obstacles.map((type) => field(namespace, `.status.conditions[?(@.type=="${type}")].message`)),
        ],
        remediation: [
          {
            text: 'Read which objects or APIs hold it',
            command: `kubectl get namespace ${name} -o jsonpath='{.status.conditions}'`,
          },
          {
            text: 'Repair the API or the controller of the finalizers; the deletion then ends by itself. The finalizers of the namespace stay as they are',
          },
        ],
      };
    }
  },
};

function obstacleText(type: (typeof OBSTACLES)[number]): string {
  switch (type) {
    case 'NamespaceDeletionDiscoveryFailure':
      return 'an API of the cluster does not answer';
    case 'NamespaceDeletionGroupVersionParsingFailure':
      return 'an API has a name that cannot be read';
    case 'NamespaceDeletionContentFailure':
      return 'objects in it cannot be deleted';
    case 'NamespaceFinalizersRemaining':
      return 'finalizers remain in it';
    case 'NamespaceContentRemaining':
      return 'objects remain in it';
  }
}

/** APIs that are down, for a namespace that cannot be searched, and what hangs inside it. */
function causesOf(view: ClusterView, namespace: Namespace): readonly ObjectRef[] {
  const inside = [...stuckObjects(view)].filter((o) => o.metadata.namespace === namespace.metadata.name);
  const apis = view.all('APIService').filter((api) => conditionOf(api, 'Available')?.status === 'False');
  return [...inside, ...apis].map(refOf);
}
