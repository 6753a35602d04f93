import { largest, type Amount } from './amount.ts';

export interface PodRequestInput {
  /** Undefined: none. */
  readonly containers: readonly (Amount | undefined)[];
  /** In order; a sidecar keeps running beside all that come after it. */
  readonly init?: readonly { readonly request?: Amount; readonly sidecar: boolean }[];
  readonly overhead?: Amount;
  /** `spec.resources` of the pod, which replaces what its containers ask for. */
  readonly podLevel?: Amount;
}

/**
 * What a pod is charged for: the larger of all running containers together and the largest moment of the init phase,
 * plus the overhead. Source: k8s.io/component-helpers/resource, PodRequests.
 */
export function podRequest({ containers, init = [], overhead = 0n, podLevel }: PodRequestInput): Amount {
  if (podLevel !== undefined) return podLevel + overhead;
  let sidecars = 0n;
  let initPhase = 0n;
  for (const { request = 0n, sidecar } of init) {
    if (sidecar) sidecars += request;
    else initPhase = largest(initPhase, request + sidecars);
  }
  return largest(sum(containers) + sidecars, initPhase) + overhead;
}

export function sum(amounts: readonly (Amount | undefined)[]): Amount {
  return amounts.reduce<Amount>((total, amount) => total + (amount ?? 0n), 0n);
}
