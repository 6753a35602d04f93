/** States that look like faults of Services, Ingresses, webhooks or the control plane and are none. */
import { describe, expect, it } from 'vitest';
import { recognise } from '../../../src/diagnosis/engine.ts';
import { controlplaneRules } from '../../../src/diagnosis/rules/controlplane/index.ts';
import { ingressRules } from '../../../src/diagnosis/rules/ingress/index.ts';
import { serviceRules } from '../../../src/diagnosis/rules/service/index.ts';
import { tlsRules } from '../../../src/diagnosis/rules/tls/index.ts';
import { webhookRules } from '../../../src/diagnosis/rules/webhook/index.ts';
import type { KubeObject } from '../../../src/domain/index.ts';
import { eventOn, object, owned, pod, viewOf, type Fields, type ViewOptions } from '../../support/fixtures.ts';

const rules = [...serviceRules, ...ingressRules, ...webhookRules, ...tlsRules, ...controlplaneRules];

/** A cluster that serves resource metrics: whether it does is no part of a case. */
const metrics = object('APIService', 'v1beta1.metrics.k8s.io', {
  'spec.service': { name: 'metrics-server', namespace: 'kube-system' },
  'status.conditions[Available].status': 'True',
});

function reported(objects: readonly KubeObject[], options: ViewOptions = {}): readonly string[] {
  const { findings, unseen } = recognise(viewOf([metrics, ...objects], options), { rules });
  // A rule that fails is not a rule that is silent.
  expect(unseen).toEqual([]);
  return findings.map((f) => `${f.severity} ${f.rule}`);
}

const service = (name: string, fields: Fields = {}) => object('Service', name, fields);
const slice = (of: string, fields: Fields = {}) => object('EndpointSlice', of, fields);
const endpoint = (fields: Fields = {}) => ({ addresses: ['10.1.0.9'], conditions: { ready: true }, ...fields });
const route = (to: string, fields: Fields = {}) =>
  object('Ingress', 'web', {
    'spec.rules': [
      {
        host: 'shop.example.com',
        http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: to, port: { number: 80 } } } }] },
      },
    ],
    ...fields,
  });
const nginx = object('IngressClass', 'nginx', { 'spec.controller': 'k8s.io/ingress-nginx' });

