/** States that look like faults of images, configuration, quotas or objects and are none. */
import { expect, it } from 'vitest';
import type { KubeObject } from '../../../src/domain/index.ts';
import { defaultSettings, type Settings } from '../../../src/diagnosis/index.ts';
import { configRules } from '../../../src/diagnosis/rules/config/index.ts';
import { imageRules } from '../../../src/diagnosis/rules/image/index.ts';
import { objectRules } from '../../../src/diagnosis/rules/object/index.ts';
import { quotaRules } from '../../../src/diagnosis/rules/quota/index.ts';
import { eventOn, object, pod, viewOf, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...imageRules, ...configRules, ...quotaRules, ...objectRules];

/** Ids that are reported, and which of them are worse than information. */
function reported(objects: readonly KubeObject[], options: ViewOptions & { settings?: Partial<Settings> } = {}) {
  const view = viewOf(objects, options);
  const context = { view, settings: { ...defaultSettings, ...options.settings }, now: view.at };
  return rules.flatMap((rule) =>
    [...rule.check(context)].map((draft) => `${draft.severity ?? rule.severity} ${rule.id}`),
  );
}

const sized = (more: Record<string, unknown> = {}) => ({
  'spec.template.spec.containers': [
    {
      name: 'web',
      image: 'example.com/web:1',
      resources: { requests: { cpu: '200m', memory: '256Mi' }, limits: { memory: '256Mi' } },
      ...more,
    },
  ],
});

it('image/digest-and-port: an image reference with registry port and digest', () => {
  const image = `reg.example:5000/shop/web@sha256:${'0'.repeat(64)}`;
  expect(reported([object('Deployment', 'web', sized({ image }))])).toEqual([]);
});

it('image/unneeded-pull-secret: a missing pull secret while the image could be pulled', () => {
  const web = pod('web-1', { 'spec.imagePullSecrets': [{ name: 'old-registry' }] });
  const said = eventOn(
    web,
    'FailedToRetrieveImagePullSecret',
    'Unable to retrieve some image pull secrets (old-registry); attempting to pull the image may not succeed.',
    { lastTimestamp: 'now-1h', count: 40 },
  );
  expect(reported([web, said])).toEqual([]);
});

it('container/pulling-image: the first pull of a large image', () => {
  const web = pod('ml-1', {
    'status.phase': 'Pending',
    'metadata.creationTimestamp': 'now-100s',
    'status.containerStatuses[ml].state.waiting.reason': 'ContainerCreating',
  });
  const pulling = eventOn(web, 'Pulling', 'Pulling image "example.com/ml:1"', {
    type: 'Normal',
    lastTimestamp: 'now-90s',
  });
  expect(reported([web, pulling])).toEqual([]);
});

it('container/first-pull-retry: one failed pull followed by success', () => {
  const web = pod('web-1', { 'spec.containers[web].image': 'reg.example/web:1' });
  const failed = eventOn(web, 'Failed', 'Failed to pull image "reg.example/web:1": i/o timeout', {
    lastTimestamp: 'now-4m',
    count: 1,
  });
  expect(reported([web, failed, eventOn(web, 'Pulled', 'Successfully pulled image', { type: 'Normal' })])).toEqual([]);
});

it('container/no-cpu-limit: a container without CPU limit', () => {
  expect(reported([object('Deployment', 'web', sized())])).toEqual([]);
});

it('config/kube-root-ca: the ConfigMap kube-root-ca.crt', () => {
  expect(
    reported([object('ConfigMap', 'kube-root-ca.crt', { data: { 'ca.crt': '' } })], { settings: { unused: true } }),
  ).toEqual([]);
});

it('config/used-in-other-ways: projected volumes, init containers, sidecars and the API', () => {
  const web = pod('web-1', {
    'spec.volumes': [{ name: 'all', projected: { sources: [{ configMap: { name: 'a' } }] } }],
    'spec.initContainers': [{ name: 'prepare', envFrom: [{ configMapRef: { name: 'b' } }] }],
  });
  const objects = [
    web,
    object('ConfigMap', 'a'),
    object('ConfigMap', 'b'),
    object('ConfigMap', 'c', { 'metadata.labels[grafana_dashboard]': '1' }),
    object('Secret', 'sh.helm.release.v1.web.v1', { 'metadata.labels[owner]': 'helm' }),
    object('Secret', 'e', { 'metadata.annotations[kubernetes.io/service-account.name]': 'default' }),
  ];
  expect(reported(objects, { settings: { unused: true } })).toEqual([]);
});

