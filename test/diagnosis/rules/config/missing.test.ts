import { describe, expect, it } from 'vitest';
import { missingConfigMap, missingSecret } from '../../../../src/diagnosis/rules/config/missing.ts';
import { check, eventOn, object, owned, pod } from '../../../support/fixtures.ts';

const waiting = (kind: string, name: string) => ({
  'status.phase': 'Pending',
  'status.containerStatuses[web].state.waiting.reason': 'CreateContainerConfigError',
  'status.containerStatuses[web].state.waiting.message': `${kind} "${name}" not found`,
});

describe('config/missing-secret', () => {
  it('names the Secret that the kubelet does not find, and the path that asks for it', () => {
    const web = pod('web-1', {
      ...waiting('secret', 'db'),
      'spec.containers[web].envFrom': [{ secretRef: { name: 'db' } }],
    });
    const [finding] = check(missingSecret, [web]);
    expect(finding?.title).toBe('web-1 needs Secret db, which does not exist in shop');
    expect(finding?.evidence.map((e) => e.value)).toEqual(['secret "db" not found', 'db', 'not found']);
    expect(finding?.evidence[1]?.command).toBe(
      `kubectl get pod web-1 -n shop -o jsonpath='{.spec.containers[?(@.name=="web")].envFrom[0].secretRef.name}'`,
    );
  });

  it('relies on the kubelet alone where Secrets may not be listed', () => {
    const [finding] = check(missingSecret, [pod('web-1', waiting('secret', 'db'))], { unread: ['Secret'] });
    expect(finding?.evidence).toHaveLength(1);
  });

  it('is silent when the Secret exists by now', () => {
    expect(check(missingSecret, [pod('web-1', waiting('secret', 'db')), object('Secret', 'db')])).toEqual([]);
  });

  it('reads the mount event of a pod that waits for its volume', () => {
    const web = pod('web-1', {
      'status.phase': 'Pending',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
    });
    const event = eventOn(web, 'FailedMount', 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found');
    expect(check(missingSecret, [web, event])[0]?.causeKey).toBe('web-tls');
  });
});

describe('config/missing-configmap', () => {
  it('offers the nearest name as a typed fix on the workload', () => {
    const deployment = object('Deployment', 'web');
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    const web = owned(
      pod('web-5f-1', {
        ...waiting('configmap', 'pay-setings'),
        'spec.containers[web].envFrom': [{ configMapRef: { name: 'pay-setings' } }],
      }),
      replicaSet,
    );
    const [finding] = check(missingConfigMap, [deployment, replicaSet, web, object('ConfigMap', 'pay-settings')]);
    expect(finding?.fix).toEqual({
      verb: 'set-reference',
      target: expect.objectContaining({ kind: 'Deployment', name: 'web' }) as unknown,
      path: '.spec.template.spec.containers[?(@.name=="web")].envFrom[0].configMapRef.name',
      value: 'pay-settings',
    });
  });
});
