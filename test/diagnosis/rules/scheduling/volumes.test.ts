import { describe, expect, it } from 'vitest';
import {
  claimMissing,
  claimUnbound,
  readWriteOncePod,
  volumeZoneConflict,
} from '../../../../src/diagnosis/rules/scheduling/volumes.ts';
import { check, object, owned, pod, type Fields } from '../../../support/fixtures.ts';
import { bad, node, pending } from './pods.ts';

const mounts = (claimName: string): Fields => ({
  'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName } }],
});
const claim = (name: string, fields: Fields = {}) => object('PersistentVolumeClaim', name, fields);
const waiting = (name: string, fields: Fields = {}) => claim(name, { 'status.phase': 'Pending', ...fields });

describe('scheduling/pvc-unbound', () => {
  const message = '0/7 nodes are available: pod has unbound immediate PersistentVolumeClaims. not found';

  it('leads to the claim that has no volume', () => {
    const [finding] = check(claimUnbound, [waiting('data'), claim('logs'), pending('web-1', message, mounts('data'))]);
    expect(finding?.title).toBe('web-1 waits for volume claim data, which has no volume yet');
    expect(finding?.causedBy).toEqual([{ kind: 'PersistentVolumeClaim', namespace: 'shop', name: 'data' }]);
  });

  it('speaks of the template for the claims of a StatefulSet', () => {
    const set = object('StatefulSet', 'db');
    const pods = ['db-0', 'db-1'].map((name) => owned(pending(name, message, mounts(`data-${name}`)), set));
    const findings = check(claimUnbound, [set, ...pods, waiting('data-db-0'), waiting('data-db-1')]);
    expect(findings.map((f) => f.causeKey)).toEqual(['data', 'data']);
    expect(new Set(findings.map((f) => f.title)).size).toBe(1);
  });

  it('is silent when the claim is bound by now', () => {
    expect(check(claimUnbound, [claim('data'), pending('web-1', message, mounts('data'))])).toEqual([]);
  });

  it('does not name a claim that scheduling itself binds', () => {
    const later = object('StorageClass', 'later', { volumeBindingMode: 'WaitForFirstConsumer' });
    const web = pending('web-1', message, mounts('data'));
    expect(check(claimUnbound, [later, waiting('data', { 'spec.storageClassName': 'later' }), web])).toEqual([]);
  });
});

describe('scheduling/pvc-missing', () => {
  const message = '0/7 nodes are available: persistentvolumeclaim "uploads" not found. not found';

  it('names the claim that does not exist, and the nearest', () => {
    const [finding] = check(claimMissing, [claim('upload'), pending('web-1', message, mounts('uploads'))]);
    expect(finding?.title).toBe('web-1 mounts claim uploads, which does not exist in shop');
    expect(finding?.cause).toContain('The nearest name is upload.');
  });

  it('tells a claim that is being deleted from one that is not there', () => {
    const leaving = claim('uploads', { 'metadata.deletionTimestamp': 'now-2m' });
    const [finding] = check(claimMissing, [
      leaving,
      pending('web-1', message.replace('not found', 'is being deleted'), mounts('uploads')),
    ]);
    expect(finding?.title).toBe('web-1 mounts claim uploads, which is being deleted');
  });

  it('is silent when the claim exists by now', () => {
    expect(check(claimMissing, [claim('uploads'), pending('web-1', message, mounts('uploads'))])).toEqual([]);
  });
});

describe('scheduling/volume-zone-conflict', () => {
  const zone = (name: string) => node(name, { 'metadata.labels': { 'topology.kubernetes.io/zone': name } });
  const bound = claim('data', { 'spec.volumeName': 'pv-1' });
  const volume = object('PersistentVolume', 'pv-1', {
    'spec.nodeAffinity.required.nodeSelectorTerms': [
      { matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: ['west'] }] },
    ],
  });

  it.each(["node(s) didn't match PersistentVolume's node affinity", 'node(s) had volume node affinity conflict'])(
    'names the zone of the volume (%s)',
    (words) => {
      const [finding] = check(volumeZoneConflict, [
        zone('east'),
        bound,
        volume,
        pending('db-0', bad(1, words), mounts('data')),
      ]);
      expect(finding?.title).toBe('db-0: volume pv-1 is bound to zone west, where no node can take the pod');
    },
  );

  it('is silent where a node of that zone is open', () => {
    const db = pending(
      'db-0',
      '0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had volume node affinity conflict.',
      mounts('data'),
    );
    expect(check(volumeZoneConflict, [zone('east'), zone('west'), bound, volume, db])).toEqual([]);
  });
});

describe('scheduling/rwop-conflict', () => {
  const message = bad(
    1,
    'node(s) unavailable due to PersistentVolumeClaim with ReadWriteOncePod access mode already in-use by another pod',
  );
  const book = claim('book', { 'spec.accessModes': ['ReadWriteOncePod'] });

  it('offers to end the old pod first in a rolling update', () => {
    const top = object('Deployment', 'ledger');
    const [old, next] = ['1', '2'].map((n) => owned(object('ReplicaSet', `ledger-${n}`), top));
    const [finding] = check(readWriteOncePod, [
      top,
      old!,
      next!,
      book,
      owned(pod('ledger-1-a', mounts('book')), old!),
      owned(pending('ledger-2-a', message, mounts('book')), next!),
    ]);
    expect(finding?.title).toBe('ledger: claim book is ReadWriteOncePod and in use by another of its pods');
    expect(finding?.fix).toMatchObject({ verb: 'set-strategy', path: '.spec.strategy.type', value: 'Recreate' });
  });

  it('names another user, without a fix', () => {
    const [finding] = check(readWriteOncePod, [
      book,
      pod('audit', mounts('book')),
      pending('ledger-1', message, mounts('book')),
    ]);
    expect(finding?.title).toContain('in use by audit');
    expect(finding?.fix).toBeUndefined();
  });

  it('is silent about claims that several pods may use', () => {
    expect(
      check(readWriteOncePod, [
        claim('book'),
        pod('audit', mounts('book')),
        pending('ledger-1', message, mounts('book')),
      ]),
    ).toEqual([]);
  });
});
