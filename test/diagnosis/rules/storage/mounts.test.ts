import { describe, expect, it } from 'vitest';
import { attachFailed, multiAttach, rwoRollingDeadlock } from '../../../../src/diagnosis/rules/storage/attach.ts';
import { secretsStore, tokenProjection } from '../../../../src/diagnosis/rules/storage/credentials.ts';
import { mountTimeout } from '../../../../src/diagnosis/rules/storage/mount-timeout.ts';
import { driverNotOnNode, hostPathType, mountBackendError } from '../../../../src/diagnosis/rules/storage/mounts.ts';
import { subPathFailed } from '../../../../src/diagnosis/rules/storage/subpath.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';
import type { KubeObject } from '../../../../src/domain/index.ts';
import { creating, mounts } from './claims.ts';

const failedMount = (on: KubeObject, message: string, fields: Fields = {}) =>
  eventOn(on, 'FailedMount', message, fields);
const bound = object('PersistentVolumeClaim', 'data', { 'spec.volumeName': 'pv-1' });
const SUMMARY =
  'Unable to attach or mount volumes: unmounted volumes=[data], unattached volumes=[], failed to process volumes=[]: timed out waiting for the condition';

describe('storage/hostpath-type', () => {
  const agent = creating('agent-1', {
    'spec.volumes': [{ name: 'run', hostPath: { path: '/opt/run', type: 'Directory' } }],
  });
  const message = 'MountVolume.SetUp failed for volume "run" : hostPath type check failed: /opt/run is not a directory';

  it('names the path and what it should be', () => {
    const [finding] = check(hostPathType, [agent, failedMount(agent, message)]);
    expect(finding?.title).toBe('agent-1: host path /opt/run is not a directory on its node');
    expect(finding?.evidence.map((e) => e.value)).toContain('Directory');
  });

  it.each([
    ['the pod has started by now', { 'status.phase': 'Running' }],
    ['its sandbox is there, so the volumes are', { 'status.conditions[PodReadyToStartContainers].status': 'True' }],
    ['it got its node a moment ago', { 'status.conditions[PodScheduled].lastTransitionTime': 'now-20s' }],
  ])('is silent when %s', (_, fields) => {
    const later = creating('agent-1', fields);
    expect(check(hostPathType, [later, failedMount(later, message)])).toEqual([]);
  });

  it('is silent when a newer event about the volume says something else', () => {
    const newer = failedMount(agent, 'MountVolume.SetUp failed for volume "run" : mount failed: exit status 32', {
      lastTimestamp: 'now-10s',
    });
    expect(check(hostPathType, [agent, failedMount(agent, message, { lastTimestamp: 'now-2m' }), newer])).toEqual([]);
  });
});

describe('storage/csi-driver-not-on-node', () => {
  const web = creating('web-1', mounts('data'));
  const failed = failedMount(
    web,
    'MountVolume.MountDevice failed for volume "pv-1" : kubernetes.io/csi: attacher.MountDevice failed to create newCsiDriverClient: driver name disk.example.com not found in the list of registered CSI drivers',
  );

  it('names driver and node, also where the node lists no driver at all', () => {
    const none = object('CSINode', 'node-1', { 'spec.drivers': null });
    expect(check(driverNotOnNode, [web, bound, none, failed])[0]?.title).toBe(
      'CSI driver disk.example.com is not running on node node-1',
    );
  });

  it('is silent once the driver has registered', () => {
    const registered = object('CSINode', 'node-1', { 'spec.drivers': [{ name: 'disk.example.com' }] });
    expect(check(driverNotOnNode, [web, bound, registered, failed])).toEqual([]);
  });
});

