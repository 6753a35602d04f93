import { object, pod, timeOr, type Fields } from '../../../support/fixtures.ts';

/** A pod that the scheduler could not place a minute ago. */
export function pending(name: string, message: string, fields: Fields = {}) {
  return pod(name, {
    'spec.nodeName': undefined,
    'status.phase': 'Pending',
    'status.conditions': [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message,
        lastTransitionTime: timeOr('now-1m'),
      },
    ],
    ...fields,
  });
}

export const node = (name: string, fields: Fields = {}) =>
  object('Node', name, { 'metadata.labels': { 'kubernetes.io/hostname': name }, ...fields });

export const requests = (cpu: string) => ({ 'spec.containers': [{ name: 'web', resources: { requests: { cpu } } }] });

/** A pod that runs on a node and has so much cpu promised. */
export const holding = (name: string, on: string, cpu: string) => pod(name, { 'spec.nodeName': on, ...requests(cpu) });

export const bad = (n: number, why: string, total = n) =>
  `0/${total} nodes are available: ${n} ${why}. preemption: 0/${total} nodes are available: ${total} Preemption is not helpful for scheduling.`;
