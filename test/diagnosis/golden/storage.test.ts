import { describe, expect, it } from 'vitest';
import { eventOn, object, pod } from '../../support/fixtures.ts';
import { reported } from './placed.ts';

describe('volumes that are as they should be', () => {
  it('storage/wait-for-first-consumer: claim that waits for its first pod', () => {
    const claim = object('PersistentVolumeClaim', 'data', {
      'status.phase': 'Pending',
      'spec.storageClassName': 'standard',
    });
    const standard = object('StorageClass', 'standard', { volumeBindingMode: 'WaitForFirstConsumer' });
    const said = eventOn(claim, 'WaitForFirstConsumer', 'waiting for first consumer to be created before binding', {
      type: 'Normal',
    });
    expect(reported([claim, standard, said])).toEqual(['info storage/wait-for-consumer']);
  });

  it('storage/no-provisioner-class: class for local volumes', () => {
    const local = object('StorageClass', 'local', {
      provisioner: 'kubernetes.io/no-provisioner',
      volumeBindingMode: 'WaitForFirstConsumer',
    });
    expect(reported([local, object('PersistentVolume', 'local-1')])).toEqual([]);
  });

  it('storage/released-retain: released volume with policy Retain', () => {
    const kept = object('PersistentVolume', 'pv-1', {
      'status.phase': 'Released',
      'spec.persistentVolumeReclaimPolicy': 'Retain',
      'status.lastPhaseTransitionTime': 'now-2d',
    });
    expect(reported([kept])).toEqual([]);
  });

  it('storage/static-class-name: claim and volume share a class name without StorageClass object', () => {
    const manual = { 'spec.storageClassName': 'manual' };
    expect(
      reported([object('PersistentVolumeClaim', 'data', manual), object('PersistentVolume', 'pv-1', manual)]),
    ).toEqual([]);
  });

  it('storage/unused-claim-of-scaled-down-set: claims kept after a scale-down', () => {
    const db = object('StatefulSet', 'db', {
      'spec.replicas': 1,
      'spec.persistentVolumeClaimRetentionPolicy': { whenScaled: 'Retain' },
    });
    expect(reported([db, object('PersistentVolumeClaim', 'data-db-2')])).toEqual([]);
  });

  it('storage/deleting-claim-in-use: claim deleted while its pod still runs', () => {
    const claim = object('PersistentVolumeClaim', 'data', {
      'metadata.deletionTimestamp': 'now-2m',
      'metadata.finalizers': ['kubernetes.io/pvc-protection'],
    });
    const web = pod('web-1', { 'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
    expect(reported([claim, web, object('Node', 'node-1')])).toEqual([]);
  });

  it('storage/small-claim: claim below 1 GiB', () => {
    const conf = object('PersistentVolumeClaim', 'conf', {
      'spec.resources.requests': { storage: '512Mi' },
      'status.capacity': { storage: '512Mi' },
    });
    expect(reported([conf])).toEqual([]);
  });
});
