import { describe, expect, it } from 'vitest';
import { mutableTag, slowPull } from '../../../../src/diagnosis/rules/image/advice.ts';
import { pullSecretMissing, pullSecretWrong } from '../../../../src/diagnosis/rules/image/pull-secrets.ts';
import { invalidName, neverPull } from '../../../../src/diagnosis/rules/image/states.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const waiting = (reason: string, message: string, fields: Fields = {}) =>
  pod('web-1', {
    'status.phase': 'Pending',
    'status.containerStatuses[web].state.waiting.reason': reason,
    'status.containerStatuses[web].state.waiting.message': message,
    ...fields,
  });

describe('image/invalid-name', () => {
  it('says what the runtime cannot parse', () => {
    const image = 'docker.io/library/Nginx:latest';
    const [finding] = check(invalidName, [
      waiting(
        'InvalidImageName',
        `Failed to apply default image tag "${image}": couldn't parse image name "${image}": invalid reference format: repository name (library/Nginx) must be lowercase`,
        { 'spec.containers[web].image': image },
      ),
    ]);
    expect(finding?.title).toBe(`Image reference "${image}" of web-1 is not valid`);
    expect(finding?.cause).toContain('lower case');
  });

  it('is silent for a valid name that does not exist', () => {
    expect(check(invalidName, [waiting('ErrImagePull', 'docker.io/library/nginx:0: not found')])).toEqual([]);
  });
});

describe('image/never-pull', () => {
  const never = (image: string) =>
    waiting('ErrImageNeverPull', `Container image "${image}" is not present with pull policy of Never`, {
      'spec.containers[web].image': image,
      'spec.containers[web].imagePullPolicy': 'Never',
    });

  it('tells how to bring a local image to the cluster', () => {
    const [finding] = check(neverPull, [never('web:dev')]);
    expect(finding?.title).toBe('Image web:dev of web-1 is not on its node, imagePullPolicy is Never');
    expect(finding?.remediation[0].text).toContain('eval $(minikube docker-env)');
    expect(finding?.fix).toBeUndefined();
  });

  it('offers another policy only where a registry is named', () => {
    const deployment = object('Deployment', 'web');
    const replicaSet = owned(object('ReplicaSet', 'web-5f'), deployment);
    const objects = [deployment, replicaSet, owned(never('reg.example/web:1'), replicaSet)];
    expect(check(neverPull, objects)[0]?.fix).toMatchObject({
      verb: 'set-image',
      path: '.spec.template.spec.containers[?(@.name=="web")].imagePullPolicy',
      value: 'IfNotPresent',
    });
  });

  it('is silent where a pull is tried', () => {
    expect(check(neverPull, [waiting('ImagePullBackOff', 'not found')])).toEqual([]);
  });
});

const refused = (fields: Fields = {}) =>
  waiting('ImagePullBackOff', 'failed with status code [manifests 1]: 401 Unauthorized', {
    'spec.imagePullSecrets': [{ name: 'registry-login' }],
    ...fields,
  });
const notRetrieved =
  'Unable to retrieve some image pull secrets (registry-login); attempting to pull the image may not succeed.';

describe('image/pull-secret-missing', () => {
  it('names the Secret that the kubelet did not find', () => {
    const web = refused();
    const [finding] = check(pullSecretMissing, [web, eventOn(web, 'FailedToRetrieveImagePullSecret', notRetrieved)], {
      unread: ['Secret'],
    });
    expect(finding).toMatchObject({
      causeKey: 'registry-login',
      title: 'Pull secret registry-login of web-1 does not exist in shop',
    });
    expect(finding?.evidence.map((e) => e.value)).toEqual([notRetrieved, 'registry-login']);
  });

  it('names the nearest Secret where names are readable', () => {
    const web = refused();
    const objects = [
      web,
      eventOn(web, 'FailedToRetrieveImagePullSecret', notRetrieved),
      object('Secret', 'registry-logn'),
    ];
    expect(check(pullSecretMissing, objects)[0]?.cause).toContain('registry-logn');
  });

  it('is silent when the Secret exists by now, and when the image came without it', () => {
    const web = refused();
    const event = eventOn(web, 'FailedToRetrieveImagePullSecret', notRetrieved);
    expect(check(pullSecretMissing, [web, event, object('Secret', 'registry-login')])).toEqual([]);
    const runs = pod('web-2', { 'spec.imagePullSecrets': [{ name: 'registry-login' }] });
    expect(check(pullSecretMissing, [runs, eventOn(runs, 'FailedToRetrieveImagePullSecret', notRetrieved)])).toEqual(
      [],
    );
  });

  it('is silent without an event, whoever may not list Secrets', () => {
    expect(check(pullSecretMissing, [refused()], { unread: ['Secret'] })).toEqual([]);
  });
});