describe('Services that are well', () => {
  it('service/no-selector: Services without selector', () => {
    const external = service('external-db', { 'spec.selector': undefined, 'spec.clusterIP': 'None' });
    const byHand = slice('external-db', { endpoints: [{ addresses: ['192.0.2.10'] }] });
    expect(reported([external, byHand])).toEqual([]);
  });

  it('service/external-name: ExternalName Service', () => {
    expect(
      reported([
        service('mail', {
          'spec.type': 'ExternalName',
          'spec.externalName': 'smtp.example.com',
          'spec.selector': undefined,
        }),
      ]),
    ).toEqual([]);
  });

  it('service/kubernetes-default: Service kubernetes in namespace default', () => {
    expect(reported([service('kubernetes', { 'metadata.namespace': 'default', 'spec.selector': undefined })])).toEqual(
      [],
    );
  });

  it('service/headless-not-ready-published: headless Service that publishes not-ready addresses', () => {
    const peers = service('db-peers', { 'spec.clusterIP': 'None', 'spec.publishNotReadyAddresses': true });
    const db = pod('db-0', { 'metadata.labels.app': 'db-peers', 'status.conditions[Ready].status': 'False' });
    const listed = slice('db-peers', { endpoints: [endpoint({ conditions: { ready: true, serving: false } })] });
    expect(reported([peers, listed, db])).toEqual([]);
  });

  // Endpoints objects are not read at all: a slice that mirrors one must not count as a Service either.
  it('service/leader-election-endpoints: Service-less Endpoints used as a lock', () => {
    expect(reported([slice('old-lock', { endpoints: [] })])).toEqual([]);
  });

  it('service/ready-nil: endpoint without a ready value', () => {
    const listed = slice('web', { endpoints: [endpoint({ conditions: { terminating: false } })] });
    const web = pod('web-1', { 'metadata.labels.app': 'web', 'status.conditions[Ready].status': 'False' });
    expect(reported([service('web'), listed, web, route('web'), nginx])).toEqual([]);
  });

  it('service/same-name-event: warning event of a Pod that has the name of a Service', () => {
    const web = service('web', { 'spec.type': 'LoadBalancer', 'status.loadBalancer.ingress': [{ ip: '192.0.2.1' }] });
    const gone = pod('web', { 'metadata.labels.app': 'web' });
    const present = pod('web', { 'metadata.labels.app': 'web' });
    const event = eventOn(gone, 'SyncLoadBalancerFailed', 'Error syncing', { count: 9 });
    expect(reported([web, present, slice('web', { endpoints: [endpoint()] }), event])).toEqual([]);
  });

  it('service/blue-green-idle: Service of the idle colour', () => {
    const colour = (name: string, replicas: number) =>
      object('Deployment', `web-${name}`, {
        'spec.replicas': replicas,
        'spec.template.metadata.labels': { app: 'web', color: name },
      });
    const select = (name: string) => service(`web-${name}`, { 'spec.selector': { app: 'web', color: name } });
    const blue = pod('web-blue-1', { 'metadata.labels': { app: 'web', color: 'blue' } });
    expect(
      reported([
        ...[select('green'), colour('green', 0), slice('web-green', { endpoints: [] })],
        ...[select('blue'), colour('blue', 1), slice('web-blue', { endpoints: [endpoint()] }), blue],
        ...[route('web-blue'), nginx],
      ]),
    ).toEqual([]);
  });

  it('workload/scaled-to-zero-on-purpose: Service of a Deployment that a person set to 0', () => {
    const legacy = object('Deployment', 'legacy', { 'spec.replicas': 0, 'status.replicas': 0 });
    expect(reported([legacy, service('legacy'), slice('legacy', { endpoints: [] })])).toEqual([]);
  });

  it('workload/scaled-to-zero-knative: Service of a Knative revision at 0, with an Ingress', () => {
    const revision = object('Deployment', 'fn-00001-deployment', {
      'spec.replicas': 0,
      'spec.template.metadata.labels.app': 'fn-00001',
      'metadata.labels[serving.knative.dev/service]': 'fn',
    });
    const behind = service('fn-00001-private', { 'spec.selector': { app: 'fn-00001' } });
    const empty = slice('fn-00001-private', { endpoints: null, ports: null });
    expect(reported([revision, behind, empty, route('fn-00001-private'), nginx])).toEqual([]);
  });

  it('pod/young-starting: Service of a new pod inside its start budget', () => {
    const young = pod('web-1', {
      'metadata.creationTimestamp': 'now-40s',
      'metadata.labels.app': 'web',
      'status.conditions[Ready].status': 'False',
      'status.containerStatuses[web].ready': false,
      'status.containerStatuses[web].state.running.startedAt': 'now-38s',
      'spec.containers[web].readinessProbe': { initialDelaySeconds: 20, periodSeconds: 10, failureThreshold: 3 },
    });
    const listed = slice('web', { endpoints: [endpoint({ conditions: { ready: false } })] });
    expect(reported([service('web'), listed, young, route('web'), nginx])).toEqual([]);
  });

  it('probe/undeclared-port-that-answers: Service on a port that is not declared but passes its probe', () => {
    const web = pod('web-1', {
      'metadata.labels.app': 'web',
      'spec.containers[web].ports': [{ containerPort: 8080 }],
      'spec.containers[web].readinessProbe': { httpGet: { port: 9090 } },
    });
    const sends = service('web', { 'spec.ports': [{ port: 80, targetPort: 9090 }] });
    expect(reported([sends, slice('web', { endpoints: [endpoint()] }), web])).toEqual([]);
  });

  it('workload/single-replica-by-design: single-replica database behind a Service', () => {
    const postgres = object('StatefulSet', 'postgres');
    const one = owned(pod('postgres-0', { 'metadata.labels.app': 'postgres' }), postgres);
    expect(
      reported([
        postgres,
        one,
        service('postgres'),
        slice('postgres', { endpoints: [endpoint()] }),
        route('postgres'),
        nginx,
      ]),
    ).toEqual([]);
  });
});

