import type { Container } from '../../domain/index.ts';
import { amountOf, podRequest, type Amount, type Resource } from '../numbers/index.ts';
import type { Workload, WorkloadContainer } from './workloads.ts';

/** What a container has today. */
export interface Setting {
  readonly request?: Amount;
  readonly limit?: Amount;
}

type Resources = Pick<Container, 'resources'>['resources'];

/** As written: a request that is missing is missing. */
export function writtenSetting(resources: Resources, resource: Resource): Setting {
  const request = amountOf(resource, resources?.requests?.[resource]);
  const limit = amountOf(resource, resources?.limits?.[resource]);
  return { ...(request !== undefined && { request }), ...(limit !== undefined && { limit }) };
}

/** As it counts: where a limit stands alone, Kubernetes takes it for the request too. */
export function effectiveSetting(setting: Setting): Setting {
  return setting.request === undefined && setting.limit !== undefined
    ? { ...setting, request: setting.limit }
    : setting;
}

/** Requests (or limits) that replace those of the template, by container. */
export type Replaced = ReadonlyMap<string, Setting>;

/** Effective request of one pod of the workload, with some containers changed. */
export function effectivePodRequest(workload: Workload, resource: Resource, replaced: Replaced = new Map()): Amount {
  const { podSpec, containers } = workload;
  const request = (c: WorkloadContainer) => settingOf(c, resource, replaced).request;
  const podLevel = effectiveSetting(writtenSetting(podSpec?.resources, resource)).request;
  const overhead = amountOf(resource, podSpec?.overhead?.[resource]);
  return podRequest({
    containers: containers.filter((c) => c.role === 'main').map(request),
    init: containers
      .filter((c) => c.role !== 'main')
      .map((c) => {
        const own = request(c);
        return { sidecar: c.role === 'sidecar', ...(own !== undefined && { request: own }) };
      }),
    ...(overhead !== undefined && { overhead }),
    ...(podLevel !== undefined && { podLevel }),
  });
}

/** Requests of what runs all the time, containers and sidecars: what an autoscaler divides by. */
export function runningRequest(
  workload: Workload,
  resource: Resource,
  replaced: Replaced = new Map(),
): { readonly sum: Amount; readonly missing: readonly string[] } {
  let sum = 0n;
  const missing: string[] = [];
  for (const c of workload.containers) {
    if (c.role === 'init') continue;
    const { request } = settingOf(c, resource, replaced);
    if (request === undefined || request === 0n) missing.push(c.name);
    else sum += request;
  }
  return { sum, missing };
}

function settingOf(c: WorkloadContainer, resource: Resource, replaced: Replaced): Setting {
  return effectiveSetting(replaced.get(c.name) ?? writtenSetting(c.spec.resources, resource));
}

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort';

/** Source: k8s.io/kubernetes/pkg/apis/core/v1/helper/qos, ComputePodQOS. */
export function qosOf(workload: Workload, resource?: Resource, replaced: Replaced = new Map()): QosClass {
  const podLevel = workload.podSpec?.resources;
  const settings = (['cpu', 'memory'] as const).flatMap((kind): readonly Setting[] => {
    if (podLevel?.requests || podLevel?.limits) return [writtenSetting(podLevel, kind)];
    return workload.containers.map(
      (c) => (kind === resource ? replaced.get(c.name) : undefined) ?? writtenSetting(c.spec.resources, kind),
    );
  });
  const effective = settings.map(effectiveSetting);
  if (effective.every(({ request = 0n, limit = 0n }) => request === 0n && limit === 0n)) return 'BestEffort';
  const isFixed = effective.every(({ request, limit = 0n }) => limit > 0n && request === limit);
  return isFixed ? 'Guaranteed' : 'Burstable';
}
