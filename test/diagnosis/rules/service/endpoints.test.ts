import { describe, expect, it } from 'vitest';
import {
  endpointControllerError,
  noReadyEndpoints,
  singleEndpoint,
} from '../../../../src/diagnosis/rules/service/endpoints.ts';
import { check, eventOn, object, owned, pod, type Fields } from '../../../support/fixtures.ts';

const orders = (fields: Fields = {}) => object('Service', 'orders', fields);
const slice = (...conditions: Fields[]) =>
  object('EndpointSlice', 'orders', {
    endpoints: conditions.map((c, i) => ({
      addresses: [`10.1.0.${i}`],
      conditions: c,
      targetRef: { kind: 'Pod', name: `orders-${i}` },
    })),
  });
const unready = (name: string, fields: Fields = {}) =>
  pod(name, { 'metadata.labels.app': 'orders', 'status.conditions[Ready].status': 'False', ...fields });
const ready = (name: string) => pod(name, { 'metadata.labels.app': 'orders' });
const ingress = object('Ingress', 'web', {
  'spec.rules': [{ http: { paths: [{ path: '/', backend: { service: { name: 'orders', port: { number: 80 } } } }] } }],
});

describe('service/no-ready-endpoints', () => {
  it('counts the endpoints and points to the pods that the selector takes', () => {
    const [finding] = check(noReadyEndpoints, [orders(), slice({ ready: false }), unready('orders-0'), ingress]);
    expect(finding?.title).toBe('Service orders has 1 endpoint, none is ready');
    expect(finding?.severity).toBe('critical');
    expect(finding?.causedBy).toContainEqual(expect.objectContaining({ kind: 'Pod', name: 'orders-0' }));
    expect(finding?.affects).toEqual([expect.objectContaining({ kind: 'Ingress', name: 'web' })]);
    expect(finding?.evidence[1]?.command).toBe(
      `kubectl get endpointslice orders -n shop -o jsonpath='{.endpoints[0].conditions.ready}'`,
    );
  });

  it('is a warning where nothing is seen to use the Service', () => {
    expect(check(noReadyEndpoints, [orders(), slice({ ready: false }), unready('orders-0')])[0]?.severity).toBe(
      'warning',
    );
  });

  it('is critical where a workload has its address in the environment', () => {
    const client = object('Deployment', 'front', {
      'spec.template.spec.containers': [{ name: 'web', env: [{ name: 'API', value: 'http://orders.shop.svc:80/v1' }] }],
    });
    expect(check(noReadyEndpoints, [orders(), slice({ ready: false }), unready('orders-0'), client])[0]?.severity).toBe(
      'critical',
    );
  });

  it('sees pods that have no address yet and therefore no endpoint', () => {
    const stuck = unready('orders-0', {
      'status.phase': 'Pending',
      'status.containerStatuses[web].state.waiting.reason': 'ImagePullBackOff',
    });
    expect(check(noReadyEndpoints, [orders(), slice(), stuck])[0]?.title).toBe(
      'Service orders has no endpoint: its pod is not ready',
    );
  });

  it.each([
    ['one endpoint does not say: the API means ready', slice({ ready: false }, {}), {}],
    ['not-ready addresses are published', slice({ ready: false }), { 'spec.publishNotReadyAddresses': true }],
    ['the Service is headless and nothing uses it', slice({ ready: false }), { 'spec.clusterIP': 'None' }],
    ['there is no selector', slice({ ready: false }), { 'spec.selector': undefined }],
  ])('is silent when %s', (_, endpoints, fields) => {
    expect(check(noReadyEndpoints, [orders(fields), endpoints, unready('orders-0')])).toEqual([]);
  });

  it('waits for the probes of a pod that has just started', () => {
    const young = (age: string) =>
      unready('orders-0', {
        'status.containerStatuses[web].state.running.startedAt': age,
        'status.conditions[Ready].lastTransitionTime': age,
        'spec.containers[web].readinessProbe': { initialDelaySeconds: 20, periodSeconds: 10, failureThreshold: 3 },
      });
    expect(check(noReadyEndpoints, [orders(), slice({ ready: false }), young('now-70s')])).toEqual([]);
    expect(check(noReadyEndpoints, [orders(), slice({ ready: false }), young('now-90s')])).toHaveLength(1);
  });

  it('gives a workload the time that the settings know of', () => {
    const slow = unready('orders-0', {
      'status.containerStatuses[web].state.running.startedAt': 'now-5m',
      'status.conditions[Ready].lastTransitionTime': 'now-5m',
    });
    const settings = { startupGrace: [{ workload: 'orders-0', seconds: 600 }] };
    expect(check(noReadyEndpoints, [orders(), slice({ ready: false }), slow], { settings })).toEqual([]);
  });

  it('is silent when slices could not be read', () => {
    expect(check(noReadyEndpoints, [orders(), unready('orders-0')], { unread: ['EndpointSlice'] })).toEqual([]);
  });
});

describe('service/single-endpoint', () => {
  const deployment = (fields: Fields = {}) => object('Deployment', 'orders', fields);
  const world = (top = deployment()) => {
    const replicaSet = owned(object('ReplicaSet', 'orders-5f'), top);
    return [orders(), slice({ ready: true }), ingress, top, replicaSet, owned(ready('orders-0'), replicaSet)];
  };

  it('says that one pod serves an Ingress, and offers a second', () => {
    const [finding] = check(singleEndpoint, world());
    expect(finding?.fix).toMatchObject({ verb: 'scale', replicas: 2, target: { kind: 'Deployment', name: 'orders' } });
    expect(singleEndpoint.severity).toBe('info');
  });

  it('is silent for a Service that nothing exposes and for a pod with a claim of its own', () => {
    expect(
      check(
        singleEndpoint,
        world().filter((o) => o.kind !== 'Ingress'),
      ),
    ).toEqual([]);
    const claim = deployment({
      'spec.template.spec.volumes': [{ name: 'd', persistentVolumeClaim: { claimName: 'd' } }],
    });
    expect(check(singleEndpoint, world(claim))).toEqual([]);
  });
});

describe('service/endpoint-controller-error', () => {
  const service = orders();
  const failed = (count: number) =>
    eventOn(service, 'FailedToUpdateEndpointSlices', 'Error updating Endpoint Slices: quota exceeded', { count });

  it('reports repeated refusals with their text', () => {
    const [finding] = check(endpointControllerError, [service, failed(4), slice(), ready('orders-0')]);
    expect(finding?.cause).toContain('4 times: Error updating Endpoint Slices: quota exceeded');
  });

  it('is silent for a single conflict, and when every ready pod is listed by now', () => {
    expect(check(endpointControllerError, [service, failed(1), slice()])).toEqual([]);
    expect(check(endpointControllerError, [service, failed(9), slice({ ready: true }), ready('orders-0')])).toEqual([]);
  });
});