describe('Ingresses that are well', () => {
  const web = [
    ...[service('web'), slice('web', { endpoints: [endpoint(), endpoint({ addresses: ['10.1.0.8'] })] })],
    ...[pod('web-1', { 'metadata.labels.app': 'web' }), nginx],
  ];

  it('ingress/tls-without-secret: TLS entry without secretName', () => {
    expect(reported([route('web', { 'spec.tls': [{ hosts: ['shop.example.com'] }] }), ...web])).toEqual([]);
  });

  it('ingress/provider-class: class handled by a provider without IngressClass object', () => {
    const gce = route('web', {
      'metadata.annotations[kubernetes.io/ingress.class]': 'gce',
      'spec.ingressClassName': undefined,
      'status.loadBalancer.ingress': [{ ip: '192.0.2.21' }],
    });
    expect(reported([gce, ...web])).toEqual([]);
  });

  it('ingress/class-forbidden: IngressClasses cannot be read', () => {
    const alb = route('web', { 'spec.ingressClassName': 'alb', 'status.loadBalancer': {} });
    const readable = web.filter((o) => o.kind !== 'IngressClass');
    expect(reported([alb, ...readable], { unread: ['IngressClass'] })).toEqual([]);
  });

  it('ingress/nodeport-no-status: controller that publishes no address', () => {
    const controller = object('Deployment', 'ingress-nginx-controller', {
      'spec.template.spec.containers': [{ name: 'c', image: 'registry.k8s.io/ingress-nginx/controller:v1.11' }],
    });
    const replicaSet = owned(object('ReplicaSet', 'ingress-nginx-controller-5f'), controller);
    const ready = owned(pod('ingress-nginx-controller-5f-1'), replicaSet);
    const other = object('Ingress', 'b', { 'status.loadBalancer': {}, 'spec.rules': [] });
    expect(
      reported([route('web', { 'status.loadBalancer': {} }), other, controller, replicaSet, ready, ...web]),
    ).toEqual([]);
  });

  it('ingress/resource-backend: backend of another kind', () => {
    const bucket = { apiGroup: 'example.com', kind: 'StorageBucket', name: 'files' };
    const files = object('Ingress', 'files', {
      'spec.rules': [{ http: { paths: [{ path: '/', pathType: 'Prefix', backend: { resource: bucket } }] } }],
    });
    expect(reported([files, nginx])).toEqual([]);
  });

  it('config/secret-read-denied: TLS Secret of an Ingress while Secrets cannot be listed', () => {
    const tls = route('web', { 'spec.tls': [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }] });
    expect(reported([tls, ...web], { unread: ['Secret'] })).toEqual([]);
  });

  it('certmanager/first-issue: TLS Secret of an Ingress that was created a minute ago', () => {
    const issuing = route('web', {
      'metadata.creationTimestamp': 'now-70s',
      'metadata.annotations[cert-manager.io/issuer]': 'acme',
      'spec.tls': [{ hosts: ['shop.example.com'], secretName: 'shop-tls' }],
    });
    expect(reported([issuing, ...web])).toEqual([]);
  });
});

describe('webhooks and control planes that are well', () => {
  const hook = (rule: Fields) =>
    object('ValidatingWebhookConfiguration', 'op', {
      webhooks: [
        {
          name: 'op.example.com',
          failurePolicy: 'Fail',
          clientConfig: { service: { name: 'op', namespace: 'shop' } },
          rules: [rule],
        },
      ],
    });
  const op = service('op', { 'spec.ports': [{ port: 443, targetPort: 8443 }] });
  const serving = slice('op', { endpoints: [endpoint()] });

  it('webhook/own-resources: fail-closed webhook for its own custom resources', () => {
    const own = hook({ apiGroups: ['op.example.com'], apiVersions: ['*'], operations: ['*'], resources: ['*'] });
    expect(reported([own, op, serving])).toEqual([]);
  });

  it('webhook/completed-pod-with-label: webhook Service with an additional Completed pod', () => {
    const own = hook({ apiGroups: ['op.example.com'], operations: ['CREATE'], resources: ['widgets'] });
    const one = pod('op-1', { 'metadata.labels.app': 'op' });
    const done = pod('op-init-x', {
      'metadata.labels.app': 'op',
      'status.phase': 'Succeeded',
      'status.conditions[Ready].status': 'False',
    });
    expect(reported([own, op, serving, one, done])).toEqual([]);
  });

  it('controlplane/local-apiservice: local APIServices', () => {
    const local = object('APIService', 'v1.apps', {
      'status.conditions[Available].status': 'True',
      'status.conditions[Available].reason': 'Local',
    });
    expect(reported([local])).toEqual([]);
  });

  it('controlplane/managed-hidden: managed control plane', () => {
    expect(reported([object('Lease', 'node-1', { 'metadata.namespace': 'kube-node-lease' })])).toEqual([]);
  });
});
