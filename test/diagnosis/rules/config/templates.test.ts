import { describe, expect, it } from 'vitest';
import { templateMissingConfigMap, templateMissingSecret } from '../../../../src/diagnosis/rules/config/templates.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const settings = { name: 'web', image: 'example.com/web:1', envFrom: [{ configMapRef: { name: 'web-settings' } }] };
const web = (fields: Fields = {}) =>
  object('Deployment', 'web', { 'spec.template.spec.containers': [settings], ...fields });

describe('config/template-missing-configmap', () => {
  it('warns that running pods would not start again', () => {
    const deployment = web();
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    const [finding] = check(templateMissingConfigMap, [deployment, replicaSet, owned(pod('web-5f-1'), replicaSet)]);
    expect(finding?.title).toBe('web refers to ConfigMap web-settings, which does not exist: next pod start fails');
    expect(finding?.cause).toContain('after the pods of web started');
    expect(finding?.evidence.map((e) => e.value).slice(0, 2)).toEqual(['web-settings', 'not found']);
  });

  it('sees a CronJob before it runs', () => {
    const report = object('CronJob', 'report', { 'spec.jobTemplate.spec.template.spec.containers': [settings] });
    expect(check(templateMissingConfigMap, [report])[0]?.evidence[0]?.command).toContain(
      '.spec.jobTemplate.spec.template.spec.containers',
    );
  });

  it('is information while nothing would start', () => {
    expect(check(templateMissingConfigMap, [web({ 'spec.replicas': 0 })])[0]?.severity).toBe('info');
  });

  it('leaves it to the pod that waits for it', () => {
    const deployment = web();
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    const waiting = owned(
      pod('web-5f-1', {
        'status.phase': 'Pending',
        'status.containerStatuses[web].state.waiting.message': 'configmap "web-settings" not found',
      }),
      replicaSet,
    );
    expect(check(templateMissingConfigMap, [deployment, replicaSet, waiting])).toEqual([]);
  });

  it('is silent for optional references, for a Job that ended, in the first minute and without the whole list', () => {
    const optional = { ...settings, envFrom: [{ configMapRef: { name: 'web-settings', optional: true } }] };
    expect(check(templateMissingConfigMap, [web({ 'spec.template.spec.containers': [optional] })])).toEqual([]);
    const job = object('Job', 'import', {
      'spec.template.spec.containers': [settings],
      'status.conditions[Complete].status': 'True',
    });
    expect(check(templateMissingConfigMap, [job])).toEqual([]);
    expect(check(templateMissingConfigMap, [web({ 'metadata.creationTimestamp': 'now-30s' })])).toEqual([]);
    expect(check(templateMissingConfigMap, [web()], { unread: ['ConfigMap'] })).toEqual([]);
  });
});

describe('config/template-missing-secret', () => {
  const running = () => pod('web-1', { 'spec.volumes': [{ name: 'tls', secret: { secretName: 'web-tls' } }] });
  const gone = 'MountVolume.SetUp failed for volume "tls" : secret "web-tls" not found';

  it('believes the kubelet of a running pod, also where Secrets may not be listed', () => {
    const web1 = running();
    const [finding] = check(templateMissingSecret, [web1, eventOn(web1, 'FailedMount', gone)], { unread: ['Secret'] });
    expect(finding?.title).toBe('web-1 refers to Secret web-tls, which does not exist: next pod start fails');
  });

  it('is silent without its word, when the Secret is back and when the word is old', () => {
    const web1 = running();
    expect(check(templateMissingSecret, [web1], { unread: ['Secret'] })).toEqual([]);
    const said = eventOn(web1, 'FailedMount', gone);
    expect(check(templateMissingSecret, [web1, said, object('Secret', 'web-tls')])).toEqual([]);
    const old = eventOn(web1, 'FailedMount', gone, { lastTimestamp: 'now-1h' });
    expect(check(templateMissingSecret, [web1, old], { unread: ['Secret'] })).toEqual([]);
  });
});
