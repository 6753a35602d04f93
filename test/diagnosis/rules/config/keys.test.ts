import { describe, expect, it } from 'vitest';
import { missingKey } from '../../../../src/diagnosis/rules/config/keys.ts';
import { check, eventOn, object, pod } from '../../../support/fixtures.ts';

const variable = {
  name: 'LOG_LEVEL',
  valueFrom: { configMapKeyRef: { name: 'web-settings', key: 'log-level' } },
};
const waiting = (message: string) => ({
  'status.phase': 'Pending',
  'status.containerStatuses[web].state.waiting.reason': 'CreateContainerConfigError',
  'status.containerStatuses[web].state.waiting.message': message,
});
const ofVariable = () =>
  pod('web-1', {
    ...waiting("couldn't find key log-level in ConfigMap shop/web-settings"),
    'spec.containers[web].env': [variable],
  });

describe('config/missing-key', () => {
  it('names the key, the keys that are there and the nearest of them, and shows no value', () => {
    const settings = object('ConfigMap', 'web-settings', { data: { log_level: '', mode: '' } });
    const [finding] = check(missingKey, [ofVariable(), settings]);
    expect(finding).toMatchObject({
      container: 'web',
      title: 'web-1 needs key "log-level" of ConfigMap web-settings, which has no such key',
    });
    expect(finding?.cause).toContain('The nearest is log_level');
    expect(finding?.evidence.at(-1)).toMatchObject({
      value: 'log_level mode',
      command:
        "kubectl get configmap web-settings -n shop -o go-template='{{range $k, $v := .data}}{{$k}} {{end}}{{range $k, $v := .binaryData}}{{$k}} {{end}}'",
    });
  });

  it('finds the Secret of a volume in the spec, since the message does not name it', () => {
    const web = pod('web-1', {
      'status.phase': 'Pending',
      'status.containerStatuses[web].state.waiting.reason': 'ContainerCreating',
      'spec.volumes': [
        {
          name: 'tls',
          projected: { sources: [{ secret: { name: 'web-tls', items: [{ key: 'tls.crt', path: 'c' }] } }] },
        },
      ],
    });
    const said = eventOn(
      web,
      'FailedMount',
      'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt',
    );
    const [finding] = check(missingKey, [web, said], { unread: ['Secret'] });
    expect(finding?.title).toBe('web-1 needs key "tls.crt" of Secret web-tls, which has no such key');
    expect(finding?.evidence[1]?.value).toBe('web-tls');
  });

  it('is silent when the key is there by now, and when the whole object is missing', () => {
    const settings = object('ConfigMap', 'web-settings', { data: { 'log-level': '' } });
    expect(check(missingKey, [ofVariable(), settings])).toEqual([]);
    expect(check(missingKey, [pod('web-1', waiting('configmap "web-settings" not found'))])).toEqual([]);
  });

  it('is silent about the event of a pod that runs', () => {
    const web = pod('web-1');
    const said = eventOn(
      web,
      'FailedMount',
      'MountVolume.SetUp failed for volume "tls" : references non-existent secret key: tls.crt',
    );
    expect(check(missingKey, [web, said])).toEqual([]);
  });
});