describe('image/pull-secret-wrong', () => {
  it('suspects a Secret that the kubelet found and the registry refused', () => {
    const [finding] = check(pullSecretWrong, [refused()]);
    expect(finding?.title).toContain('Pull secret registry-login does not open');
    expect(finding?.cause).toContain('most likely');
  });

  it('is silent when the Secret is missing, when none is named and when nothing was refused', () => {
    const web = refused();
    expect(check(pullSecretWrong, [web, eventOn(web, 'FailedToRetrieveImagePullSecret', notRetrieved)])).toEqual([]);
    expect(check(pullSecretWrong, [refused({ 'spec.imagePullSecrets': undefined })])).toEqual([]);
    expect(
      check(pullSecretWrong, [waiting('ErrImagePull', 'not found', { 'spec.imagePullSecrets': [{ name: 'a' }] })]),
    ).toEqual([]);
  });
});

describe('image/mutable-tag', () => {
  it('is information about each container without a version', () => {
    const cron = object('CronJob', 'report', {
      'spec.jobTemplate.spec.template.spec.containers': [{ name: 'main', image: 'localhost:5000/report' }],
    });
    const [finding] = check(mutableTag, [cron]);
    expect(finding?.title).toBe('report runs image localhost:5000/report without a fixed version');
    expect(finding?.evidence[0].command).toContain('.spec.jobTemplate.spec.template.spec.containers');
  });

  it('is silent for a tag and for a digest behind a port', () => {
    expect(
      check(mutableTag, [
        object('Deployment', 'web', {
          'spec.template.spec.containers': [
            { name: 'a', image: 'reg.example:5000/a:1' },
            { name: 'b', image: `reg.example:5000/b@sha256:${'0'.repeat(64)}` },
          ],
        }),
      ]),
    ).toEqual([]);
  });
});

describe('image/slow-pull', () => {
  const creating = pod('ml-1', {
    'status.phase': 'Pending',
    'spec.containers[ml].image': 'reg.example/ml:1',
    'status.containerStatuses[ml].state.waiting.reason': 'ContainerCreating',
  });
  const pulling = (ago: string) =>
    eventOn(creating, 'Pulling', 'Pulling image "reg.example/ml:1"', { lastTimestamp: `now-${ago}`, type: 'Normal' });

  it('tells for how long, and the size that another node reported', () => {
    const other = pod('ml-0');
    const pulled = eventOn(
      other,
      'Pulled',
      'Successfully pulled image "reg.example/ml:1" in 4m (4m including waiting). Image size: 5368709120 bytes.',
    );
    const [finding] = check(slowPull, [creating, pulling('5m'), other, pulled]);
    expect(finding?.title).toBe('ml-1 has been pulling image reg.example/ml:1 for 5m');
    expect(finding?.cause).toContain('5Gi');
  });

  it('is silent for two minutes, and when the pull ended', () => {
    expect(check(slowPull, [creating, pulling('90s')])).toEqual([]);
    const failed = eventOn(creating, 'Failed', 'Failed to pull image "reg.example/ml:1": EOF');
    expect(check(slowPull, [creating, pulling('5m'), failed])).toEqual([]);
  });
});
