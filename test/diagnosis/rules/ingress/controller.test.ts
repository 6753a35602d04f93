import { describe, expect, it } from 'vitest';
import { controllerDown, controllerRejected, noAddress } from '../../../../src/diagnosis/rules/ingress/controller.ts';
import { duplicateRoute, tlsSecretMissing } from '../../../../src/diagnosis/rules/ingress/routes.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const nginx = object('IngressClass', 'nginx', { 'spec.controller': 'k8s.io/ingress-nginx' });
const ingress = (name: string, fields: Fields = {}) => object('Ingress', name, fields);
const bare = (name: string, fields: Fields = {}) => ingress(name, { 'status.loadBalancer': {}, ...fields });

function controller(fields: Fields = {}) {
  const deployment = object('Deployment', 'ingress', {
    'spec.template.spec.containers': [{ name: 'c', image: 'registry.k8s.io/ingress-nginx/controller:v1.11' }],
  });
  const replicaSet = owned(object('ReplicaSet', 'ingress-5f'), deployment);
  return [deployment, replicaSet, owned(pod('ingress-5f-1', fields), replicaSet)];
}
const crashing = {
  'status.conditions[Ready].status': 'False',
  'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
};

describe('ingress/controller-down', () => {
  it('counts the Ingresses of a class whose controller has no Ready pod', () => {
    const [finding] = check(controllerDown, [nginx, ingress('a'), ingress('b'), ...controller(crashing)]);
    expect(finding?.title).toBe('Ingress controller of class nginx has no Ready pod: 2 Ingresses affected');
    expect(finding?.causedBy).toContainEqual(expect.objectContaining({ kind: 'Deployment', name: 'ingress' }));
  });

  it('takes a controller for removed only when no Ingress of the class has an address', () => {
    expect(check(controllerDown, [nginx, bare('a')])).toHaveLength(1);
    expect(check(controllerDown, [nginx, bare('a'), ingress('b')])).toEqual([]);
  });

  it('is silent while the controller is Ready and for controllers that run elsewhere', () => {
    const managed = object('IngressClass', 'gce', { 'spec.controller': 'k8s.io/ingress-gce' });
    expect(check(controllerDown, [nginx, ingress('a'), ...controller()])).toEqual([]);
    expect(check(controllerDown, [managed, bare('a', { 'spec.ingressClassName': 'gce' })])).toEqual([]);
  });
});

describe('ingress/no-address', () => {
  it('reports an Ingress without address where others of its class have one', () => {
    const [finding, ...more] = check(noAddress, [
      nginx,
      bare('a', { 'metadata.creationTimestamp': 'now-20m' }),
      ingress('b'),
    ]);
    expect(finding?.title).toBe('Ingress a has had no address for 20m');
    expect(more).toEqual([]);
  });

  it('points to the Service of the controller that waits for its own address', () => {
    const lb = object('Service', 'ingress', { 'spec.type': 'LoadBalancer', 'status.loadBalancer': {} });
    const [finding] = check(noAddress, [nginx, bare('a'), lb, ...controller()]);
    expect(finding?.causedBy).toContainEqual(expect.objectContaining({ kind: 'Service', name: 'ingress' }));
  });

  it('is silent where the controller publishes no addresses, and in the first minutes', () => {
    expect(check(noAddress, [nginx, bare('a'), bare('b'), ...controller()])).toEqual([]);
    expect(check(noAddress, [nginx, bare('a', { 'metadata.creationTimestamp': 'now-2m' }), ingress('b')])).toEqual([]);
  });
});

describe('ingress/controller-rejected', () => {
  const web = ingress('web');
  const warned = eventOn(web, 'Rejected', 'annotation rewrite-target is invalid', {
    source: { component: 'nginx-ingress' },
    lastTimestamp: 'now-5m',
  });

  it('quotes the newest warning of the controller', () => {
    expect(check(controllerRejected, [web, warned])[0]?.title).toBe(
      'Ingress controller refuses web: annotation rewrite-target is invalid',
    );
  });

  it('is over when the same controller took it afterwards', () => {
    const taken = eventOn(web, 'AddedOrUpdated', 'Configuration was added', {
      type: 'Normal',
      source: { component: 'nginx-ingress' },
    });
    expect(check(controllerRejected, [web, warned, taken])).toEqual([]);
  });
});

describe('ingress/tls-secret-missing', () => {
  const tls = (fields: Fields = {}) =>
    ingress('web', { 'spec.tls': [{ hosts: ['a.example.com'], secretName: 'a-tls' }], ...fields });
  const issued = { 'metadata.annotations[cert-manager.io/cluster-issuer]': 'acme' };

  it('names the Secret, its hosts and who should write it', () => {
    const [finding] = check(tlsSecretMissing, [tls(issued)]);
    expect(finding?.title).toBe('Ingress web: TLS Secret a-tls for a.example.com does not exist');
    expect(finding?.cause).toContain('cert-manager.io/cluster-issuer asks cert-manager to write it');
  });

  it('is silent when it exists, when Secrets may not be listed, and while it is being issued', () => {
    expect(check(tlsSecretMissing, [tls(), object('Secret', 'a-tls')])).toEqual([]);
    expect(check(tlsSecretMissing, [tls()], { unread: ['Secret'] })).toEqual([]);
    expect(check(tlsSecretMissing, [tls({ ...issued, 'metadata.creationTimestamp': 'now-2m' })])).toEqual([]);
  });
});

describe('ingress/duplicate-route', () => {
  const claim = (name: string, service: string, fields: Fields = {}) =>
    ingress(name, {
      'spec.rules': [
        {
          host: 'a.example.com',
          http: {
            paths: [{ path: '/', pathType: 'Prefix', backend: { service: { name: service, port: { number: 80 } } } }],
          },
        },
      ],
      ...fields,
    });

  it('names all that claim a path, on the one that loses', () => {
    const [finding] = check(duplicateRoute, [
      claim('new', 'b'),
      claim('old', 'a', { 'metadata.creationTimestamp': 'now-9d' }),
    ]);
    expect(finding?.title).toBe('a.example.com/ is claimed by 2 Ingresses: shop/old and shop/new');
    expect(finding?.subject.name).toBe('new');
  });

  it('is information when both lead to the same Service', () => {
    expect(check(duplicateRoute, [claim('x', 'a'), claim('y', 'a')])[0]?.severity).toBe('info');
  });

  it('is silent for a canary, another class and another host', () => {
    const canary = { 'metadata.annotations[nginx.ingress.kubernetes.io/canary]': 'true' };
    expect(check(duplicateRoute, [claim('x', 'a'), claim('y', 'b', canary)])).toEqual([]);
    expect(check(duplicateRoute, [claim('x', 'a'), claim('y', 'b', { 'spec.ingressClassName': 'internal' })])).toEqual(
      [],
    );
  });
});
