import { describe, expect, it } from 'vitest';
import {
  noDefaultClass,
  noMatchingVolume,
  provisionerSilent,
  provisioningFailed,
  storageClassMissing,
  waitForConsumer,
} from '../../../../src/diagnosis/rules/storage/binding.ts';
import { multipleDefaultClasses, provisionerNotInstalled } from '../../../../src/diagnosis/rules/storage/classes.ts';
import {
  claimLost,
  resizeStuck,
  stuckTerminating,
  volumeFailed,
} from '../../../../src/diagnosis/rules/storage/lifecycle.ts';
import { check, eventOn, object, pod, type Fields } from '../../../support/fixtures.ts';
import { mounts, waiting } from './claims.ts';

const DEFAULT = { 'metadata.annotations': { 'storageclass.kubernetes.io/is-default-class': 'true' } };
const storageClass = (name: string, fields: Fields = {}) => object('StorageClass', name, fields);
const volume = (name: string, fields: Fields = {}) =>
  object('PersistentVolume', name, { 'status.phase': 'Available', 'spec.storageClassName': 'static', ...fields });

describe('storage/storageclass-missing', () => {
  const claim = waiting('data', { 'spec.storageClassName': 'fastt' });

  it('names the class, the nearest and the default', () => {
    const [finding] = check(storageClassMissing, [claim, storageClass('fast'), storageClass('slow', DEFAULT)]);
    expect(finding?.title).toBe('Claim data asks for StorageClass fastt, which does not exist');
    expect(finding?.cause).toContain('There are fast and slow (default: slow). The nearest name is fast.');
  });

  it.each([
    ['classes may not be read', [claim], { unread: ['StorageClass' as const] }],
    ['a volume of that class name exists', [claim, volume('pv-1', { 'spec.storageClassName': 'fastt' })], {}],
    [
      'the claim was made a moment ago',
      [waiting('data', { 'spec.storageClassName': 'fastt', 'metadata.creationTimestamp': 'now-59s' })],
      {},
    ],
    ['the claim is bound', [object('PersistentVolumeClaim', 'data', { 'spec.storageClassName': 'fastt' })], {}],
  ])('is silent when %s', (_, objects, options) => {
    expect(check(storageClassMissing, objects, options)).toEqual([]);
  });
});

describe('storage/no-default-class', () => {
  it('offers to mark the only class', () => {
    const [finding] = check(noDefaultClass, [waiting('data'), storageClass('slow')]);
    expect(finding?.title).toBe('Claim data names no StorageClass and the cluster has no default');
    expect(finding?.remediation.at(-1)?.command).toContain('kubectl annotate storageclass slow');
  });

  it.each([
    ['a default exists', [waiting('data'), storageClass('slow', DEFAULT)]],
    ['the claim asks for a volume made by hand', [waiting('data', { 'spec.storageClassName': '' })]],
  ])('is silent when %s', (_, objects) => {
    expect(check(noDefaultClass, objects)).toEqual([]);
  });
});

describe('storage/wait-for-consumer', () => {
  const later = storageClass('later', { volumeBindingMode: 'WaitForFirstConsumer' });
  const claim = waiting('data', { 'spec.storageClassName': 'later' });

  it('is told where no pod uses the claim', () => {
    expect(check(waitForConsumer, [later, claim])[0]?.title).toBe('Claim data waits for its first pod');
  });

  it.each([
    ['a pod uses it', [later, claim, pod('web-1', mounts('data'))], {}],
    ['pods may not be read', [later, claim], { unread: ['Pod' as const] }],
  ])('is silent when %s', (_, objects, options) => {
    expect(check(waitForConsumer, objects, options)).toEqual([]);
  });
});

describe('storage/provisioning-failed', () => {
  const claim = waiting('data', { 'spec.storageClassName': 'fast' });
  const failed = (message: string) => eventOn(claim, 'ProvisioningFailed', message);

  it('quotes what the driver answers', () => {
    const message =
      'failed to provision volume with StorageClass "fast": rpc error: code = ResourceExhausted desc = quota of disks reached';
    const [finding] = check(provisioningFailed, [claim, storageClass('fast'), failed(message)]);
    expect(finding?.title).toBe('Claim data cannot be provisioned: ResourceExhausted: quota of disks reached');
  });

  it.each([
    ['the class does not exist', [claim, failed('storageclass.storage.k8s.io "fast" not found')]],
    ['the claim is bound by now', [{ ...claim, status: { phase: 'Bound' } }, failed('quota')]],
  ])('is silent when %s', (_, objects) => {
    expect(check(provisioningFailed, objects)).toEqual([]);
  });
});

