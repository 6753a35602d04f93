import { causesOf, groupOf, type CatalogueId } from '../domain/index.ts';

/**
 * Groups whose findings sit on a pod. Between two findings a step of these may be missing (its rule had nothing to
 * say, or gave way to a more specific one); a step across objects must be a finding of its own.
 */
const ON_THE_POD = new Set(['pod', 'container', 'probe', 'image', 'config', 'log', 'dns', 'storage', 'scheduling']);

const known = new Map<CatalogueId, ReadonlySet<CatalogueId>>();

function possibleCauses(effect: CatalogueId): ReadonlySet<CatalogueId> {
  let found = known.get(effect);
  if (!found) {
    const causes = new Set<CatalogueId>();
    const open = [...causesOf(effect)];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (causes.has(id)) continue;
      causes.add(id);
      if (ON_THE_POD.has(groupOf(id))) open.push(...causesOf(id));
    }
    known.set(effect, (found = causes));
  }
  return found;
}

/** True when the catalogue knows `cause` as a direct cause of `effect`, or one behind steps on the same pod. */
export function canCause(cause: CatalogueId, effect: CatalogueId): boolean {
  return cause !== effect && possibleCauses(effect).has(cause);
}
