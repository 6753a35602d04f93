import {
  ageOf,
  isDeleting,
  isKind,
  kindInfo,
  kinds,
  oneLine,
  refOf,
  type KubeObject,
  type OwnerReference,
} from '../../../domain/index.ts';
import type { ClusterView } from '../../../cluster/index.ts';
import { event, field, getCommand, listCommand } from '../../evidence.ts';
import type { Rule } from '../../rule.ts';

/** The collector removes what lost its owner within moments; what is older stays for a reason. */
const NOT_COLLECTED_MS = 5 * 60_000;
const OWNED = kinds.map((k) => k.kind).filter((kind) => !['Event', 'PodMetrics', 'NodeMetrics'].includes(kind));

export const ownerBroken: Rule = {
  id: 'object/owner-broken',
  severity: 'info',
  confidence: 'certain',
  needs: [],
  *check({ view, now }) {
    for (const kind of OWNED)
      for (const object of view.all(kind) as readonly KubeObject[]) {
        const owners = object.metadata.ownerReferences;
        if (!owners || isDeleting(object)) continue;
        const [said] = view.events(object, 'OwnerRefInvalidNamespace');
        // An owner in no namespace that the object could have: nothing was deleted, so there is nothing to wait for.
        for (const [i, owner] of owners.entries()) {
          const isOutOfReach = isNamespacedOwnerOfClusterObject(object, owner);
          if (!said && !isOutOfReach && ageOf(object, now) < NOT_COLLECTED_MS) continue;
          if (!isMissing(view, object, owner)) continue;
          const subject = refOf(object);
          yield {
            subject,
            causeKey: `${owner.kind}/${owner.name}`,
            title: oneLine(
              `${kind} ${subject.name} names an owner that does not exist: ${owner.kind} ${owner.name}`,
              90,
            ),
            cause: isOutOfReach
              ? `${kind} ${subject.name} belongs to no namespace, so ${owner.kind} ${owner.name} cannot be its owner and it is never collected.`
              : `No ${owner.kind} has the uid ${owner.uid} that ${kind} ${subject.name} names as its owner: it will be collected, or was copied from another namespace and never is.`,
            evidence: [
              field(object, `.metadata.ownerReferences[${i}].name`),
              field(object, `.metadata.ownerReferences[${i}].uid`),
              ...(said ? [event(said)] : []),
            ],
            remediation: [
              {
                text: 'See which owners exist, and how the object came to name another',
                command: listCommand(owner.kind, kindInfo(kind).namespaced ? subject.namespace : undefined),
              },
              { text: 'Look at the object before anything is changed', command: `${getCommand(subject)} -o yaml` },
            ],
          };
        }
      }
  },
};

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/');
  return slash < 0 ? '' : apiVersion.slice(0, slash);
}

function isNamespacedOwnerOfClusterObject(object: KubeObject, owner: OwnerReference): boolean {
  return object.metadata.namespace === undefined && isKind(owner.kind) && kindInfo(owner.kind).namespaced;
}

/** Kinds of other API groups may bear the same name; and a node is named by its name where the kubelet owns. */
function isMissing(view: ClusterView, object: KubeObject, owner: OwnerReference): boolean {
  if (!isKind(owner.kind) || owner.kind === 'Node' || groupOf(owner.apiVersion) !== kindInfo(owner.kind).group)
    return false;
  return view.isComplete(owner.kind, object.metadata.namespace) && view.byUidOf(owner.uid) === undefined;
}