describe('a provisioner that does not answer', () => {
  const claim = waiting('data', { 'spec.storageClassName': 'fast' });
  const asked = eventOn(
    claim,
    'ExternalProvisioning',
    "Waiting for a volume to be created either by the external provisioner 'example.com/disk' or manually by the system administrator.",
    { type: 'Normal' },
  );

  it('is named on the claim, with its class as the place of the cause', () => {
    const [finding] = check(provisionerSilent, [claim, storageClass('fast'), asked]);
    expect(finding?.title).toBe('Claim data waits for provisioner example.com/disk, which does not act');
    expect(finding?.causedBy).toEqual([expect.objectContaining({ kind: 'StorageClass', name: 'fast' })]);
  });

  it('is called not installed where nothing of it is in the cluster', () => {
    const [finding] = check(provisionerNotInstalled, [claim, storageClass('fast'), asked]);
    expect(finding?.title).toBe('StorageClass fast uses provisioner example.com/disk, which is not installed');
    expect(finding?.affects).toEqual([expect.objectContaining({ name: 'data' })]);
  });

  it.each([
    ['its driver object exists', object('CSIDriver', 'example.com/disk')],
    [
      'a pod names it',
      pod('provisioner', { 'spec.containers': [{ name: 'c', args: ['--provisioner=example.com/disk'] }] }),
    ],
    [
      'it has answered',
      eventOn(claim, 'Provisioning', 'External provisioner is provisioning volume', { type: 'Normal' }),
    ],
  ])('is not called so where %s', (_, other) => {
    expect(check(provisionerNotInstalled, [claim, storageClass('fast'), asked, other])).toEqual([]);
  });

  it('is not silent once it has begun', () => {
    const begun = eventOn(claim, 'Provisioning', 'External provisioner is provisioning volume', { type: 'Normal' });
    expect(check(provisionerSilent, [claim, storageClass('fast'), asked, begun])).toEqual([]);
  });

  it('is not called missing while no claim waits for it', () => {
    expect(check(provisionerNotInstalled, [storageClass('fast')])).toEqual([]);
  });
});

describe('storage/no-matching-pv', () => {
  const claim = waiting('data', { 'spec.storageClassName': 'static' });

  it.each([
    ['there is none', [], { 'spec.storageClassName': '' }, 'there is no volume'],
    ['it is too small', [volume('pv-1')], {}, 'pv-1 has 1Gi of 5Gi'],
    [
      'it belongs to another claim',
      [volume('pv-1', { 'spec.claimRef': { namespace: 'shop', name: 'old' }, 'status.phase': 'Released' })],
      {},
      'pv-1 is still marked for the earlier claim shop/old',
    ],
    [
      'it lacks the access mode',
      [volume('pv-1', { 'spec.capacity.storage': '9Gi' })],
      { 'spec.accessModes': ['ReadWriteMany'] },
      'pv-1 does not allow ReadWriteMany',
    ],
    [
      'it lacks the labels',
      [volume('pv-1', { 'spec.capacity.storage': '9Gi' })],
      { 'spec.selector.matchLabels': { tier: 'db' } },
      'pv-1 lacks the labels tier=db',
    ],
    ['the named one does not exist', [volume('pv-1')], { 'spec.volumeName': 'pv-9' }, 'volume pv-9 does not exist'],
  ])('says why none fits: %s', (_, volumes, fields, why) => {
    const wants = waiting('data', { 'spec.storageClassName': 'static', ...fields });
    expect(
      check(noMatchingVolume, [
        wants,
        ...volumes,
        storageClass('static', { provisioner: 'kubernetes.io/no-provisioner' }),
      ])[0]?.causeKey,
    ).toBe(why);
  });

  it('shows the volume that comes nearest', () => {
    const near = volume('pv-2', { 'spec.capacity.storage': '4Gi' });
    expect(check(noMatchingVolume, [claim, volume('pv-1', { 'spec.volumeMode': 'Block' }), near])[0]?.causeKey).toBe(
      'pv-2 has 4Gi of 5Gi',
    );
  });

  it.each([
    ['one fits', [claim, volume('pv-1', { 'spec.capacity.storage': '5Gi' })]],
    ['the class makes volumes on demand', [claim, storageClass('static')]],
    [
      'no pod needs it yet',
      [
        claim,
        storageClass('static', {
          provisioner: 'kubernetes.io/no-provisioner',
          volumeBindingMode: 'WaitForFirstConsumer',
        }),
      ],
    ],
  ])('is silent when %s', (_, objects) => {
    expect(check(noMatchingVolume, objects)).toEqual([]);
  });
});