it('config/optional-reference: an absent optional reference', () => {
  const envFrom = [{ configMapRef: { name: 'extra', optional: true } }];
  const objects = [
    pod('web-1', { 'spec.containers[web].envFrom': envFrom }),
    object('Deployment', 'web', sized({ envFrom })),
  ];
  expect(reported(objects)).toEqual(['info config/optional-ref-absent']);
});

it('config/secret-read-denied: Secrets cannot be listed', () => {
  const envFrom = [{ secretRef: { name: 'login' } }];
  const objects = [
    object('Deployment', 'web', sized({ envFrom })),
    pod('web-1', { 'spec.containers[web].envFrom': envFrom }),
  ];
  expect(reported(objects, { unread: ['Secret'] })).toEqual([]);
});

it('config/default-service-account: default ServiceAccounts without token Secrets', () => {
  expect(reported([object('ServiceAccount', 'default'), pod('web-1')])).toEqual([]);
});

it('config/volume-mounted-configmap-changed: a ConfigMap newer than the pod, mounted as a whole volume', () => {
  const objects = [
    object('ConfigMap', 'conf', { 'metadata.managedFields': [{ manager: 'kubectl', time: '2026-06-01T11:30:00Z' }] }),
    pod('web-1', {
      'spec.volumes': [{ name: 'conf', configMap: { name: 'conf' } }],
      'spec.containers[web].volumeMounts': [{ name: 'conf', mountPath: '/etc/web' }],
    }),
  ];
  expect(reported(objects)).toEqual([]);
});

it('quota/zero-by-design: a quota that forbids a kind', () => {
  const quota = object('ResourceQuota', 'limits', {
    'status.hard[services.loadbalancers]': '0',
    'status.used[services.loadbalancers]': '0',
  });
  expect(reported([quota])).toEqual([]);
});

it('object/namespace-deleting-now: a namespace deleted one minute ago', () => {
  const namespace = object('Namespace', 'tmp', {
    'status.phase': 'Terminating',
    'metadata.deletionTimestamp': 'now-1m',
    'status.conditions[NamespaceContentRemaining].status': 'True',
  });
  expect(reported([namespace])).toEqual([]);
});

it('storage/deleting-claim-in-use: a claim deleted while its pod still runs', () => {
  const claim = object('PersistentVolumeClaim', 'data', {
    'metadata.deletionTimestamp': 'now-2m',
    'metadata.finalizers': ['kubernetes.io/pvc-protection'],
  });
  const web = pod('web-1', { 'spec.volumes': [{ name: 'data', persistentVolumeClaim: { claimName: 'data' } }] });
  expect(reported([claim, web])).toEqual([]);
});

it('event/old: a warning event outside the window', () => {
  const x = pod('x');
  expect(reported([x, eventOn(x, 'Strange', 'went wrong', { count: 9, lastTimestamp: 'now-3h' })])).toEqual([]);
});

it('event/series-only: an event with eventTime and series but no lastTimestamp', () => {
  const x = pod('x');
  const old = eventOn(x, 'Strange', 'went wrong', {
    eventTime: 'now-3h',
    series: { count: 9, lastObservedTime: '2026-06-01T09:00:00Z' },
  });
  expect(reported([x, old])).toEqual([]);
});

it('cluster/healthy: a healthy cluster', () => {
  expect(
    reported([
      object('Node', 'node-1'),
      object('Namespace', 'shop'),
      object('Deployment', 'web', sized()),
      object('StatefulSet', 'db', sized()),
      object('Service', 'web'),
      object('PersistentVolumeClaim', 'data'),
      pod('web-1'),
    ]),
  ).toEqual([]);
});
