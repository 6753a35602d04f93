import { describe, expect, it } from 'vitest';
import { envInvalid } from '../../../../src/diagnosis/rules/config/environment.ts';
import { optionalRefAbsent } from '../../../../src/diagnosis/rules/config/optional.ts';
import { serviceLinkCollision } from '../../../../src/diagnosis/rules/config/service-links.ts';
import { changedAfterStart } from '../../../../src/diagnosis/rules/config/stale.ts';
import { unused } from '../../../../src/diagnosis/rules/config/unused.ts';
import { check, eventOn, logOf, object, owned, pod, timeOr, type Fields } from '../../../support/fixtures.ts';

describe('config/optional-ref-absent', () => {
  const web = (optional: boolean) =>
    pod('web-1', { 'spec.containers[web].envFrom': [{ configMapRef: { name: 'web-extra', optional } }] });

  it('is information about what a pod started without', () => {
    const [finding] = check(optionalRefAbsent, [web(true)]);
    expect(finding?.title).toBe('web-1 started without optional ConfigMap web-extra');
  });

  it('is also told of a missing key', () => {
    const one = pod('web-1', {
      'spec.containers[web].env': [
        { name: 'MODE', valueFrom: { configMapKeyRef: { name: 'web-extra', key: 'mode', optional: true } } },
      ],
    });
    expect(check(optionalRefAbsent, [one, object('ConfigMap', 'web-extra', { data: { mod: '' } })])).toHaveLength(1);
    expect(check(optionalRefAbsent, [one, object('ConfigMap', 'web-extra', { data: { mode: '' } })])).toEqual([]);
  });

  it('is silent for a reference that must exist, and for what was not seen', () => {
    expect(check(optionalRefAbsent, [web(false)])).toEqual([]);
    expect(check(optionalRefAbsent, [web(true)], { unread: ['ConfigMap'] })).toEqual([]);
  });
});

describe('config/changed-after-start', () => {
  const settings = (changed: string) =>
    object('ConfigMap', 'settings', {
      'metadata.managedFields': [{ manager: 'kubectl', operation: 'Update', time: timeOr(changed) }],
    });
  const reading = (fields: Fields) => {
    const deployment = object('Deployment', 'web');
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    return [deployment, replicaSet, owned(pod('web-5f-1', fields), replicaSet)];
  };
  const byVariable = { 'spec.containers[web].envFrom': [{ configMapRef: { name: 'settings' } }] };

  it('tells of variables that were read before the change, and offers a restart', () => {
    const [finding] = check(changedAfterStart, [...reading(byVariable), settings('now-10m')]);
    expect(finding?.title).toBe('web runs with an older version of ConfigMap settings than the cluster holds');
    expect(finding?.fix).toMatchObject({ verb: 'rollout-restart', target: { kind: 'Deployment', name: 'web' } });
    expect(finding?.since).toBe(timeOr('now-10m'));
  });

  it('tells of a subPath mount, and not of a whole volume, which follows by itself', () => {
    const mounted = (mount: Fields) => ({
      'spec.volumes': [{ name: 'conf', configMap: { name: 'settings' } }],
      'spec.containers[web].volumeMounts': [{ name: 'conf', mountPath: '/etc/web', ...mount }],
    });
    expect(check(changedAfterStart, [...reading(mounted({ subPath: 'a.conf' })), settings('now-10m')])).toHaveLength(1);
    expect(check(changedAfterStart, [...reading(mounted({})), settings('now-10m')])).toEqual([]);
  });

  it('is silent when the container started after the change, and for the writes of the creation', () => {
    expect(check(changedAfterStart, [...reading(byVariable), settings('now-2h')])).toEqual([]);
    expect(check(changedAfterStart, [...reading(byVariable), settings('now-1d')])).toEqual([]);
  });
});

describe('config/env-invalid', () => {
  const twice = (...values: readonly string[]) =>
    object('Deployment', 'web', {
      'spec.template.spec.containers': [
        { name: 'web', image: 'example.com/web:1', env: values.map((value) => ({ name: 'PORT', value })) },
      ],
    });

  it('names a variable that is set twice, without its values', () => {
    const [finding] = check(envInvalid, [twice('8080', '9090')]);
    expect(finding?.title).toBe('web: environment of web sets PORT twice, the last value wins');
    expect(JSON.stringify(finding)).not.toContain('9090');
  });

  it('is silent when both values are the same', () => {
    expect(check(envInvalid, [twice('8080', '8080')])).toEqual([]);
  });

  it('names keys that an older kubelet left out', () => {
    const web = pod('web-1');
    const said = eventOn(
      web,
      'InvalidEnvironmentVariableNames',
      'Keys [1bad, also bad] from the EnvFrom configMap shop/settings were skipped since they are considered invalid environment variable names.',
    );
    const [finding] = check(envInvalid, [web, said]);
    expect(finding?.cause).toContain('1bad and also bad of configMap shop/settings');
  });
});

describe('config/service-link-collision', () => {
  const service = object('Service', 'web', { 'spec.clusterIP': '10.96.0.20', 'spec.ports': [{ port: 80 }] });
  const line = 'invalid port: tcp://10.96.0.20:80 is not a number';
  const crashing = (fields: Fields = {}) => pod('web-1', { 'spec.enableServiceLinks': true, ...fields });

  it('joins the address in the log with the Service that it belongs to', () => {
    const web = crashing();
    const [finding] = check(serviceLinkCollision, [web, service], { logs: [logOf(web, 'web', line)] });
    expect(finding?.title).toBe('web-1: variable WEB_PORT is set by Service web, not by your configuration');
    expect(finding?.evidence[0].value).toBe(line);
  });

  it('is silent for an address of no Service, for a variable that the template sets and with links switched off', () => {
    const web = crashing();
    expect(
      check(serviceLinkCollision, [web, service], { logs: [logOf(web, 'web', line.replace('0.20', '9.9'))] }),
    ).toEqual([]);
    const explicit = crashing({ 'spec.containers[web].env': [{ name: 'WEB_PORT', value: '8080' }] });
    expect(check(serviceLinkCollision, [explicit, service], { logs: [logOf(explicit, 'web', line)] })).toEqual([]);
    const off = crashing({ 'spec.enableServiceLinks': false });
    expect(check(serviceLinkCollision, [off, service], { logs: [logOf(off, 'web', line)] })).toEqual([]);
  });

  it('is silent for an address that a program merely mentions', () => {
    const web = crashing();
    const logs = [logOf(web, 'web', 'listening behind tcp://10.96.0.20:80')];
    expect(check(serviceLinkCollision, [web, service], { logs })).toEqual([]);
  });
});

describe('config/unused', () => {
  const settings = { settings: { unused: true } };

  it('tells on request of what nothing names', () => {
    expect(check(unused, [object('ConfigMap', 'old')], settings)[0]?.title).toBe(
      'ConfigMap old is referenced by nothing that was read',
    );
  });

  it('says nothing unless asked, and nothing where users were not read', () => {
    expect(check(unused, [object('ConfigMap', 'old')])).toEqual([]);
    expect(check(unused, [object('ConfigMap', 'old')], { ...settings, unread: ['CronJob'] })).toEqual([]);
  });

  it('counts pull secrets and certificates of an Ingress as used', () => {
    const objects = [
      pod('web-1', { 'spec.imagePullSecrets': [{ name: 'login' }] }),
      object('Ingress', 'web', { 'spec.tls': [{ hosts: ['a'], secretName: 'web-tls' }] }),
      object('Secret', 'login'),
      object('Secret', 'web-tls'),
    ];
    expect(check(unused, objects, settings)).toEqual([]);
  });
});