describe('storage/pvc-lost', () => {
  it('names the volume that is gone', () => {
    const lost = waiting('data', { 'status.phase': 'Lost', 'spec.volumeName': 'pv-1' });
    const [finding] = check(claimLost, [lost, pod('web-1', mounts('data'))]);
    expect(finding?.title).toBe('Claim data lost its volume pv-1');
    expect(finding?.affects?.map((r) => r.name)).toEqual(['web-1']);
  });

  it('is silent about a claim that waits', () => {
    expect(check(claimLost, [waiting('data', { 'spec.volumeName': 'pv-1' })])).toEqual([]);
  });
});

describe('storage/pvc-stuck-terminating', () => {
  const leaving = (since: string) =>
    object('PersistentVolumeClaim', 'data', {
      'metadata.deletionTimestamp': since,
      'metadata.finalizers': ['kubernetes.io/pvc-protection'],
    });

  it('names who still uses the claim', () => {
    const [finding] = check(stuckTerminating, [leaving('now-6m'), pod('web-1', mounts('data'))]);
    expect(finding?.title).toBe('Claim data cannot be deleted: web-1 still uses it');
    expect(finding?.causedBy?.map((r) => r.name)).toEqual(['web-1']);
  });

  it('is silent in the first five minutes', () => {
    expect(check(stuckTerminating, [leaving('now-4m'), pod('web-1', mounts('data'))])).toEqual([]);
  });
});

describe('storage/resize-stuck', () => {
  const growing = (fields: Fields = {}) =>
    object('PersistentVolumeClaim', 'data', {
      'spec.storageClassName': 'fast',
      'spec.resources.requests': { storage: '2Gi' },
      'status.capacity': { storage: '1Gi' },
      ...fields,
    });
  const able = storageClass('fast', { allowVolumeExpansion: true });
  const pendingSince = (since: string): Fields => ({
    'status.conditions[FileSystemResizePending].status': 'True',
    'status.conditions[FileSystemResizePending].lastTransitionTime': since,
  });

  it('says that the class does not allow it', () => {
    expect(check(resizeStuck, [growing(), storageClass('fast')])[0]?.title).toBe(
      'Claim data is not growing from 1Gi to 2Gi: class fast does not allow it',
    );
  });

  it('offers to restart the pod when only the file system is left', () => {
    const [finding] = check(resizeStuck, [growing(pendingSince('now-11m')), able, pod('web-1', mounts('data'))]);
    expect(finding?.fix).toEqual({
      verb: 'restart-pod',
      target: expect.objectContaining({ name: 'web-1' }) as unknown,
    });
  });

  it('quotes the refusal of the driver', () => {
    const refused = growing({ 'status.allocatedResourceStatuses': { storage: 'ControllerResizeInfeasible' } });
    expect(check(resizeStuck, [refused, able])[0]?.causeKey).toBe('ControllerResizeInfeasible');
  });

  it.each([
    ['it is under way', [growing(pendingSince('now-9m')), able]],
    ['the size is as wanted', [growing({ 'status.capacity': { storage: '2Gi' } }), storageClass('fast')]],
  ])('is silent when %s', (_, objects) => {
    expect(check(resizeStuck, objects)).toEqual([]);
  });
});

describe('storage/pv-failed', () => {
  it('quotes why the backend volume is still there', () => {
    const failed = volume('pv-1', {
      'status.phase': 'Failed',
      'status.message': 'permission denied',
      'spec.persistentVolumeReclaimPolicy': 'Delete',
    });
    expect(check(volumeFailed, [failed])[0]?.cause).toContain('permission denied');
  });

  it('waits ten minutes for a released volume to be deleted, and never for one that is kept', () => {
    const released = (policy: string, since: string) =>
      volume('pv-1', {
        'status.phase': 'Released',
        'status.lastPhaseTransitionTime': since,
        'spec.persistentVolumeReclaimPolicy': policy,
      });
    expect(check(volumeFailed, [released('Delete', 'now-11m')])).toHaveLength(1);
    expect(check(volumeFailed, [released('Delete', 'now-9m')])).toEqual([]);
    expect(check(volumeFailed, [released('Retain', 'now-2d')])).toEqual([]);
  });
});

describe('storage/multiple-default-classes', () => {
  it('names all, and the one that is used now', () => {
    const newer = storageClass('new', { ...DEFAULT, 'metadata.creationTimestamp': 'now-1h' });
    const [finding] = check(multipleDefaultClasses, [newer, storageClass('old', DEFAULT)]);
    expect(finding?.title).toBe('2 StorageClasses are marked default: new and old');
    expect(finding?.cause).toContain('now new;');
    expect(finding?.remediation.at(-1)?.command).toContain(
      'storageclass old storageclass.kubernetes.io/is-default-class=false',
    );
  });

  it('is silent about one', () => {
    expect(check(multipleDefaultClasses, [storageClass('old', DEFAULT), storageClass('other')])).toEqual([]);
  });
});
