import type { Pod } from './kube.ts';
import { containersOf } from './pods.ts';
import { parseQuantity } from './quantity.ts';

/** Amounts by resource name, in nanos of its unit. */
export type Amounts = ReadonlyMap<string, bigint>;

/**
 * What the scheduler reserves for a pod: the larger of all running containers together and the largest moment of the
 * init phase, plus the overhead; requests of the pod as a whole replace the sum.
 * Source: k8s.io/component-helpers/resource, PodRequests.
 */
export function podDemand(pod: Pod): Amounts {
  const running = new Map<string, bigint>();
  const sidecars = new Map<string, bigint>();
  const init = new Map<string, bigint>();
  for (const { role, spec } of containersOf(pod)) {
    const wanted = amounts(requestsOf(spec.resources));
    if (role === 'init') keepLargest(init, plus(wanted, sidecars));
    else addAmounts(running, wanted);
    if (role === 'sidecar') {
      addAmounts(sidecars, wanted);
      keepLargest(init, sidecars);
    }
  }
  keepLargest(running, init);
  const whole = pod.spec?.resources;
  for (const [name, amount] of amounts(requestsOf(whole))) running.set(name, amount);
  addAmounts(running, amounts(pod.spec?.overhead));
  return running;
}

interface Resources {
  readonly requests?: Readonly<Record<string, string>>;
  readonly limits?: Readonly<Record<string, string>>;
}

/** A limit without a request is a request; the API server writes it so, a recording may not. */
function requestsOf(resources: Resources | undefined): Readonly<Record<string, string>> {
  return { ...resources?.limits, ...resources?.requests };
}

/** Readable quantities of a resource list. */
export function amounts(list: Readonly<Record<string, string>> | undefined): Amounts {
  const result = new Map<string, bigint>();
  for (const [name, text] of Object.entries(list ?? {})) {
    const amount = parseQuantity(text);
    if (amount !== undefined) result.set(name, amount);
  }
  return result;
}

export function addAmounts(target: Map<string, bigint>, more: Amounts): void {
  for (const [name, amount] of more) target.set(name, (target.get(name) ?? 0n) + amount);
}

function plus(a: Amounts, b: Amounts): Amounts {
  const sum = new Map(a);
  addAmounts(sum, b);
  return sum;
}

function keepLargest(target: Map<string, bigint>, other: Amounts): void {
  for (const [name, amount] of other) {
    const present = target.get(name);
    if (present === undefined || amount > present) target.set(name, amount);
  }
}
