import { amountText } from '../numbers/index.ts';
import type { QosClass } from '../facts/index.ts';
import { isChange, type Planned } from './plan.ts';

/** First minor versions of the API server in which a running pod can be resized, and its memory limit lowered. */
const RESIZE_MINOR = 33;
const LOWER_MINOR = 35;

/**
 * Trying the numbers on a running pod, for a person to run; undefined where the server, the QoS class or the limit do
 * not allow it, or there is no pod.
 */
export function resizeTrial(
  plan: Planned,
  version: string | undefined,
  qos: { readonly before: QosClass; readonly after: QosClass },
): string | undefined {
  const { draft, target } = plan;
  const { workload, container, resource, today } = draft;
  const minor = Number(/^v?1\.(\d+)/.exec(version ?? '')?.[1] ?? 0);
  const pod = workload.pods.find((p) => p.status?.phase === 'Running')?.metadata.name;
  if (!isChange(plan) || minor < RESIZE_MINOR || qos.before !== qos.after || pod === undefined) return undefined;
  const restarts = container.spec.resizePolicy?.some(
    (p) => p.resourceName === resource && p.restartPolicy === 'RestartContainer',
  );
  const isLowered = resource === 'memory' && target.limit !== undefined && target.limit < (today.limit ?? 0n);
  if (isLowered && minor < LOWER_MINOR && restarts !== true) return undefined;
  // A running pod keeps the kinds of values that it was made with.
  if ((today.limit === undefined) !== (target.limit === undefined)) return undefined;
  const resources = {
    ...(target.request !== undefined && { requests: { [resource]: amountText(resource, target.request) } }),
    ...(target.limit !== undefined && { limits: { [resource]: amountText(resource, target.limit) } }),
  };
  const list = container.role === 'main' ? 'containers' : 'initContainers';
  const patch = JSON.stringify({ spec: { [list]: [{ name: container.name, resources }] } });
  return (
    `to try it in place${restarts === true ? ' (restarts the container)' : ''}: ` +
    `kubectl patch pod ${pod} -n ${workload.namespace} --subresource resize -p '${patch}'; lost at the next rollout, change the template too`
  );
}
