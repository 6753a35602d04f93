import { formatQuantity, keyStep, type Evidence, type Pod } from '../../../domain/index.ts';
import { field } from '../../evidence.ts';
import { partsOf, type PendingPod, type Placement } from '../../placement/index.ts';

export interface Short {
  readonly resource: string;
  readonly request: bigint;
}

/** The resources that the scheduler finds short; with a slash in the name: devices of a plugin. */
export function shortOf(pending: PendingPod, request: Placement['request'], devices: boolean): readonly Short[] {
  const names = new Set(partsOf(pending, 'resources').flatMap(({ name }) => (name === undefined ? [] : [name])));
  return [...names]
    .filter((name) => name.includes('/') === devices)
    .sort()
    .map((resource) => ({ resource, request: request.get(resource) ?? 0n }));
}

export function amountText(resource: string, amount: bigint): string {
  return `${formatQuantity(resource, amount)} ${resource}`;
}

export function requestEvidence(pod: Pod, resource: string): readonly Evidence[] {
  const containers = [...(pod.spec?.initContainers ?? []), ...(pod.spec?.containers ?? [])];
  const asking = containers.find((c) => c.resources?.requests?.[resource] !== undefined);
  if (!asking) return [];
  const list = pod.spec?.containers.includes(asking) === true ? 'containers' : 'initContainers';
  return [field(pod, `.spec.${list}[?(@.name=="${asking.name}")].resources.requests${keyStep(resource)}`)];
}
