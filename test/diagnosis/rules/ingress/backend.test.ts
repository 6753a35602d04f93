import { describe, expect, it } from 'vitest';
import {
  backendPortMissing,
  backendServiceMissing,
  backendUnavailable,
} from '../../../../src/diagnosis/rules/ingress/backend.ts';
import { check, object, pod, type Fields } from '../../../support/fixtures.ts';

const path = (name: string, port: Fields = { number: 80 }, at = '/') => ({
  path: at,
  pathType: 'Prefix',
  backend: { service: { name, port } },
});
const ingress = (...paths: Fields[]) =>
  object('Ingress', 'shop', { 'spec.rules': [{ host: 'shop.example.com', http: { paths } }] });

describe('ingress/backend-service-missing', () => {
  it('names the path, the missing Service and the nearest one that serves the port', () => {
    const [finding] = check(backendServiceMissing, [ingress(path('cart-api')), object('Service', 'carts-api')]);
    expect(finding?.title).toBe('Ingress shop: shop.example.com/ points to Service cart-api, which does not exist');
    expect(finding?.fix).toMatchObject({
      verb: 'set-ingress',
      path: '.spec.rules[0].http.paths[0].backend.service.name',
      value: 'carts-api',
    });
    expect(finding?.evidence.map((e) => e.value)).toContain('not found');
  });

  it('offers no name that does not serve the port', () => {
    const other = object('Service', 'carts-api', { 'spec.ports': [{ port: 9090 }] });
    const [finding] = check(backendServiceMissing, [ingress(path('cart-api')), other]);
    expect(finding?.cause).toContain('The nearest name is carts-api');
    expect(finding?.fix).toBeUndefined();
  });

  it('says that one of that name in another namespace does not help', () => {
    const other = object('Service', 'cart-api', { 'metadata.namespace': 'old-shop' });
    expect(check(backendServiceMissing, [ingress(path('cart-api')), other])[0]?.cause).toContain('is in old-shop');
  });

  it('reports a Service once for all paths that lead to it', () => {
    const [finding, ...more] = check(backendServiceMissing, [
      ingress(path('cart-api'), path('cart-api', { number: 80 }, '/cart')),
    ]);
    expect(more).toEqual([]);
    expect(finding?.cause).toContain('shop.example.com/ and shop.example.com/cart');
  });

  it('is silent when the Service exists, when Services could not be read, and for actions of annotations', () => {
    expect(check(backendServiceMissing, [ingress(path('cart-api')), object('Service', 'cart-api')])).toEqual([]);
    expect(check(backendServiceMissing, [ingress(path('cart-api'))], { unread: ['Service'] })).toEqual([]);
    expect(check(backendServiceMissing, [ingress(path('redirect', { name: 'use-annotation' }))])).toEqual([]);
  });
});

describe('ingress/backend-port-missing', () => {
  it('tells when the number is a target port, and offers the port of the Service', () => {
    const [finding] = check(backendPortMissing, [ingress(path('web', { number: 8080 })), object('Service', 'web')]);
    expect(finding?.title).toBe('Ingress shop: Service web has no port 8080');
    expect(finding?.cause).toContain('8080 is a target port');
    expect(finding?.fix).toMatchObject({ path: '.spec.rules[0].http.paths[0].backend.service.port.number', value: 80 });
  });

  it('is silent for a port by number or by name that exists, and for a DNS alias', () => {
    const named = object('Service', 'web', { 'spec.ports': [{ name: 'http', port: 80 }] });
    const alias = object('Service', 'web', { 'spec.type': 'ExternalName', 'spec.ports': undefined });
    expect(check(backendPortMissing, [ingress(path('web')), named])).toEqual([]);
    expect(check(backendPortMissing, [ingress(path('web', { name: 'http' })), named])).toEqual([]);
    expect(check(backendPortMissing, [ingress(path('web')), alias])).toEqual([]);
  });
});

describe('ingress/backend-unavailable', () => {
  const service = object('Service', 'web');
  const slice = (ready: boolean, ports: unknown = [{ port: 8080 }]) =>
    object('EndpointSlice', 'web', { endpoints: [{ addresses: ['10.1.0.9'], conditions: { ready } }], ports });
  const broken = pod('web-1', {
    'metadata.labels.app': 'web',
    'status.conditions[Ready].status': 'False',
    'status.containerStatuses[web].state.waiting.reason': 'CrashLoopBackOff',
  });

  it('is a consequence of the Service and its pods', () => {
    const [finding] = check(backendUnavailable, [ingress(path('web')), service, slice(false), broken]);
    expect(finding?.title).toBe('Ingress shop: shop.example.com/ answers 503, Service web has no ready pod');
    expect(finding?.causedBy).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ kind: 'Service', name: 'web' }),
        expect.objectContaining({ kind: 'Pod', name: 'web-1' }),
      ]),
    );
  });

  it('sees a ready pod without the port: its target could not be resolved', () => {
    const [finding] = check(backendUnavailable, [ingress(path('web')), service, slice(true, null)]);
    expect(finding?.title).toContain('no pod that serves that port');
  });

  it('is silent while a pod serves, while pods start and when slices could not be read', () => {
    const starting = pod('web-1', {
      'metadata.labels.app': 'web',
      'status.conditions[Ready].status': 'False',
      'status.containerStatuses[web].state.running.startedAt': 'now-10s',
    });
    expect(check(backendUnavailable, [ingress(path('web')), service, slice(true)])).toEqual([]);
    expect(check(backendUnavailable, [ingress(path('web')), service, slice(false), starting])).toEqual([]);
    expect(check(backendUnavailable, [ingress(path('web')), service, broken], { unread: ['EndpointSlice'] })).toEqual(
      [],
    );
  });

  it('points to the workload that was scaled to zero, but not to one that its platform wakes', () => {
    const idle = (labels: Fields = {}) =>
      object('Deployment', 'web', { 'spec.replicas': 0, 'metadata.labels': labels });
    const empty = object('EndpointSlice', 'web', { endpoints: null, ports: null });
    const [finding] = check(backendUnavailable, [ingress(path('web')), service, empty, idle()]);
    expect(finding?.causedBy).toContainEqual(expect.objectContaining({ kind: 'Deployment', name: 'web' }));
    const knative = idle({ 'serving.knative.dev/service': 'web' });
    expect(check(backendUnavailable, [ingress(path('web')), service, empty, knative])).toEqual([]);
  });
});