describe('storage/mount-backend-error', () => {
  const web = creating('web-1', mounts('data'));

  it.each([
    [
      'MountVolume.NewMounter initialization failed for volume "pv-1" : path "/mnt/x" does not exist',
      'its path does not exist',
    ],
    [
      'MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32\nOutput: mount: /var/lib/kubelet/pods/x: unknown filesystem type \'nfs\'.',
      'node lacks file system nfs',
    ],
    [
      'MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32\nOutput: mount.nfs: Connection timed out',
      'the server does not answer',
    ],
    [
      'MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32\nOutput: mount.nfs: access denied by server while mounting 10.0.0.1:/x',
      'the server denies access',
    ],
    [
      'MountVolume.MountDevice failed for volume "pv-1" : rpc error: code = Internal desc = mount failed: wrong fs type, bad option, bad superblock on /dev/sdb',
      'file system damaged or foreign',
    ],
  ])('reads %s', (message, short) => {
    expect(check(mountBackendError, [web, bound, failedMount(web, message)])[0]?.title).toBe(
      `web-1: volume pv-1 fails to mount: ${short}`,
    );
  });

  it('keeps uids of pods out of the cause', () => {
    const message =
      'MountVolume.SetUp failed for volume "pv-1" : mount failed: exit status 32 /var/lib/kubelet/pods/39408af6-d0a8-480f-8d9e-149dc2a453e4/volumes/x: Stale file handle';
    expect(check(mountBackendError, [web, failedMount(web, message)])[0]?.cause).not.toContain('39408af6');
  });

  it('is silent about a missing ConfigMap or Secret', () => {
    expect(
      check(mountBackendError, [
        web,
        failedMount(web, 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found'),
      ]),
    ).toEqual([]);
  });
});

describe('storage/mount-timeout', () => {
  const web = creating('web-1', mounts('data'));

  it('names the volume when no event tells more', () => {
    expect(check(mountTimeout, [web, failedMount(web, SUMMARY)])[0]?.title).toBe('web-1 cannot mount volume data');
  });

  it('quotes a reason that no other rule knows', () => {
    const odd = failedMount(web, 'MountVolume.SetUp failed for volume "data" : rpc error: the moon is full');
    expect(check(mountTimeout, [web, odd])[0]?.cause).toContain('the moon is full');
  });

  it.each([
    'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found',
    'MountVolume.SetUp failed for volume "conf" : references non-existent config key: app.yaml',
    'MountVolume.SetUp failed for volume "data" : mount failed: Connection timed out',
  ])('is silent where an event names the cause: %s', (message) => {
    expect(check(mountTimeout, [web, failedMount(web, message), failedMount(web, SUMMARY)])).toEqual([]);
  });
});

describe('storage/token-projection', () => {
  const web = creating('web-1', {
    'spec.serviceAccountName': 'robot',
    'spec.volumes': [{ name: 'kube-api-access-x' }],
  });
  const failed = failedMount(
    web,
    'MountVolume.SetUp failed for volume "kube-api-access-x" : failed to fetch token: serviceaccounts "robot" not found',
  );

  it('names the account that is gone', () => {
    const [finding] = check(tokenProjection, [web, failed]);
    expect(finding?.title).toBe('web-1 gets no ServiceAccount token: ServiceAccount robot does not exist');
    expect(finding?.causedBy).toEqual([{ kind: 'ServiceAccount', namespace: 'shop', name: 'robot' }]);
  });

  it('gives the caches of a busy kubelet two minutes', () => {
    const late = (since: string) => {
      const young = creating('web-1', { 'status.conditions[PodScheduled].lastTransitionTime': since });
      return [
        young,
        failedMount(
          young,
          'MountVolume.SetUp failed for volume "kube-api-access-x" : failed to sync configmap cache: timed out waiting for the condition',
        ),
      ];
    };
    expect(check(tokenProjection, late('now-90s'))).toEqual([]);
    expect(check(tokenProjection, late('now-3m'))).toHaveLength(1);
  });
});

describe('storage/secrets-store', () => {
  const web = creating('web-1', {
    'spec.volumes': [
      { name: 'vault', csi: { driver: 'secrets-store.csi.k8s.io', volumeAttributes: { secretProviderClass: 'db' } } },
    ],
  });

  it('names the class', () => {
    const failed = failedMount(
      web,
      'MountVolume.SetUp failed for volume "vault" : rpc error: code = Unknown desc = failed to mount secrets store objects for pod shop/web-1, err: permission denied',
    );
    expect(check(secretsStore, [web, failed])[0]?.title).toContain('SecretProviderClass db');
    expect(check(mountBackendError, [web, failed])).toEqual([]);
  });

  it('is silent about an ordinary Secret', () => {
    expect(
      check(secretsStore, [
        web,
        failedMount(web, 'MountVolume.SetUp failed for volume "vault" : secret "db" not found'),
      ]),
    ).toEqual([]);
  });
});

describe('storage/attach-failed', () => {
  const web = creating('web-1', mounts('data'));
  const failed = eventOn(
    web,
    'FailedAttachVolume',
    'AttachVolume.Attach failed for volume "pv-1" : timed out waiting for external-attacher of disk.example.com CSI driver to attach volume vol-1',
  );
  const pv = object('PersistentVolume', 'pv-1', { 'spec.csi': { driver: 'disk.example.com' } });
  const attachment = (attached: boolean) =>
    object('VolumeAttachment', 'va-1', {
      spec: { attacher: 'disk.example.com', nodeName: 'node-1', source: { persistentVolumeName: 'pv-1' } },
      'status.attached': attached,
    });

  it('names the driver that does not answer', () => {
    const [finding] = check(attachFailed, [web, bound, pv, failed]);
    expect(finding?.title).toBe('Volume pv-1 cannot be attached to node-1: its driver does not answer');
    expect(finding?.cause).toContain('driver disk.example.com');
  });

  it('is silent once the volume is attached', () => {
    expect(check(attachFailed, [web, bound, attachment(true), failed])).toEqual([]);
    expect(check(attachFailed, [web, bound, attachment(false), failed])).toHaveLength(1);
  });

  it('tells a volume that cannot be detached', () => {
    const stuck = object('VolumeAttachment', 'va-1', {
      spec: { attacher: 'disk.example.com', nodeName: 'node-1', source: { persistentVolumeName: 'pv-1' } },
      'metadata.deletionTimestamp': 'now-6m',
      'status.detachError': { message: 'node is gone' },
    });
    expect(check(attachFailed, [stuck])[0]?.title).toBe('Volume pv-1 cannot be detached from node-1');
  });
});

describe('a volume that two nodes want', () => {
  const top = object('Deployment', 'web', { 'spec.strategy.type': 'RollingUpdate' });
  const [before, after] = ['1', '2'].map((n) => owned(object('ReplicaSet', `web-${n}`), top));
  const old = owned(pod('web-1-a', { ...mounts('data'), 'spec.nodeName': 'node-2' }), before!);
  const next = owned(creating('web-2-a', mounts('data')), after!);
  const failed = eventOn(
    next,
    'FailedAttachVolume',
    'Multi-Attach error for volume "pv-1" Volume is already used by pod(s) web-1-a',
  );
  const world = [top, before!, after!, old, next, bound, failed];

  it('is a multi-attach of the new pod, caused by the old one, its node or the rollout', () => {
    const [finding] = check(multiAttach, world);
    expect(finding?.title).toBe('Volume pv-1 is still attached to node-2, so web on node-1 waits');
    expect(finding?.causedBy?.map((r) => r.kind)).toEqual(['Pod', 'Node', 'Deployment']);
  });

  it('deadlocks a rolling update, with Recreate as the fix', () => {
    const [finding] = check(rwoRollingDeadlock, world);
    expect(finding?.title).toBe('Rolling update of web deadlocks on ReadWriteOnce claim data');
    expect(finding?.fix).toMatchObject({ verb: 'set-strategy', value: 'Recreate' });
  });

  it.each([
    [
      'both pods are on one node',
      world.map((o) => (o === old ? { ...old, spec: { ...old.spec, nodeName: 'node-1' } } : o)),
    ],
    [
      'the old pod is on its way out',
      world.map((o) =>
        o === old ? { ...old, metadata: { ...old.metadata, deletionTimestamp: '2026-06-01T11:59:00Z' } } : o,
      ),
    ],
    ['the old pod is of the same revision', world.map((o) => (o === old ? owned(structuredClone(old), after!) : o))],
    [
      'the claim may be on many nodes',
      world.map((o) => (o === bound ? { ...bound, spec: { ...bound.spec, accessModes: ['ReadWriteMany'] } } : o)),
    ],
  ])('does not deadlock when %s', (_, objects) => {
    expect(check(rwoRollingDeadlock, objects)).toEqual([]);
  });

  it('is no failed attach', () => {
    expect(check(attachFailed, world)).toEqual([]);
  });
});

describe('storage/subpath-failed', () => {
  const waits = (reason: string, message: string) =>
    pod('web-1', {
      'status.phase': 'Pending',
      'spec.containers': [{ name: 'web', volumeMounts: [{ name: 'data', mountPath: '/data', subPath: 'conf/app' }] }],
      'status.containerStatuses[web].state.waiting.reason': reason,
      'status.containerStatuses[web].state.waiting.message': message,
    });

  it('names container, volume and path', () => {
    const [finding] = check(subPathFailed, [
      waits('CreateContainerConfigError', 'failed to prepare subPath for volumeMount "data" of container "web"'),
    ]);
    expect(finding?.title).toBe('web-1: subPath conf/app of volume data cannot be prepared');
    expect(finding?.container).toBe('web');
  });

  it('is silent about another configuration error', () => {
    expect(check(subPathFailed, [waits('CreateContainerConfigError', 'secret "db" not found')])).toEqual([]);
  });
});
