import type { Action } from '../../domain/index.ts';
import type { Manager, Setting, Workload, WorkloadContainer } from '../facts/index.ts';
import { amountText, type Resource } from '../numbers/index.ts';
import type { Patch, ResourceRecommendation } from '../types.ts';

const PATCHABLE: ReadonlySet<string> = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'CronJob', 'ReplicaSet']);

type Values = Readonly<Record<string, string | null>>;
interface Resources {
  readonly requests?: Values;
  readonly limits?: Values;
}

/** The change and the way back; nulls where nobody may, or can, patch this template. */
export function patchesOf(
  workload: Workload,
  container: WorkloadContainer,
  resource: Resource,
  manager: Manager,
  written: Setting,
  target: Setting,
): Pick<ResourceRecommendation, 'apply' | 'rollback'> {
  const { ref } = workload;
  if (manager.refusesPatch || container.injected || !PATCHABLE.has(ref.kind)) return { apply: null, rollback: null };
  const next: Resources = {
    ...(target.request !== undefined &&
      target.request !== written.request && { requests: values(resource, target.request) }),
    ...(target.limit !== undefined && target.limit !== written.limit && { limits: values(resource, target.limit) }),
  };
  if (!next.requests && !next.limits) return { apply: null, rollback: null };
  const { resources } = container.spec;
  const previous: Resources = {
    ...(next.requests && { requests: { [resource]: resources?.requests?.[resource] ?? null } }),
    ...(next.limits && { limits: { [resource]: resources?.limits?.[resource] ?? null } }),
  };
  const action: Action = {
    verb: 'set-resources',
    target: ref,
    container: container.name,
    ...(next.requests && { requests: values(resource, target.request ?? 0n) }),
    ...(next.limits && { limits: values(resource, target.limit ?? 0n) }),
  };
  return {
    apply: { tier: 'medium', action, ...patchOf(workload, container, next) },
    rollback: patchOf(workload, container, previous),
  };
}

function values(resource: Resource, amount: bigint): Readonly<Record<string, string>> {
  return { [resource]: amountText(resource, amount) };
}

/** Only `resources` of the one named container; null removes a value. */
function patchOf({ ref }: Workload, { name, role }: WorkloadContainer, resources: Resources): Patch {
  const list = role === 'main' ? 'containers' : 'initContainers';
  const template = { template: { spec: { [list]: [{ name, resources }] } } };
  const patch = { spec: ref.kind === 'CronJob' ? { jobTemplate: { spec: template } } : template };
  const target = `${ref.kind.toLowerCase()}/${ref.name}`;
  return {
    command: `kubectl patch ${target} -n ${ref.namespace ?? ''} --type strategic -p '${JSON.stringify(patch)}'`,
    patch,
  };
}
