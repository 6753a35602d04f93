import { describe, expect, it } from 'vitest';
import { configParse, missingEnv } from '../../../../src/diagnosis/rules/log/settings.ts';
import { object, owned } from '../../../support/fixtures.ts';
import { check, logOf } from '../../../support/fixtures.ts';
import { checkLog, crashing } from '../../../support/failing.ts';

const line = 'panic: environment variable "DATABASE_URL" is not set';

describe('log/missing-env', () => {
  it('is certain when the container has no such variable, and names the nearest', () => {
    const [finding] = checkLog(missingEnv, line, {
      fields: { 'spec.containers[app].env': [{ name: 'DATABASE_URI', value: 'x' }, { name: 'PORT' }] },
    });
    expect(finding).toMatchObject({
      title: 'web-1 stops: required setting DATABASE_URL is not set',
      confidence: 'certain',
      causeKey: 'DATABASE_URL',
    });
    expect(finding?.cause).toContain('The nearest name that it has is DATABASE_URI.');
    expect(finding?.evidence[1]).toMatchObject({
      value: 'DATABASE_URI PORT',
      command: `kubectl get pod web-1 -n shop -o jsonpath='{.spec.containers[?(@.name=="app")].env[*].name}'`,
    });
  });

  it('only supposes it where a Secret may set the variable', () => {
    const fields = { 'spec.containers[app].envFrom': [{ secretRef: { name: 'settings' } }] };
    expect(checkLog(missingEnv, line, { fields, beside: [object('Secret', 'settings')] })[0]?.confidence).toBe(
      'likely',
    );
  });

  it('is silent when the variable is there, in the template or by a ConfigMap', () => {
    expect(
      checkLog(missingEnv, line, { fields: { 'spec.containers[app].env': [{ name: 'DATABASE_URL', value: '' }] } }),
    ).toEqual([]);
    const fields = { 'spec.containers[app].envFrom': [{ configMapRef: { name: 'settings' } }] };
    expect(
      checkLog(missingEnv, line, { fields, beside: [object('ConfigMap', 'settings', { data: { DATABASE_URL: '' } })] }),
    ).toEqual([]);
  });

  it('offers the complete command for the workload', () => {
    const deployment = object('Deployment', 'pay');
    const replicaSet = owned(object('ReplicaSet', 'pay-5f'), deployment);
    const web = owned(crashing('pay-5f-1'), replicaSet);
    const [finding] = check(missingEnv, [deployment, replicaSet, web], { logs: [logOf(web, 'app', line)] });
    expect(finding?.title).toContain('pay stops');
    expect(finding?.remediation[0].command).toBe('kubectl set env deployment/pay -n shop -c app DATABASE_URL=<value>');
  });

  it('reads the name above a message of two lines', () => {
    const [finding] = checkLog(
      missingEnv,
      '1 validation error for Settings\ndatabase_url\n  Field required [type=missing]',
    );
    expect(finding?.causeKey).toBe('DATABASE_URL');
  });
});

describe('log/config-parse', () => {
  it('names the error and the ConfigMap that the file comes from', () => {
    const fields = {
      'spec.volumes': [{ name: 'conf', configMap: { name: 'web-conf' } }],
      'spec.containers[app].volumeMounts': [{ name: 'conf', mountPath: '/etc/nginx/conf.d' }],
    };
    const [finding] = checkLog(
      configParse,
      'nginx: [emerg] unknown directive "listenn" in /etc/nginx/conf.d/default.conf:2',
      { fields },
    );
    expect(finding?.title).toContain('web-1 cannot read its configuration: unknown directive "listenn"');
    expect(finding?.cause).toContain('ConfigMap web-conf');
    expect(finding?.causedBy).toEqual([{ kind: 'ConfigMap', namespace: 'shop', name: 'web-conf' }]);
  });

  it('gives way to a name that does not resolve, although nginx words it alike', () => {
    expect(checkLog(configParse, 'nginx: [emerg] host not found in upstream "api" in /etc/nginx/nginx.conf:3')).toEqual(
      [],
    );
  });
});
