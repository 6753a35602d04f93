import { object, pod, type Fields } from '../../../support/fixtures.ts';

/** A claim that has waited for a day. */
export const waiting = (name: string, fields: Fields = {}) =>
  object('PersistentVolumeClaim', name, {
    'status.phase': 'Pending',
    'spec.resources.requests': { storage: '5Gi' },
    ...fields,
  });

export const mounts = (claimName: string): Fields => ({
  'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName } }],
});

/** A pod that has waited for its volumes on node-1 for five minutes. */
export const creating = (name: string, fields: Fields = {}) =>
  pod(name, {
    'status.phase': 'Pending',
    'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    'status.conditions[PodScheduled].lastTransitionTime': 'now-5m',
    ...fields,
  });
